"""What the service answers to a board that ended and to the one that follows it, on the days around that."""

import re
from datetime import UTC, date, datetime

import pytest
from flask import Request

from hi_fhir.core.sealing import load_seal
from hi_fhir.core.successions import Succession
from hi_fhir.fhir.guard import Guard
from hi_fhir.measures import registry
from hi_fhir.pages.reading import Shelf
from hi_fhir.pages.site import make_site
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.store.successions import record_successions
from hi_fhir.terminology.catalogue import load
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is, reaching
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import BASE, CLOCK, release
from tests.support.subscribing import TOPIC, HandClock

MERGED = date(2026, 4, 1)
DAY_BEFORE = datetime(2026, 3, 31, 22, 59, 59, tzinfo=UTC)
DAY = datetime(2026, 3, 31, 23, 0, tzinfo=UTC)
DAY_AFTER = datetime(2026, 4, 2, 9, 0, tzinfo=UTC)
PLACES = [("A99001", "U99001", "QA1"), ("A99002", "U99002", "QB1")]
ASKS_NOBODY = {"fhir.metadata", "health.healthz", "health.readyz", "pages.static"}
_ARGUMENT = re.compile(r"<(?:.*?:)?(\w+)>")
_GIVEN = {"type_": "MeasureReport", "form": "csv", "version": "1", "part": "0"}
LEFT = {
    ("fhir.subscription_search", "GET"),
    ("fhir.subscription_read", "GET"),
    ("fhir.subscription_vread", "GET"),
    ("fhir.subscription_delete", "DELETE"),
    ("fhir.subscription_status", "GET"),
    ("fhir.subscription_status", "POST"),
    ("fhir.subscription_events", "GET"),
    ("fhir.subscription_events", "POST"),
    ("fhir.subscription_statuses", "GET"),
    ("fhir.subscription_statuses", "POST"),
}


@pytest.fixture
def kept(store: Store) -> Store:
    release(store, reporters=("A99001", "A99002", "U99001", "QA1", "QB1"), memberships=PLACES)
    with store.write() as session:
        record_successions(session, [Succession("QA1", "QX1", MERGED), Succession("QB1", "QX1", MERGED)], CLOCK.at)
    return store


def service(kept: Store, board: str, at: datetime):
    return create_app(kept, HandClock(at), reaching(everyone_is(Reader("icb", {board})), kept, HandClock(at)))


@pytest.mark.parametrize(
    ("board", "before", "after"), [("QA1", 6, None), ("QB1", 4, None), ("QX1", 0, 10)], ids=["one", "other", "both"]
)
def test_reports_go_from_the_two_to_the_one_on_the_day(kept: Store, board: str, before: int, after: int | None) -> None:
    for at, wanted in ((DAY_BEFORE, before), (DAY, after), (DAY_AFTER, after)):
        answer = service(kept, board, at).test_client().get("/fhir/MeasureReport?_summary=count")
        if wanted is None:
            assert answer.status_code == 403
            told = answer.json["issue"][0]["diagnostics"]
            assert told == f"{board} ended on 2026-04-01 (QX1 follows it): nothing is read in its name any more."
        else:
            assert (answer.status_code, answer.json["total"]) == (200, wanted)


def test_each_way_to_a_report_agrees_about_the_successor(kept: Store) -> None:
    before, after = (service(kept, "QX1", at).test_client() for at in (DAY_BEFORE, DAY))
    found = after.get("/fhir/MeasureReport?_include=MeasureReport:reporter&_include=MeasureReport:measure").json
    paths = [one["fullUrl"].partition("/fhir/")[2] for one in found["entry"]]
    assert {path.partition("/")[0] for path in paths} == {"MeasureReport", "Organization", "Measure"}
    for path in paths:
        for way in ("", "/_history", "/_history/1"):
            assert before.get(f"/fhir/{path}{way}").status_code == 404
            assert after.get(f"/fhir/{path}{way}").status_code == 200


def test_every_route_tells_a_board_that_ended_that_it_did(kept: Store, tmp_path) -> None:
    """But for what is of nobody in particular, and what becomes of its subscriptions."""
    clock = HandClock(DAY)
    seen: list[Request] = []

    def asked(request: Request) -> Reader:
        seen.append(request)
        return Reader("icb", {"QA1"})

    reader_of = reaching(asked, kept, clock)
    seal = load_seal(tmp_path / "key")
    views = SubscriptionViews(kept, clock, reader_of, seal, Guard(), f"{BASE}/fhir", TOPIC)
    measures, terminology = registry.load(), load()
    requirements, own = MeasureRequirements(BASE, measures, terminology), served_artifacts(BASE, measures, terminology)
    pages = make_site(Shelf(kept), reader_of)
    offered = {"definitions": own, "subscriptions": views, "pages": pages, "requirements": requirements}
    app = create_app(kept, clock, reader_of, **offered)
    told, silent = set(), set()
    for rule in app.url_map.iter_rules():
        path = _ARGUMENT.sub(lambda found: _GIVEN.get(found[1], "x"), rule.rule)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            is_form = method == "GET" or path.endswith("/_search")
            body = {"data": {}} if is_form else {"json": {"resourceType": "Subscription", "id": "x"}}
            answer = app.test_client().open(path, method=method, headers={"Prefer": "respond-async"}, **body)
            is_told = answer.status_code == 403 and b"QA1 ended on 2026-04-01 (QX1 follows it)" in answer.data
            (told if is_told else silent).add((rule.endpoint, method))
    assert {one for one in silent if one[0] not in ASKS_NOBODY} == LEFT
    assert len(told) > 20
    assert len(seen) >= len(told)

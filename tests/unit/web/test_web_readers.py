"""What another board has is, on every route, as if it were not there.

Two services are asked the same by one board: one has what another board has as well, the other has not. Whatever there
is to be seen (status, body, headers) has to be the same. The rows are of the application's own routes.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Request
from flask.testing import FlaskClient
from sqlalchemy import event

from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.measures import registry
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store, open_store
from hi_fhir.terminology.catalogue import load
from hi_fhir.web.app import create_app
from hi_fhir.web.evaluate_api import spelt_request
from hi_fhir.web.headers import OF_EVERY_ANSWER
from hi_fhir.web.readers import reaching
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import BASE, CLOCK, ODS, SYSTEM, release
from tests.support.subscribing import TOPIC, subscription

MINE, THEIRS = "QX1", "QX2"
PLACES = [("A99001", "U99001", MINE), ("A99002", "U99002", THEIRS)]
ORGANISATION = "X-Organisation"
HOOK = "https://icb.example/hook"


@dataclass(frozen=True)
class Ask:
    """{report}, {identifier}, {subscription}, {export}, {ended}: of the other board.

    secret: whether that board is told something else.

    is_sent: whether that board's Subscription goes along.
    """

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    secret: bool = True
    is_sent: bool = False


SMOKING = f"{BASE}/Measure/smoking-status-recorded"
_DAYS = {"periodStart": "2024-04-01", "periodEnd": "2025-03-31"}
_YEAR = "&".join(f"{name}={day}" for name, day in _DAYS.items())
_ASKED_BEFORE = [
    spelt_request("smoking-status-recorded", {**_DAYS, **more}) for more in ({"subject": "Organization/ods-qx2"}, {})
]
_BY_CHANCE = re.compile(
    rb'urn:uuid:[0-9a-f-]{36}|(?<="Parameters","id":")[0-9a-f-]{36}|(?<="Bundle","id":")[0-9a-f-]{36}'
)
_ETAG = {"If-None-Match": 'W/"1"'}
_SINCE = {"If-Modified-Since": "Fri, 31 Dec 2027 23:59:59 GMT"}
_SORTS = ("_id", "-_id", "-_lastUpdated", "date", "reporter", "-measure")
_SEARCHES = (
    "MeasureReport",
    "MeasureReport?_summary=count",
    "MeasureReport?_total=accurate&_count=1",
    "MeasureReport?_count=0",
    "MeasureReport?_id={report}",
    f"MeasureReport?identifier={SYSTEM}|{{identifier}}",
    f"MeasureReport?reporter:identifier={ODS}|{THEIRS}&_summary=count",
    "MeasureReport?reporter=Organization/ods-u99002",
    f"MeasureReport?measure={BASE}/Measure/smoking-status-recorded",
    *(
        f"MeasureReport?_sort={sort}&_count=1"
        for sort in ("_id", "-_id", "-_lastUpdated", "date", "reporter", "-measure")
    ),
    "MeasureReport?_total=accurate&_sort=-reporter&_summary=true",
    "MeasureReport?_total=none&_count=1&_elements=date",
    "MeasureReport?status:not=error&_summary=count",
    "MeasureReport?_lastUpdated=ge2000&_summary=text",
    "MeasureReport?_include=MeasureReport:reporter&_include=MeasureReport:measure",
    f"MeasureReport?reporter:identifier={ODS}|{THEIRS}&_include=MeasureReport:reporter",
    "Measure",
    f"Measure?url={BASE}/Measure/smoking-status-recorded&_summary=count",
    f"Measure?url={BASE}/Measure/ethnicity-recorded&_revinclude=MeasureReport:measure",
    f"Measure?url={BASE}/Measure/smoking-status-recorded&_revinclude=MeasureReport:measure",
    "Measure?_lastUpdated=ge2000&_sort=-_id",
    "Group",
    "Group?_id={report}",
    f"Group?managing-entity:identifier={ODS}|{THEIRS}&_summary=count",
    "Organization",
    "Organization?_total=accurate&_sort=-_id&_count=1",
    "Organization?_id=ods-qx2&_revinclude=MeasureReport:reporter",
    "Organization?_revinclude=MeasureReport:reporter&_elements=id",
    f"Organization?identifier={ODS}|{THEIRS}",
)
_READS = (
    "MeasureReport/{report}",
    "Group/{report}",
    "Measure/smoking-status-recorded",
    "Organization/ods-qx2",
    "Organization/ods-a99002",
)
ASKED = {
    "fhir.search": [
        *(Ask(f"/fhir/{path}") for path in _SEARCHES),
        Ask("/fhir/CodeSystem", secret=False),
        Ask("/fhir/AuditEvent", secret=False),
        Ask("/fhir/Patient", secret=False),
        Ask("/fhir/MeasureReport?reporter:identifier=%00", secret=False),
        Ask(f"/fhir/MeasureReport?measure:below={SMOKING}", secret=False),
        Ask("/fhir/MeasureReport?_include=MeasureReport:subject", secret=False),
        Ask("/fhir/MeasureReport?_page=eyJ4IjoxfQ", secret=False),
    ],
    "fhir.search_by_post": [
        Ask("/fhir/MeasureReport/_search", "POST"),
        Ask("/fhir/AuditEvent/_search", "POST", secret=False),
        Ask("/fhir/MeasureReport/_search", "POST", form={"_id": "{report}", "_summary": "count"}),
        Ask("/fhir/Organization/_search", "POST", form={"identifier": f"{ODS}|{THEIRS}"}),
    ],
    "fhir.read": [
        *(Ask(f"/fhir/{path}") for path in _READS),
        *(Ask(f"/fhir/{path}", headers=_ETAG) for path in _READS),
        *(Ask(f"/fhir/{path}", "HEAD") for path in _READS),
        *(Ask(f"/fhir/{path}?_summary=data") for path in _READS),
        *(Ask(f"/fhir/{path}", headers=_SINCE) for path in _READS),
        Ask("/fhir/CodeSystem/nobody", secret=False),
        Ask("/fhir/AuditEvent/ae-000000001", secret=False),
    ],
    "fhir.vread": [
        *(Ask(f"/fhir/{path}/_history/1") for path in _READS),
        *(Ask(f"/fhir/{path}/_history/1", headers=_ETAG) for path in _READS),
        Ask("/fhir/MeasureReport/{report}/_history/1", "HEAD"),
        Ask("/fhir/MeasureReport/{report}/_history/2", secret=False),
        Ask("/fhir/MeasureReport/{report}/_history/0", secret=False),
        Ask("/fhir/AuditEvent/ae-000000001/_history/1", secret=False),
    ],
    "fhir.history": [
        *(Ask(f"/fhir/{path}/_history") for path in _READS),
        *(Ask(f"/fhir/{path}/_history?_count=1&_since=2000-01-01") for path in _READS),
        Ask("/fhir/MeasureReport/{report}/_history?_since=2999"),
        Ask("/fhir/AuditEvent/ae-000000001/_history", secret=False),
    ],
    "fhir.evaluate": [
        Ask(f"/fhir/Measure/$evaluate-measure?measure={SMOKING}&{_YEAR}&subject=Organization/ods-qx2"),
        Ask(f"/fhir/Measure/$evaluate-measure?measure={SMOKING}&{_YEAR}"),
    ],
    "fhir.evaluate_one": [
        Ask(f"/fhir/Measure/smoking-status-recorded/$evaluate-measure?{_YEAR}&subject=Organization/ods-qx2"),
        Ask(f"/fhir/Measure/ethnicity-recorded/$evaluate-measure?{_YEAR}&subject=Organization/ods-a99002"),
    ],
    "fhir.evaluated": [
        *(Ask(f"/fhir/$evaluate-measure/{one}") for one in _ASKED_BEFORE),
        Ask("/fhir/$evaluate-measure/e30", secret=False),
    ],
    "fhir.required": [
        Ask(f"/fhir/Measure/$data-requirements?measure={SMOKING}&{_YEAR}"),
        Ask("/fhir/Measure/$data-requirements", "POST", secret=False),
    ],
    "fhir.required_of_one": [
        Ask(f"/fhir/Measure/smoking-status-recorded/$data-requirements?{_YEAR}"),
        Ask("/fhir/Measure/nobody/$data-requirements", secret=False),
    ],
    "fhir.subscription_search": [
        Ask("/fhir/Subscription"),
        Ask("/fhir/Subscription?_id={subscription}"),
        Ask("/fhir/Subscription?status=requested"),
    ],
    "fhir.subscription_statuses": [
        Ask("/fhir/Subscription/$status"),
        Ask("/fhir/Subscription/$status?id={subscription}"),
        Ask("/fhir/Subscription/$status", "POST"),
    ],
    "fhir.subscription_create": [Ask("/fhir/Subscription", "POST", secret=False)],
    "fhir.subscription_read": [
        Ask("/fhir/Subscription/{subscription}"),
        Ask("/fhir/Subscription/{subscription}", headers=_ETAG),
        Ask("/fhir/Subscription/{subscription}", "HEAD"),
    ],
    "fhir.subscription_vread": [
        Ask("/fhir/Subscription/{subscription}/_history/1"),
        Ask("/fhir/Subscription/{subscription}/_history/2"),
    ],
    "fhir.subscription_status": [Ask("/fhir/Subscription/{subscription}/$status")],
    "fhir.subscription_events": [
        Ask("/fhir/Subscription/{subscription}/$events"),
        Ask("/fhir/Subscription/{subscription}/$events?content=full-resource"),
        Ask("/fhir/Subscription/{subscription}/$events", "POST"),
    ],
    "fhir.subscription_update": [Ask("/fhir/Subscription/{subscription}", "PUT", is_sent=True)],
    "fhir.subscription_delete": [Ask("/fhir/Subscription/{subscription}", "DELETE")],
    "fhir.export": [Ask("/fhir/$export", secret=False)],  # whose id is by chance; its files are asked for
    "fhir.export_status": [Ask("/fhir/$export/{export}"), Ask("/fhir/$export/{export}", "HEAD")],
    "fhir.export_file": [
        Ask("/fhir/$export/{export}/0.ndjson"),
        Ask("/fhir/$export/{export}/1.ndjson"),
    ],
    "fhir.export_end": [Ask("/fhir/$export/{ended}", "DELETE")],
    "fhir.metadata": [Ask("/fhir/metadata", secret=False)],
    "health.healthz": [Ask("/healthz", secret=False)],
    "health.readyz": [Ask("/readyz", secret=False)],
}
"""Endpoint of a route to what is asked of it."""


@dataclass(frozen=True)
class Services:
    """both: of a store with the reports of two boards. alone: of one that never had the other's."""

    both: FlaskClient
    alone: FlaskClient
    names: dict[str, str]
    stores: list[Store]

    def answer(self, service: FlaskClient, ask: Ask, board: str) -> tuple[int, bytes, dict[str, str]]:
        form = {name: text.format(**self.names) for name, text in ask.form.items()}
        headers = {**ask.headers, ORGANISATION: board}
        sent = {**subscription(HOOK), "id": self.names["subscription"]} if ask.is_sent else None
        path = ask.path.format(**self.names)
        found = service.open(path, method=ask.method, headers=headers, data=form or None, json=sent)
        return found.status_code, _BY_CHANCE.sub(b"", found.data), dict(found.headers)


def _released(store: Store, *, with_others: bool) -> Any:
    common = ("ethnicity-recorded",)
    release(store, measures=common, reporters=("A99001", "U99001", MINE), memberships=PLACES[:1])
    if not with_others:
        return None
    release(store, measures=common, reporters=("A99001", "A99002"), audience="practice")
    others = (*common, "smoking-status-recorded")
    return release(store, measures=others, reporters=("A99002", "U99002", THEIRS), memberships=PLACES[1:])


@pytest.fixture(scope="module")
def services(new_store: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    stores = [open_store(new_store()) for _ in range(2)]
    measures, terminology = [replace(one, version="2026.1") for one in registry.load()], load()
    requirements = MeasureRequirements(BASE, measures, terminology)
    own = served_artifacts(BASE, [], terminology)

    def reader_of(request: Request) -> Reader:
        return Reader("icb", {request.headers[ORGANISATION]})

    other = _released(stores[0], with_others=True).reports[0]
    _released(stores[1], with_others=False)
    seal = load_seal(tmp_path_factory.mktemp("keys") / "sealing.key")

    def service(store: Store) -> FlaskClient:
        today = reaching(reader_of, store, CLOCK)
        views = SubscriptionViews(store, CLOCK, today, seal, Guard(), "https://numbers.example/fhir", TOPIC)
        offered = {"definitions": own, "subscriptions": views, "requirements": requirements, "has_clients": True}
        app = create_app(store, CLOCK, today, **offered)
        return app.test_client()

    both, alone = map(service, stores)
    made = both.post("/fhir/Subscription", json=subscription(HOOK), headers={ORGANISATION: THEIRS})
    begun = [both.get("/fhir/$export", headers={ORGANISATION: THEIRS, "Prefer": "respond-async"}) for _ in range(2)]
    export, ended = (answer.headers["Content-Location"].rpartition("/")[2] for answer in begun)
    names = {"report": other.id, "identifier": other.identifier, "subscription": made.json["id"]}
    yield Services(both, alone, {**names, "export": export, "ended": ended}, stores)
    for store in stores:
        store.close()


def test_every_route_has_a_row(services: Services) -> None:
    assert {rule.endpoint for rule in services.both.application.url_map.iter_rules()} == set(ASKED)


@pytest.mark.parametrize(
    "ask",
    [pytest.param(ask, id=f"{ask.method} {ask.path} {endpoint}") for endpoint, all_ in ASKED.items() for ask in all_],
)
def test_what_another_board_has_is_as_if_it_were_not_there(services: Services, ask: Ask) -> None:
    mine = services.answer(services.both, ask, MINE)

    assert mine == services.answer(services.alone, ask, MINE)
    assert (services.answer(services.both, ask, THEIRS) != mine) == ask.secret


@pytest.mark.parametrize("path", ["/nowhere", *(all_[0].path for all_ in ASKED.values())])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_every_answer_is_kept_by_nobody_else_and_shown_within_no_page(
    services: Services, path: str, method: str
) -> None:
    _, _, headers = services.answer(services.both, Ask(path, method), MINE)

    assert headers.items() >= dict(OF_EVERY_ANSWER).items()
    assert {"nosniff", "private, no-cache"} <= set(headers.values())
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("headers", [{}, _ETAG])
@pytest.mark.parametrize(("path", "nobody"), [(path, f"{path.partition('/')[0]}/nobody") for path in _READS])
def test_what_is_anothers_is_refused_as_what_nobody_has(
    services: Services, path: str, nobody: str, headers: dict[str, str]
) -> None:
    asked, absent = (Ask(f"/fhir/{one}", headers=headers) for one in (path, nobody))

    assert services.answer(services.both, asked, MINE) == services.answer(services.both, absent, MINE)
    assert services.answer(services.both, asked, MINE)[0] == 404


def test_a_link_of_another_board_leads_nowhere(services: Services) -> None:
    theirs = services.both.get("/fhir/MeasureReport?_count=1", headers={ORGANISATION: THEIRS}).json
    following = next(link["url"] for link in theirs["link"] if link["relation"] == "next")

    answer = services.both.get(following, headers={ORGANISATION: MINE})
    made_up = services.both.get("/fhir/MeasureReport?_count=1&_page=bm90aGluZw", headers={ORGANISATION: MINE})

    assert (answer.status_code, answer.data) == (made_up.status_code, made_up.data)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", _READS)
def test_what_is_anothers_is_refused_by_the_same_statements_as_what_nobody_has(services: Services, path: str) -> None:
    """So that how long it takes tells nothing: the store is asked the same, and finds nothing."""
    engine = services.stores[0].engine
    asked: list[list[str]] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked[-1].append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        for one in (path, f"{path.partition('/')[0]}/nobody"):
            asked.append([])
            services.answer(services.both, Ask(f"/fhir/{one}"), MINE)
    finally:
        event.remove(engine, "before_cursor_execute", note)

    assert asked[0] == asked[1]


def test_a_board_has_its_own(services: Services) -> None:
    reports = services.both.get("/fhir/MeasureReport", headers={ORGANISATION: MINE}).json

    assert {entry["resource"]["reporter"]["identifier"]["value"] for entry in reports["entry"]} == {
        "A99001",
        "U99001",
        MINE,
    }

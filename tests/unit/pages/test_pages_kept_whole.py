"""A page that was rendered once is not rendered again for the same, and whatever it says else is seen at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from flask.testing import FlaskClient

from hi_fhir.access.passwords import hashed
from hi_fhir.core.audiences import Audience
from hi_fhir.core.files import canonical_json
from hi_fhir.core.roles import Role
from hi_fhir.pages import site
from hi_fhir.pages.areas import area
from hi_fhir.pages.rendering import Rendering, Values
from hi_fhir.store import accounts, ledger, subscriptions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.current import current_reports
from hi_fhir.store.deliveries import Delivered, record_delivery
from hi_fhir.store.session import Store
from hi_fhir.store.subscriptions import NewSubscription
from tests.support.paging import CLOCK, Looking, release_for_pages
from tests.support.visiting import PASSWORD, guarded_site, register_people, release_for_all, somebody

MEASURE = "ethnicity-recorded"
AREA = "U99001"
PATHS = ("", "/completeness", "/population", "/about", f"/measures/{MEASURE}")
AT = datetime(2025, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def looking() -> Looking:
    return Looking(Reader(Audience.ICB))


@pytest.fixture
def pages(tmp_path: Path, store: Store, looking: Looking) -> FlaskClient:
    """Each page was asked for once."""
    release_for_pages(tmp_path, store, [MEASURE])

    made = looking.site(store).test_client()
    assert [made.get(f"/areas/{AREA}{path}").status_code for path in PATHS] == [200] * len(PATHS)
    return made


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_worked_out_or_rendered_again(
    pages: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pages.get(f"/areas/{AREA}{path}").text
    for name in ("breakdown", "widest", "field_table", "data_basis", "MeasureView"):
        monkeypatch.setattr(site, name, lambda *_: pytest.fail("it is worked out again"))
    assert pages.get(f"/areas/{AREA}{path}").text == first


def test_of_pages_that_are_asked_for_at_once_one_is_made_at_a_time_and_the_same_once(
    tmp_path: Path, store: Store, looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_for_pages(tmp_path, store, [MEASURE])
    app = looking.site(store)
    made: list[str] = []
    making, most = 0, 0
    rendered = Rendering._rendered

    def told(rendering: Rendering, template: str, values: Values) -> str:
        nonlocal making, most
        making += 1
        most = max(most, making)
        time.sleep(0.05)
        made.append(template)
        page = rendered(rendering, template, values)
        making -= 1
        return page

    monkeypatch.setattr(Rendering, "_rendered", told)
    asked = [f"/areas/{AREA}{path}" for path in ("", "/completeness")] * 3
    with ThreadPoolExecutor(len(asked)) as people:
        codes = list(people.map(lambda path: app.test_client().get(path).status_code, asked))
    assert codes == [200] * len(asked)
    assert (most, len(made)) == (1, 2)


def test_a_delivery_is_seen_at_once(pages: FlaskClient, store: Store) -> None:
    assert "sent to no other server" in pages.get(f"/areas/{AREA}/about").text
    with store.write() as session:
        [one] = current_reports(session, Audience.ICB, reporters=[AREA])
        record_delivery(session, Delivered(one.identifier, one.version, "http://elsewhere.example", "sent"), AT)
    assert "elsewhere.example" in pages.get(f"/areas/{AREA}/about").text


def test_subscribers_are_those_of_who_looks_now(pages: FlaskClient, store: Store, looking: Looking) -> None:
    content = orjson.dumps({"channel": {"endpoint": "https://board.example/path"}}).decode()
    board = Reader(Audience.ICB, {"QZ1"})
    with store.write() as session:
        subscriptions.add(session, NewSubscription("1", board, content, b"", "active", AT), AT)
    assert "board.example" in pages.get(f"/areas/{AREA}/about").text
    looking.reader = Reader(Audience.ICB, {AREA})
    assert "board.example" not in pages.get(f"/areas/{AREA}/about").text


@pytest.mark.parametrize("path", PATHS)
def test_another_name_is_seen_at_once(pages: FlaskClient, store: Store, path: str) -> None:
    with store.read() as session:
        found = area(session.connection(), Reader(Audience.ICB), AREA)
    renamed = {
        "resourceType": "Organization",
        "id": f"ods-{AREA.lower()}",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": AREA}],
        "name": "Renamed <network>",
        "type": [{"text": found.kind_name}],
    }
    system = renamed["identifier"][0]["system"]
    with store.write() as session:
        new = ledger.NewOrganisation(renamed["id"], system, AREA, canonical_json(renamed))
        ledger.record_organisation(session, new, AT)
    assert "Renamed &lt;network&gt;" in pages.get(f"/areas/{AREA}{path}").text


def test_who_may_have_the_same_sees_the_own_name_and_form_token(tmp_path: Path, store: Store) -> None:
    release_for_all(tmp_path, store)
    register_people(store)
    with store.write() as session:
        new = accounts.NewAccount("second", "second", Role.ICB, "QZ1", hashed(PASSWORD))
        accounts.add_account(session, new, CLOCK.at)
    app = guarded_site(store)
    first, second = somebody(app, "icb"), somebody(app, "second")
    assert "<span>icb, board QZ1</span>" in first.http.get("/areas/QZ1").text
    told = second.http.get("/areas/QZ1").text
    assert "<span>second, board QZ1</span>" in told
    assert "icb, board" not in told
    assert first.form_token("/areas/QZ1") != second.form_token("/areas/QZ1")
    assert somebody(app).http.get("/areas/QZ1").status_code == 303

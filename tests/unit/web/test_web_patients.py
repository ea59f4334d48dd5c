"""Who is behind a practice's counts is told to its own client that was registered for it, and to no other."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from hi_fhir.core.audiences import Audience
from hi_fhir.pipeline.about_patients import AboutPatients
from hi_fhir.store import clients
from hi_fhir.store.audit_events import find_events
from hi_fhir.store.audit_models import AuditEventRow
from hi_fhir.store.criteria import AuditCriteria, Reader
from hi_fhir.store.session import Store, open_store
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is, registered
from tests.support.cli import hi_fhir, settings
from tests.support.released import CLOCK
from tests.support.sources import SMOKER, a_patient, a_record, run, write
from tests.support.subscribing import HandClock

BASE = "https://hi-fhir.example/fhir"
YEAR = "periodStart=2024-04-01&periodEnd=2025-03-31"
PATH = f"/fhir/Measure/smoking-status-recorded/$evaluate-measure?{YEAR}"
FULL = "system/MeasureReport.rs system/Measure.rs system/Patient.r"
CLIENTS = {
    "elm": (Audience.PRACTICE, "A99001", FULL),
    "oak": (Audience.PRACTICE, "A99002", FULL),
    "elm-reports": (Audience.PRACTICE, "A99001", "system/*.cruds"),
    "icb": (Audience.ICB, "QX1", "system/*.cruds"),
    "icb-by-mistake": (Audience.ICB, "QX1", FULL),
}


class Ward(NamedTuple):
    store: Store
    data_dir: Path
    http: FlaskClient

    def get(self, path: str, client: str, **headers: str):
        return self.http.get(path, headers={"Authorization": f"Bearer {client}", **headers})


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    people = [*(a_patient(f"p{number}") for number in range(1, 10)), a_patient("q1", "A99002")]
    records = [a_record("Observation", f"o{of}", of, SMOKER) for of in ("p1", "p3", "q1")]
    source = write(folder / "source", *people, *records)
    with pytest.MonkeyPatch.context() as patched, settings(patched, folder, workers=1):
        ran = run(source)
        assert ran.code == 0, ran.err
        assert hi_fhir("report", "--audience", "icb").code == 0
    store = open_store(folder / "data" / "hi_fhir.sqlite")
    clock = HandClock(CLOCK.at)
    with store.write() as session:
        for id_, (audience, code, scopes) in CLIENTS.items():
            clients.add_client(session, clients.NewClient(id_, id_, audience, code, scopes, "{}"), CLOCK.at)
            session.flush()
            row = clients.client(session, id_)
            clients.keep_token(session, row, id_, scopes, CLOCK.at + timedelta(minutes=5), CLOCK.at)
    about = AboutPatients(folder / "data", BASE)
    app = create_app(store, clock, registered(store, clock), has_clients=True, patients=about)
    yield Ward(store, folder / "data", app.test_client())
    store.close()


def test_a_practices_own_client_is_told_who_is_counted(ward):
    answer = ward.get(f"{PATH}&reportType=subject-list", "elm")

    assert (answer.status_code, answer.json["type"]) == (200, "subject-list"), answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    entries = {one["id"]: one["entry"] for one in answer.json["contained"]}
    assert {one["item"]["reference"] for one in entries["numerator"]} == {"Patient/p1", "Patient/p3"}
    assert len(entries["numerator"]) == 2
    assert len(entries["denominator"]) == 9


@pytest.mark.parametrize("more", ["subject=Patient/p1", "subject=Patient/p1&reportType=subject"])
def test_it_is_told_of_one_patient(ward, more):
    answer = ward.get(f"{PATH}&{more}", "elm")
    assert (answer.status_code, answer.json["subject"]) == (200, {"reference": "Patient/p1"}), answer.json
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_may_come_for_it_later(ward):
    for more in ("reportType=subject-list", "subject=Patient/p1", "reportType=population"):
        begun = ward.get(f"{PATH}&{more}", "elm", Prefer="respond-async")
        assert (begun.status_code, begun.data) == (202, b"")
        address = begun.headers["Content-Location"].partition("/fhir/")[2]
        found = ward.get(f"/fhir/{address}", "elm")
        [entry] = found.json["entry"]
        assert (found.json["type"], entry["response"]["status"]) == ("batch-response", "200 OK")
        assert entry["resource"] == ward.get(f"{PATH}&{more}", "elm").json
        assert b"Patient/p" not in ward.get(f"/fhir/{address}", "oak").data
    assert ward.get(f"{PATH}&subject=Patient/p9999", "elm", Prefer="respond-async").status_code == 404


@pytest.mark.parametrize("client", ["icb", "icb-by-mistake", "elm-reports"])
@pytest.mark.parametrize("more", ["reportType=subject-list", "subject=Patient/p1", "subject=Patient/nobody"])
def test_others_are_told_the_same_whoever_there_is(ward, client, more):
    answer = ward.get(f"{PATH}&{more}", client)
    assert answer.status_code == 403
    assert answer.data == ward.get(f"{PATH}&reportType=subject&subject=Patient/none", client).data


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("subject=Patient/q1", 404),
        ("subject=Patient/nobody", 404),
        ("reportType=subject", 400),
        ("reportType=subject-list&subject=Patient/p1", 400),
        ("reportType=subject-list&subject=Organization/ods-a99002", 403),
        ("reportType=subject-list&subject=Group/1", 403),
    ],
)
def test_of_others_nobody_is_named(ward, more, status):
    answer = ward.get(f"{PATH}&{more}", "elm")
    assert (answer.status_code, answer.json["resourceType"]) == (status, "OperationOutcome"), answer.json


def test_another_period_is_refused(ward):
    path = PATH.replace("2025-03-31", "2024-12-31")
    assert ward.get(f"{path}&reportType=subject-list", "elm").status_code == 403


def shown(ward: Ward) -> list[AuditEventRow]:
    with ward.store.read() as session:
        return [*find_events(session, AuditCriteria(outcomes=(("shown",),)), 1_000).rows]


def test_each_time_that_it_is_told_is_kept_with_who_was_told_and_not_of_whom(ward):
    before = shown(ward)
    for more in ("reportType=subject-list", "subject=Patient/p1", "subject=Patient/p1"):
        assert ward.get(f"{PATH}&{more}", "elm").status_code == 200
    for client, more in (("icb", "subject=Patient/p1"), ("elm", "subject=Patient/nobody"), ("elm", "")):
        ward.get(f"{PATH}&{more}", client)

    new = shown(ward)[len(before) :]
    assert [(row.reason, row.client_id, row.organisation, row.audience, row.times) for row in new] == [
        ("person-level", "elm", "A99001", "practice", 1)
    ] * 3
    assert {(row.resource_type, row.resource_id) for row in new} == {("Measure", "smoking-status-recorded")}
    assert "p1" not in str([vars(row) for row in new])


def test_what_cannot_be_kept_is_not_told(ward, monkeypatch):
    def fails(*_):
        raise OperationalError("INSERT", {}, Exception("no room"))

    monkeypatch.setattr("hi_fhir.web.evaluate_api.keep_event", fails)
    answer = ward.get(f"{PATH}&subject=Patient/p1", "elm")
    assert (answer.status_code, answer.json["resourceType"]) == (500, "OperationOutcome")


def test_nothing_of_it_is_kept_or_found(ward):
    def there() -> list[str]:
        with ward.store.read() as session:
            whole = session.connection().connection.driver_connection.iterdump()
            return [line for line in whole if "audit_event" not in line]  # which tells that, and not what

    before = there()
    for more in ("reportType=subject-list", "subject=Patient/p1"):
        assert ward.get(f"{PATH}&{more}", "elm").status_code == 200
        assert ward.get(f"{PATH}&{more}", "elm", Prefer="respond-async").status_code == 202
    assert there() == before
    found = ward.get("/fhir/MeasureReport", "elm").json
    assert [entry["resource"]["type"] for entry in found["entry"]] == ["summary"]


def test_where_nobody_logs_in_nobody_is_told(ward):
    reader = Reader(Audience.PRACTICE, {"A99001"})
    app = create_app(ward.store, CLOCK, everyone_is(reader), patients=AboutPatients(ward.data_dir, BASE))
    assert app.test_client().get(f"{PATH}&reportType=subject-list").status_code == 403


@pytest.mark.parametrize("asked", ["x", "%00", "e30", "W251bGwseyJhIjoiXHUwMDAwIn1d", "WzEsMl0", "A" * 5000])
def test_an_address_that_was_never_given_leads_nowhere(ward, asked):
    assert ward.get(f"/fhir/$evaluate-measure/{asked}", "elm").status_code == 404

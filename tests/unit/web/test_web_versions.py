"""Versions of what was released: one by its number, all of them in pages, and only those that the reader may have."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Request
from flask.testing import FlaskClient

from hi_fhir.core.files import canonical_json
from hi_fhir.reports.definitions import definitions
from hi_fhir.store import ledger
from hi_fhir.store.criteria import Reader
from hi_fhir.store.notices import Notice
from hi_fhir.store.session import Store
from hi_fhir.store.withdrawing import lift
from hi_fhir.web.app import create_app
from tests.support.recording import record_reports
from tests.support.released import BASE, CLOCK, new_report, release

PLACES = [("A99001", None, "QX1")]
COUNTS = (100, 105, 110, 115)
ORGANISATION = "X-Organisation"


@pytest.fixture(scope="module")
def report(module_store: Store) -> str:
    for count in COUNTS:
        made = release(
            module_store, measures=["ethnicity-recorded"], reporters=["A99001"], count=count, memberships=PLACES
        )
    return f"/fhir/MeasureReport/{made.reports[0].id}"


@pytest.fixture(scope="module")
def service(module_store: Store, report: str) -> FlaskClient:
    def reader_of(request: Request) -> Reader:
        return Reader("icb", {request.headers.get(ORGANISATION, "QX1")})

    return create_app(module_store, CLOCK, reader_of, definitions=definitions(BASE, [])).test_client()


def people(resource) -> int:
    return resource["group"][0]["population"][0]["count"]


def test_each_version_is_as_it_was_released(service, report):
    for number, count in enumerate(COUNTS, 1):
        answer = service.get(f"{report}/_history/{number}")
        assert (answer.status_code, people(answer.json)) == (200, count)
        assert answer.json["meta"]["versionId"] == str(number)
        assert answer.headers["ETag"] == f'W/"{number}"'
    assert service.get(f"{report}/_history/4").data == service.get(report).data
    assert service.get(f"{report}/_history/2", headers={"If-None-Match": 'W/"2"'}).status_code == 304
    assert service.get(f"{report}/_history/2", headers={"If-None-Match": 'W/"4"'}).status_code == 200


@pytest.mark.parametrize("version", ["0", "5", "01", "-1", "x", "²", "99999999999999999999", "1%00", "1/2"])
def test_a_version_that_is_not_there_is_not_found(service, report, version):
    answer = service.get(f"{report}/_history/{version}")
    assert (answer.status_code, answer.json["resourceType"]) == (404, "OperationOutcome")


def test_a_history_is_the_newest_first_in_pages(service, report):
    url, found = f"{report}/_history?_count=3", []
    while url:
        page = service.get(url).json
        assert (page["type"], len(page["entry"]) <= 3) == ("history", True)
        found += page["entry"]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)

    assert [people(entry["resource"]) for entry in found] == [*reversed(COUNTS)]
    assert [entry["response"]["etag"] for entry in found] == [f'W/"{number}"' for number in (4, 3, 2, 1)]
    assert [entry["response"]["status"] for entry in found] == ["200", "200", "200", "201"]
    assert {entry["request"]["url"] for entry in found} == {report.removeprefix("/fhir/")}
    assert {urlsplit(entry["fullUrl"]).path for entry in found} == {report}


def test_a_history_since_a_day(service, report):
    assert len(service.get(f"{report}/_history?_since=2025-04-02T12:00:00Z").json["entry"]) == len(COUNTS)
    later = service.get(f"{report}/_history?_since=2025-04-02T12:00:00%2B00:00&_count=1").json
    assert service.get(later["link"][1]["url"]).json["entry"][0]["resource"]["meta"]["versionId"] == "3"
    nothing = service.get(f"{report}/_history?_since=2025-04-03")
    assert (nothing.status_code, "entry" in nothing.json) == (200, False)


@pytest.mark.parametrize("query", ["_count=0", "_count=x", "_since=soon", "_since=9999-13", "_at=2020", "_before=x"])
def test_a_history_that_cannot_be_understood_is_refused(service, report, query):
    assert service.get(f"{report}/_history?{query}").status_code == 400


def test_what_is_anothers_has_no_versions(service, report):
    for path in (f"{report}/_history/1", f"{report}/_history", f"{report}/_history?_since=2999"):
        theirs = service.get(path, headers={ORGANISATION: "QX2"})
        nobodys = service.get(path.replace("mr-", "no-"), headers={ORGANISATION: "QX2"})
        assert (theirs.status_code, theirs.data) == (404, nobodys.data)


@pytest.mark.parametrize(
    "path",
    ["Measure/ethnicity-recorded", "Organization/ods-a99001", "CodeSystem/measure", "StructureDefinition/report-basis"],
)
def test_what_reports_name_has_the_one_version_that_it_was_kept_in(service, path):
    assert service.get(f"/fhir/{path}/_history/1").data == service.get(f"/fhir/{path}").data
    assert service.get(f"/fhir/{path}/_history/2").status_code == 404
    history = service.get(f"/fhir/{path}/_history").json
    assert [entry["resource"]["id"] for entry in history["entry"]] == [path.partition("/")[2]]
    assert "entry" not in service.get(f"/fhir/{path}/_history?_since=2999").json


def test_a_measure_is_found_by_the_version_that_a_report_names_whichever_came_after(module_store, service):
    url = f"{BASE}/Measure/ethnicity-recorded"
    content = {"resourceType": "Measure", "id": "ethnicity-recorded", "url": url, "status": "active"}
    for version, name in (("2027.1", "new"), ("2027.1", "mended")):
        new = canonical_json({**content, "version": version, "name": name})
        with module_store.write() as session:
            measure = ledger.NewMeasure("ethnicity-recorded", url, version, "active", new)
            ledger.record_measure(session, measure, CLOCK.at)

    found = {}
    for query in ("", "&version=2026.1", "&version=2027.1", "&version=2026.1,2027.1", "&version=1"):
        entries = service.get(f"/fhir/Measure?url={url}{query}").json.get("entry", [])
        found[query] = [(one["resource"]["version"], one["resource"]["meta"]["versionId"]) for one in entries]

    newest = [("2027.1", "3")]
    assert list(found.values()) == [newest, [("2026.1", "1")], newest, newest, []]
    assert service.get("/fhir/Measure/ethnicity-recorded/_history/1").json["version"] == "2026.1"


def test_what_was_withdrawn_is_given_in_no_version_but_that_which_withdraws_it(module_store, service):
    measure = "smoking-status-recorded"
    made = release(module_store, measures=[measure], reporters=["A99001"], memberships=PLACES).reports[0]
    path = f"/fhir/MeasureReport/{made.id}"
    assert people(service.get(f"{path}/_history/1").json) == 100

    said = {"resourceType": "MeasureReport", "id": made.id, "status": "error", "measure": f"{BASE}/Measure/{measure}"}
    said |= {"reporter": {"identifier": {"value": "A99001"}}, "period": {"start": "2024-04-01", "end": "2025-03-31"}}
    new = replace(new_report(measure, "A99001", "icb", canonical_json(said)), status="error")
    with module_store.write() as session:
        of = ledger.NewRelease("evaluation", "icb", "policy", "1", "nothing", {})
        record_reports(session, of, [new], CLOCK.at)

    assert service.get(path).json["status"] == "error"
    for one in (path, path.replace("MeasureReport", "Group")):
        assert service.get(f"{one}/_history/1").status_code == 404
        assert [entry["response"]["etag"] for entry in service.get(f"{one}/_history").json["entry"]] == ['W/"2"']
        assert b"100" not in service.get(f"{one}/_history/2").data
    release(module_store, measures=[measure], reporters=["A99001"], memberships=PLACES)
    assert service.get(f"{path}/_history/3").status_code == 404
    with module_store.write() as session:
        lift(session, [new.identifier], Notice("Counted anew", "A. Analyst"), CLOCK.at)
    release(module_store, measures=[measure], reporters=["A99001"], memberships=PLACES)
    assert [people(service.get(f"{path}/_history/3").json)] == [100]
    assert len(service.get(f"{path}/_history").json["entry"]) == 2


def test_of_other_types_there_are_none(service):
    for path in ("Patient/1/_history", "Patient/1/_history/1", "Subscription/1/_history/1"):
        assert service.get(f"/fhir/{path}").status_code == 404

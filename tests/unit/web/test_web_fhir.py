"""The FHIR service over a store with a few released reports."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from hi_fhir.store import ledger
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from tests.support.released import BASE, CLOCK, ODS, SYSTEM, release

ICB = Reader("icb")
MEASURES = ("ethnicity-recorded", "smoking-status-recorded")
SMOKING = f"{BASE}/Measure/smoking-status-recorded"


@pytest.fixture(scope="module")
def service(module_store: Store) -> FlaskClient:
    release(module_store, measures=MEASURES, reporters=("A99001", "A99002", "A99003"))
    with module_store.write() as session:
        oak = ledger.NewOrganisation("ods-a99001", ODS, "A99001", b'{"id":"ods-a99001","resourceType":"Organization"}')
        ledger.record_organisation(session, oak, CLOCK.at)
    return create_app(module_store, CLOCK, everyone_is(ICB)).test_client()


def entries(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", [])]


def link(bundle: dict[str, Any], relation: str) -> str | None:
    return next((link["url"] for link in bundle["link"] if link["relation"] == relation), None)


def found(service: FlaskClient, query: str) -> int:
    answer = service.get(f"/fhir/MeasureReport?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json["total"]


def test_a_search_has_full_urls_versions_and_a_total(service):
    bundle = service.get("/fhir/MeasureReport").json

    first = bundle["entry"][0]
    assert (bundle["type"], bundle["total"], len(bundle["entry"])) == ("searchset", 6, 6)
    assert first["fullUrl"] == f"http://localhost/fhir/MeasureReport/{first['resource']['id']}"
    assert first["search"] == {"mode": "match"}
    assert first["resource"]["meta"] == {"versionId": "1", "lastUpdated": "2025-04-02T12:00:00.000+00:00"}
    assert first["resource"]["type"] == "summary"


@pytest.mark.parametrize(
    ("query", "total"),
    [
        (f"measure={SMOKING}", 3),
        (f"measure={SMOKING}|2026.1", 3),
        (f"measure={SMOKING}|1999", 0),
        (f"reporter:identifier={ODS}|A99001", 2),
        ("reporter:identifier=A99001,A99002", 4),
        (f"reporter:identifier={ODS}|A99001&measure={SMOKING}", 1),
        ("reporter=Organization/nobody", 0),
        ("reporter=Practitioner/A99001", 0),
        ("period=ge2024-04-01&period=le2025-03-31", 6),
        ("period=gt2025-03-31", 0),
        ("period=2024", 0),
        ("date=2025-03-31", 6),
        ("date=2025-03", 6),
        ("date=le9999-12-31", 6),
        ("date=lt2025-03-31", 0),
        ("status=complete", 6),
        ("status=pending,error", 0),
        (f"identifier={SYSTEM}|nobody", 0),
        ("date=ge2025-03-31T10:00:00Z", 6),
        ("date=gt2025-03-31T10:00:00Z", 6),
        ("date=gt2025-03-31T23:30:00Z", 0),
        ("date=lt2025-03-31T10:00:00Z", 6),
        ("date=lt2025-03-30T23:00:00Z", 0),
        ("date=le2025-03-30T23:00:00Z", 6),
        ("date=2025-03-31T10:00:00Z", 0),
        ("date=ne2025-03-31T10:00:00Z", 6),
        ("date=sa2025-03-30", 6),
        ("date=sa2025-03-31T10:00:00Z", 0),
        ("date=eb2025-03-31T10:00:00Z", 0),
        ("period=eb2025-04-01", 6),
        ("period=ap2024-06", 6),
        ("date:missing=true", 0),
        ("reporter:missing=false", 6),
        ("status:not=complete", 0),
        ("status:not=pending,error", 6),
        (f"identifier:not={SYSTEM}|nobody&measure={SMOKING}", 3),
        ("_lastUpdated=2025-04-02", 6),
        ("_lastUpdated=gt2025-04-02T12:00:00Z", 0),
        ("_lastUpdated=ge2025-04-02T12:00:00Z", 6),
        ("_lastUpdated=lt2025-04-02T12:00:00%2B01:00", 0),
        ("_lastUpdated=ge0001&_lastUpdated=le9999&date=ge0001-01-01T00:00:00Z", 6),
        ("_lastUpdated:missing=true", 0),
        ("_summary=count", 6),
        ("_id=nobody", 0),
    ],
)
def test_reports_are_found_by(service, query, total):
    assert found(service, query) == total


def test_a_report_is_found_by_its_identifier_and_by_its_id(service):
    report = entries(service.get("/fhir/MeasureReport?_count=1").json)[0]

    assert found(service, f"identifier={SYSTEM}|{report['identifier'][0]['value']}") == 1
    assert found(service, f"_id={report['id']}") == 1


def test_pages_hold_every_report_once(service):
    url, seen = "/fhir/MeasureReport?_count=4&status=complete", []
    while url:
        bundle = service.get(url).json
        assert link(bundle, "self") == f"http://localhost{url.removeprefix('http://localhost')}"
        seen += [report["id"] for report in entries(bundle)]
        url = link(bundle, "next")

    assert len(seen) == len(set(seen)) == 6


def test_a_count_has_no_entries_and_no_next_link(service):
    bundle = service.get("/fhir/MeasureReport?_summary=count").json

    assert (bundle["total"], entries(bundle), link(bundle, "next")) == (6, [], None)


def test_a_search_by_post_is_the_same_search(service):
    answer = service.post("/fhir/MeasureReport/_search", data={"measure": SMOKING, "_count": "2"})

    assert (answer.json["total"], len(entries(answer.json))) == (3, 2)


@pytest.mark.parametrize("media", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_search_by_post_that_is_no_form_is_refused_rather_than_answered_without_its_criteria(service, media):
    body = f"measure={SMOKING}"
    answer = service.post("/fhir/MeasureReport/_search", data=body, headers={"Content-Type": media})

    assert (answer.status_code, answer.json["issue"][0]["code"]) == (415, "not-supported")


def test_a_search_by_post_may_have_its_criteria_in_the_address_alone(service):
    answer = service.post(f"/fhir/MeasureReport/_search?measure={SMOKING}")

    assert (answer.status_code, answer.json["total"]) == (200, 3)


def test_a_read_is_told_from_one_that_is_known_already(service):
    [report, *_] = entries(service.get("/fhir/MeasureReport").json)
    url = f"/fhir/MeasureReport/{report['id']}"

    fresh = service.get(url)
    known = service.get(url, headers={"If-None-Match": fresh.headers["ETag"]})
    other = service.get(url, headers={"If-None-Match": 'W/"7"'})

    assert (fresh.status_code, fresh.json) == (200, report)
    assert (fresh.headers["ETag"], fresh.headers["Last-Modified"]) == ('W/"1"', "Wed, 02 Apr 2025 12:00:00 GMT")
    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", 'W/"1"')
    assert other.status_code == 200


def test_a_head_has_the_headers_alone(service):
    [report, *_] = entries(service.get("/fhir/MeasureReport").json)

    answer = service.head(f"/fhir/MeasureReport/{report['id']}")

    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (200, b"", 'W/"1"')


def test_a_correction_is_the_newest_version(store):
    release(store, measures=MEASURES[:1], reporters=("A99001",), count=100)
    release(store, measures=MEASURES[:1], reporters=("A99001",), count=90)
    service = create_app(store, CLOCK, everyone_is(ICB)).test_client()

    [report] = entries(service.get("/fhir/MeasureReport").json)

    assert report["meta"]["versionId"] == "2"
    assert report["group"][0]["population"][0]["count"] == 90


def test_measures_and_organisations_are_served_beside_reports(service):
    measures = service.get(f"/fhir/Measure?url={SMOKING}&status=active").json
    organisations = service.get(f"/fhir/Organization?identifier={ODS}|A99001").json

    assert [measure["id"] for measure in entries(measures)] == ["smoking-status-recorded"]
    assert [one["id"] for one in entries(organisations)] == ["ods-a99001"]
    assert service.get("/fhir/Measure/ethnicity-recorded").json["version"] == "2026.1"
    assert service.get("/fhir/Organization/ods-a99001").status_code == 200


def test_reports_for_other_audiences_are_not_there(store):
    released = {audience: release(store, measures=MEASURES[:1], audience=audience) for audience in ("icb", "practice")}
    release(store, measures=MEASURES[1:], audience="public")
    seen = {}
    for reader in (ICB, Reader("practice", {"A99001"})):
        service = create_app(store, CLOCK, everyone_is(reader)).test_client()
        all_ids = [report.id for manifest in released.values() for report in manifest.reports]
        read = {id_ for id_ in all_ids if service.get(f"/fhir/MeasureReport/{id_}").status_code == 200}
        assert read == {report["id"] for report in entries(service.get("/fhir/MeasureReport").json)}
        assert [one["id"] for one in entries(service.get("/fhir/Measure").json)] == ["ethnicity-recorded"]
        assert service.get("/fhir/Measure/smoking-status-recorded").status_code == 404
        seen[reader.audience] = read

    assert seen["icb"] == {report.id for report in released["icb"].reports}
    assert seen["practice"] == {report.id for report in released["practice"].reports if report.reporter == "A99001"}


def test_the_capability_statement_lists_what_is_served(service):
    statement = service.get("/fhir/metadata").json

    resources = {one["type"]: [p["name"] for p in one["searchParam"]] for one in statement["rest"][0]["resource"]}
    assert set(resources) == {"Group", "Measure", "MeasureReport", "Organization"}
    assert set(resources["MeasureReport"]) == {
        *("_id", "_lastUpdated", "identifier", "measure", "period", "date", "reporter", "status")
    }
    along = {
        one["type"]: (one.get("searchInclude"), one.get("searchRevInclude")) for one in statement["rest"][0]["resource"]
    }
    assert along == {
        "Group": (None, None),
        "Measure": (None, ["MeasureReport:measure"]),
        "MeasureReport": (["MeasureReport:reporter", "MeasureReport:measure"], None),
        "Organization": (None, ["MeasureReport:reporter"]),
    }
    assert (statement["fhirVersion"], statement["date"]) == ("4.0.1", "2025-04-02")
    assert "20 resources at most" in statement["rest"][0]["documentation"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/fhir/MeasureReport/nobody", {}, 404, "not-found"),
        ("GET", "/fhir/Patient", {}, 404, "not-supported"),
        ("GET", "/fhir/Patient/1", {}, 404, "not-supported"),
        ("GET", "/fhir/nowhere/at/all", {}, 404, "not-found"),
        ("GET", "/fhir", {}, 404, "not-found"),
        ("GET", "/fhir/MeasureReport?subject=1", {}, 400, "not-supported"),
        ("GET", "/fhir/MeasureReport?date=soon", {}, 400, "invalid"),
        ("GET", "/fhir/MeasureReport?measure:below=x", {}, 400, "not-supported"),
        ("GET", "/fhir/MeasureReport?status:missing=perhaps", {}, 400, "invalid"),
        ("GET", "/fhir/MeasureReport?_sort=group", {}, 400, "not-supported"),
        ("GET", "/fhir/MeasureReport?_sort=date,-date", {}, 400, "invalid"),
        ("GET", "/fhir/MeasureReport?_total=all", {}, 400, "invalid"),
        ("GET", "/fhir/MeasureReport?_summary=some", {}, 400, "not-supported"),
        ("GET", "/fhir/MeasureReport?_elements=a:b", {}, 400, "value"),
        ("GET", "/fhir/MeasureReport?_elements=date&_summary=true", {}, 400, "invalid"),
        ("GET", "/fhir/MeasureReport?_summary=text&_include=MeasureReport:reporter", {}, 400, "invalid"),
        ("GET", "/fhir/MeasureReport?_include=MeasureReport:subject", {}, 400, "not-supported"),
        ("GET", "/fhir/MeasureReport?_include:iterate=MeasureReport:reporter", {}, 400, "not-supported"),
        ("GET", "/fhir/MeasureReport?_revinclude=MeasureReport:reporter", {}, 400, "not-supported"),
        ("GET", "/fhir/MeasureReport/x?_summary=count", {}, 404, "not-found"),
        ("GET", "/fhir/MeasureReport?_page=7", {}, 400, "value"),
        ("GET", "/fhir/MeasureReport?_page=ä", {}, 400, "value"),
        ("GET", "/fhir/MeasureReport?_page=b2Zmc2V0Ojk5OTk5OTk5OTk", {}, 400, "value"),
        ("GET", "/fhir/MeasureReport?identifier=a%00b", {}, 400, "value"),
        ("GET", "/fhir/MeasureReport/a%00b", {}, 404, "not-found"),
        ("GET", "/fhir/Subscription/a%00b", {}, 404, "not-found"),
        ("GET", "/fhir/MeasureReport", {"Accept": "application/fhir+xml"}, 406, "not-supported"),
        ("GET", "/fhir/MeasureReport?_format=xml", {}, 406, "not-supported"),
        ("POST", "/fhir/MeasureReport", {}, 405, "not-supported"),
        ("DELETE", "/fhir/MeasureReport/1", {}, 405, "not-supported"),
    ],
)
def test_every_error_is_an_operation_outcome(service, method, path, headers, status, code):
    answer = service.open(path, method=method, headers=headers)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/fhir+json; charset=utf-8")
    assert (answer.json["resourceType"], answer.json["issue"][0]["code"]) == ("OperationOutcome", code)


@pytest.mark.parametrize(
    ("method", "path", "host", "status", "title"),
    [
        ("GET", "/nowhere", "localhost", 404, "Not Found"),
        ("GET", "/", "localhost", 404, "Not Found"),
        ("GET", "/fhirs/MeasureReport", "localhost", 404, "Not Found"),
        ("POST", "/healthz", "localhost", 405, "Method Not Allowed"),
        ("GET", "/readyz", "elsewhere.example", 400, "Bad Request"),
    ],
)
def test_an_error_elsewhere_is_told_as_problem_details(service, method, path, host, status, title):
    answer = service.open(path, method=method, headers={"Host": host})

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json == {"type": "about:blank", "title": title, "status": status, "detail": answer.json["detail"]}


def test_a_fault_of_ours_elsewhere_is_a_problem_too(service, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("hi_fhir.web.health.is_migrated", fail)

    answer = service.get("/readyz")

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert "broken" not in answer.text


def test_a_wrong_method_is_told_the_right_ones(service):
    answer = service.delete("/fhir/MeasureReport/1")

    assert {"GET", "HEAD"} <= set(answer.headers["Allow"].replace(" ", "").split(","))


def test_an_unknown_parameter_is_passed_over_on_request(service):
    bundle = service.get("/fhir/MeasureReport?shoe-size=44&_count=2", headers={"Prefer": "handling=lenient"}).json

    assert bundle["total"] == 6
    assert link(bundle, "self") == "http://localhost/fhir/MeasureReport?_count=2"


def test_a_name_of_elsewhere_that_leads_here_is_not_answered(service):
    answer = service.get("/fhir/MeasureReport", headers={"Host": "elsewhere.example"})

    assert (answer.status_code, answer.json["resourceType"]) == (400, "OperationOutcome")


def test_a_fault_of_ours_is_an_outcome_and_its_log_has_no_query(service, monkeypatch, caplog):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("hi_fhir.store.search.search_reports", fail)

    answer = service.get("/fhir/MeasureReport?identifier=something-private")

    assert (answer.status_code, answer.json["issue"][0]["code"]) == (500, "exception")
    assert "GET /fhir/<type:type_> failed" in caplog.text
    assert "something-private" not in caplog.text

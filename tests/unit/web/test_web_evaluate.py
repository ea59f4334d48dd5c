"""$evaluate-measure gives what was released, and never what was not."""

import pytest
from flask.testing import FlaskClient

from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from tests.support.released import BASE, CLOCK, release

MEASURE = "smoking-status-recorded"
YEAR = "periodStart=2024-04-01&periodEnd=2025-03-31"
PLACES = [("A99001", "U99001", "QX1"), ("A99002", "U99001", "QX1"), ("A99003", "U99003", "QX2")]
ORGANISATION = "X-Organisation"


@pytest.fixture(scope="module")
def service(module_store: Store) -> FlaskClient:
    release(module_store, reporters=("A99001", "A99002", "A99003"), memberships=PLACES)

    def reader_of(request) -> Reader:
        return Reader("icb", {request.headers.get(ORGANISATION, "QX1")})

    return create_app(module_store, CLOCK, reader_of, public_url="https://numbers.example/").test_client()


def evaluate(service: FlaskClient, query: str, measure: str | None = MEASURE, **named):
    path = f"/fhir/Measure/{measure}/$evaluate-measure" if measure else "/fhir/Measure/$evaluate-measure"
    return service.get(f"{path}?{query}", **named)


@pytest.mark.parametrize(
    ("query", "measure"),
    [
        (f"{YEAR}&subject=Organization/ods-a99001", MEASURE),
        (f"{YEAR}&subject=ods-a99001&reportType=population", MEASURE),
        (f"{YEAR}&reporter=Organization/ods-a99001&reportType=summary", MEASURE),
        ("periodStart=2024-04&periodEnd=2025-03&subject=Organization/ods-a99001", MEASURE),
        (f"{YEAR}&subject=Organization/ods-a99001&measure={BASE}/Measure/{MEASURE}", None),
        (f"{YEAR}&subject=Organization/ods-a99001&measure={BASE}/Measure/{MEASURE}|2026.1", None),
    ],
)
def test_what_was_released_is_given(service, query, measure):
    answer = evaluate(service, query, measure)

    assert answer.status_code == 200, answer.json
    kept = service.get(f"/fhir/MeasureReport/{answer.json['id']}")
    assert answer.json == kept.json
    assert answer.json["reporter"]["identifier"]["value"] == "A99001"
    assert answer.json["measure"].startswith(f"{BASE}/Measure/{MEASURE}")


def test_it_may_be_asked_by_parameters(service):
    said = [("periodStart", "valueDate", "2024-04-01"), ("periodEnd", "valueDate", "2025-03-31")]
    parameters = [{"name": name, kind: value} for name, kind, value in said]
    parameters.append({"name": "subject", "valueReference": {"reference": "Organization/ods-a99001"}})
    body = {"resourceType": "Parameters", "parameter": parameters}
    answer = service.post(f"/fhir/Measure/{MEASURE}/$evaluate-measure", json=body)
    assert (answer.status_code, answer.json["resourceType"]) == (200, "MeasureReport")
    assert service.post(f"/fhir/Measure/{MEASURE}/$evaluate-measure", json=[7]).status_code == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("periodStart=2024-04-01&periodEnd=2024-09-30&subject=ods-a99001", 403),
        ("periodStart=2024-01-01&periodEnd=2025-12-31&subject=ods-a99001", 403),
        (f"{YEAR}&subject=Organization/ods-a99003", 403),
        (f"{YEAR}&subject=Organization/nobody", 403),
        (f"{YEAR}&subject=Patient/1", 403),
        (f"{YEAR}&subject=Group/1", 403),
        (f"{YEAR}&subject=ods-a99001&reportType=subject-list", 403),
        (f"{YEAR}&subject=ods-a99001&reportType=subject", 403),
        (f"{YEAR}&subject=ods-a99001&reportType=x", 400),
        (f"{YEAR}&subject=", 400),
        (YEAR, 400),
        ("subject=ods-a99001", 400),
        ("periodStart=2025-03-31&periodEnd=2024-04-01", 400),
        ("periodStart=0001&periodEnd=9999", 403),
        ("periodStart=soon&periodEnd=2025-03-31", 400),
        (f"{YEAR}&subject=a%00b", 400),
    ],
)
def test_what_was_not_released_is_refused(service, query, status):
    answer = evaluate(service, query)
    assert (answer.status_code, answer.json["resourceType"]) == (status, "OperationOutcome"), answer.json


def test_what_is_anothers_is_answered_as_what_is_not_there(service):
    theirs = evaluate(service, f"{YEAR}&subject=Organization/ods-a99003")
    nobodys = evaluate(service, f"{YEAR}&subject=Organization/nobody")
    assert (theirs.status_code, theirs.data) == (nobodys.status_code, nobodys.data)
    own = evaluate(service, f"{YEAR}&subject=Organization/ods-a99003", headers={ORGANISATION: "QX2"})
    assert own.status_code == 200


def test_a_measure_that_is_not_there_is_not_found(service):
    assert evaluate(service, YEAR, "no-such").status_code == 404
    assert evaluate(service, YEAR, None).status_code == 400


def test_links_begin_with_what_others_call(service):
    assert service.get("/fhir/MeasureReport").json["link"][0]["url"].startswith("https://numbers.example/fhir/")
    assert service.get("/fhir/metadata").json["implementation"]["url"] == "https://numbers.example/fhir"


def test_the_capability_statement_offers_it(service):
    [measure] = [one for one in service.get("/fhir/metadata").json["rest"][0]["resource"] if one["type"] == "Measure"]
    assert [one["name"] for one in measure["operation"]] == ["evaluate-measure"]

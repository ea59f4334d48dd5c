"""$data-requirements of what was released."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from hi_fhir.measures import registry
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.terminology.catalogue import load
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from tests.support.released import BASE, CLOCK, release

YEAR = "periodStart=2024-04-01&periodEnd=2025-03-31"
SMOKING, WITHIN = "smoking-status-recorded", "smoking-status-in-five-years"


@pytest.fixture(scope="module")
def service(module_store: Store) -> FlaskClient:
    release(module_store, measures=[SMOKING, WITHIN, "of-before"])
    measures = [replace(one, version="2026.1") for one in registry.load()]  # as the reports that are released here
    terminology = load()
    requirements = MeasureRequirements(BASE, measures, terminology)
    own = served_artifacts(BASE, measures, terminology)
    reader_of = everyone_is(Reader("icb"))
    return create_app(module_store, CLOCK, reader_of, definitions=own, requirements=requirements).test_client()


@pytest.mark.parametrize(
    "path",
    [
        f"Measure/{SMOKING}/$data-requirements?{YEAR}",
        f"Measure/$data-requirements?{YEAR}&measure={BASE}/Measure/{SMOKING}",
        f"Measure/$data-requirements?{YEAR}&measure={BASE}/Measure/{SMOKING}|2026.1",
        f"Measure/{SMOKING}/$data-requirements?periodStart=2024-04&periodEnd=2025-03",
    ],
)
def test_it_is_given_of_a_measure_and_of_the_type(service, path):
    answer = service.get(f"/fhir/{path}")

    assert (answer.status_code, answer.json["resourceType"]) == (200, "Library"), answer.json
    assert answer.json["type"]["coding"][0]["code"] == "module-definition"
    assert answer.json["effectivePeriod"] == {"start": "2024-04-01", "end": "2025-03-31"}
    asked = {f for one in answer.json["dataRequirement"] for f in [c["valueSet"] for c in one.get("codeFilter", ())]}
    assert any("/ValueSet/smoking-status|" in one for one in asked)
    for url, _, version in (one.partition("|") for one in asked):
        assert service.get(f"/fhir/ValueSet?url={url}&version={version}").json["total"] == 1


def test_it_may_be_asked_by_parameters(service):
    said = [{"name": name, "valueDate": day} for name, day in (("periodStart", "2024-04-01"), ("periodEnd", "2025"))]
    body = {"resourceType": "Parameters", "parameter": said}
    answer = service.post(f"/fhir/Measure/{SMOKING}/$data-requirements", json=body)
    assert (answer.status_code, answer.json["resourceType"]) == (200, "Library")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"Measure/$data-requirements?{YEAR}", 400),
        (f"Measure/$data-requirements?{YEAR}&measure={BASE}/Measure/nothing", 404),
        (f"Measure/nothing/$data-requirements?{YEAR}", 404),
        (f"Measure/of-before/$data-requirements?{YEAR}", 422),
        (f"Measure/{SMOKING}/$data-requirements", 400),
        (f"Measure/{SMOKING}/$data-requirements?periodStart=2025&periodEnd=2024", 400),
        (f"Measure/{WITHIN}/$data-requirements?periodStart=0001&periodEnd=0001", 400),
    ],
)
def test_what_cannot_be_told_is_refused(service, path, status):
    answer = service.get(f"/fhir/{path}")
    assert (answer.status_code, answer.json["resourceType"]) == (status, "OperationOutcome"), answer.json


def test_days_at_the_end_of_the_calendar_are_days(service):
    for days in ("periodStart=9999&periodEnd=9999", "periodStart=0001&periodEnd=9999"):
        assert service.get(f"/fhir/Measure/{SMOKING}/$data-requirements?{days}").status_code == 200

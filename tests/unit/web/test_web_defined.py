"""What reports name of our own is served beside them, whoever asks and whatever was released."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from hi_fhir.core.clock import FixedClock
from hi_fhir.measures import registry
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.terminology.catalogue import load
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is

BASE = "https://hi-fhir.example/fhir"
OWN = served_artifacts(BASE, registry.load(), load())


@pytest.fixture(scope="module")
def service(module_store: Store) -> FlaskClient:
    clock = FixedClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
    return create_app(module_store, clock, everyone_is(Reader("icb")), definitions=OWN).test_client()


@pytest.mark.parametrize("resource", OWN, ids=lambda one: f"{one['resourceType']}/{one['id']}")
def test_each_is_read_by_id_and_found_by_url(service, resource):
    read = service.get(f"/fhir/{resource['resourceType']}/{resource['id']}").json
    said = "&".join(f"{name}={resource[name]}" for name in ("url", "version", "status", "name"))
    found = service.get(f"/fhir/{resource['resourceType']}?{said}").json

    assert {name: read[name] for name in resource} == resource
    assert [entry["resource"]["id"] for entry in found["entry"]] == [resource["id"]]
    assert found["total"] == 1


def test_what_is_not_asked_for_is_not_found(service):
    for query in ("url=urn:nothing", "version=2", "status=draft", f"url={BASE}/CodeSystem/measure&_id=stratifier"):
        assert service.get(f"/fhir/CodeSystem?{query}").json["total"] == 0
    assert service.get("/fhir/StructureDefinition/nothing").status_code == 404


def test_pages_hold_all_of_them_once(service):
    url, ids = "/fhir/StructureDefinition?_count=10", []
    while url:
        page = service.get(url).json
        ids += [entry["resource"]["id"] for entry in page["entry"]]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)

    assert sorted(ids) == sorted(one["id"] for one in OWN if one["resourceType"] == "StructureDefinition")
    assert len(ids) == page["total"]


def test_the_capability_statement_tells_of_them(service):
    types = [one["type"] for one in service.get("/fhir/metadata").json["rest"][0]["resource"]]
    assert {"Group", "Measure", "MeasureReport", "Organization", *(one["resourceType"] for one in OWN)} == set(types)

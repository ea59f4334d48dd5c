"""Each name of ours in reports, and in what these name, stands for something that the service has."""

import json
from datetime import date
from functools import reduce
from typing import Any

import pytest
from flask.testing import FlaskClient

from hi_fhir.cohorts.lists import ListComparison, ListGroup
from hi_fhir.core.files import canonical_json
from hi_fhir.measures import registry
from hi_fhir.reports.definitions import measure_resource
from hi_fhir.store import ledger
from hi_fhir.store.session import Store
from hi_fhir.tables.standing import Standing, TypeState
from tests.support.evaluations import an_area
from tests.support.released import BASE, CLOCK, SYSTEM, release
from tests.support.reporting import SETTINGS, Note, released_reports
from tests.support.serving import names_of_ours, resolved, whole_service

MEASURES = registry.load()
PLACES = [("A99001", None, "QX1")]


@pytest.fixture(scope="module")
def service(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    ids = [measure.id for measure in MEASURES]
    release(module_store, measures=ids, reporters=["A99001"], memberships=PLACES)
    with module_store.write() as session:
        for measure in MEASURES:
            made = measure_resource(BASE, measure)
            new = ledger.NewMeasure(measure.id, made["url"], measure.version, "active", canonical_json(made))
            ledger.record_measure(session, new, CLOCK.at)
    return whole_service(module_store, tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def reports() -> list[dict[str, Any]]:
    """Reports that say much; what those of other measures say stands in test_reports_definitions."""
    areas = [an_area("A99001"), an_area("A99002", pcn=None)]
    lists = ListComparison(date(2025, 4, 1), [ListGroup("A99001", "all", "all", 9, 200)], ["A99002"])
    wanting = [Standing("main", type_, TypeState.NOT_UNDERSTOOD) for type_ in ("Patient", "Condition")]
    told: dict[str, Any] = {"areas": areas, "people": 9, "notes": [Note("elm", "x")], "lists": lists}
    found = [
        one
        for measure in registry.load(["hypertension-treated-to-target-under-80"])
        for state, lost in (("full", []), (None, wanting))
        for one in released_reports("icb", measure=measure, state=state, wanting=lost, **told).reports.values()
    ]
    ours = [(f"{SETTINGS.base}/", f"{BASE}/"), (SETTINGS.identifier_system, SYSTEM)]
    texts = [reduce(lambda text, names: text.replace(*names), ours, json.dumps(one)) for one in found]
    return [json.loads(text) for text in texts]


def test_each_name_in_reports_resolves(service: FlaskClient, reports: list[dict[str, Any]]) -> None:
    names = {name for report in reports for name in names_of_ours(report, BASE)}
    assert SYSTEM in names
    assert len(names) > 20
    names |= {f"{BASE}/Measure/{measure.id}|{measure.version}" for measure in MEASURES}

    assert [name for name in sorted(names) if resolved(service, name, BASE) is None] == []


def test_each_name_in_what_is_served_resolves(service: FlaskClient) -> None:
    names = set()
    for one in service.get("/fhir/metadata").json["rest"][0]["resource"]:
        url = f"/fhir/{one['type']}" if one["type"] not in ("MeasureReport", "Group", "Subscription") else None
        while url:
            page = service.get(url).json
            names |= {name for entry in page.get("entry", ()) for name in names_of_ours(entry["resource"], BASE)}
            url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)

    assert [name for name in sorted(names) if resolved(service, name, BASE) is None] == []

"""A Group tells of the people of a report what that report tells, and only to who may have the report."""

import pytest
from flask import Request
from flask.testing import FlaskClient

from hi_fhir.core.files import canonical_json
from hi_fhir.fhir.resources import round_trip
from hi_fhir.measures import registry
from hi_fhir.reports.artifacts.groups import group_resource
from hi_fhir.reports.definitions import measure_resource
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from tests.support.released import BASE, CLOCK, ODS, release
from tests.support.reporting import SETTINGS, released_reports

PLACES = [("A99001", None, "QX1"), ("A99002", None, "QX2")]
ORGANISATION = "X-Organisation"
MEASURE = registry.load(["smoking-status-recorded"])[0]


@pytest.fixture(scope="module")
def service(module_store: Store) -> FlaskClient:
    for count in (100, 105):
        release(module_store, reporters=("A99001", "A99002"), count=count, memberships=PLACES)

    def reader_of(request: Request) -> Reader:
        return Reader("icb", {request.headers.get(ORGANISATION, "QX1")})

    return create_app(module_store, CLOCK, reader_of).test_client()


def test_each_report_has_a_group_of_its_size_and_versions(service):
    reports = service.get("/fhir/MeasureReport").json["entry"]
    groups = service.get("/fhir/Group").json["entry"]

    assert [one["resource"]["id"] for one in groups] == [one["resource"]["id"] for one in reports]
    assert {one["resource"]["quantity"] for one in groups} == {105}
    path = f"/fhir/Group/{groups[0]['resource']['id']}"
    assert service.get(path).json == groups[0]["resource"]
    assert [service.get(f"{path}/_history/{number}").json["quantity"] for number in (1, 2)] == [100, 105]
    assert len(service.get(f"{path}/_history").json["entry"]) == 2


@pytest.mark.parametrize(
    ("query", "total"),
    [
        (f"managing-entity:identifier={ODS}|A99001", 2),
        ("managing-entity=Organization/ods-a99001", 2),
        (f"managing-entity:identifier={ODS}|A99002", 0),
        ("_id=nothing", 0),
        ("_summary=count", 2),
    ],
)
def test_groups_are_searched_by_whose_they_are(service, query, total):
    assert service.get(f"/fhir/Group?{query}").json["total"] == total


def test_what_is_anothers_is_not_there(service):
    mine = service.get("/fhir/Group").json["entry"][0]["resource"]["id"]
    for path in (mine, f"{mine}/_history", f"{mine}/_history/1"):
        assert service.get(f"/fhir/Group/{path}").status_code == 200
        assert service.get(f"/fhir/Group/{path}", headers={ORGANISATION: "QX2"}).status_code == 404


@pytest.mark.parametrize("audience", ["practice", "icb"])
def test_a_real_report_gives_a_group_that_says_who_and_how_many(audience):
    measure = measure_resource(SETTINGS.base, MEASURE)
    for report in released_reports(audience, measure=MEASURE).reports.values():
        [initial] = [one for one in report["group"][0]["population"] if "initial" in str(one["code"])]
        group = group_resource(report, measure)

        round_trip(group)
        assert group.get("quantity") == initial.get("count")
        assert group.get("_quantity") == initial.get("_count")
        assert group["managingEntity"] == report["reporter"]
        [who] = group["characteristic"]
        assert who["valueCodeableConcept"]["text"] == measure["group"][0]["population"][0]["criteria"]["expression"]


def test_what_is_masked_in_a_report_is_masked_in_its_group():
    masked = {"_count": {"extension": [{"url": "x", "valueCode": "masked"}]}}
    report = {
        "id": "r",
        "measure": f"{BASE}/Measure/m|1",
        "period": {},
        "reporter": {"identifier": {"value": "A"}},
        "group": [{"population": [{"code": {"coding": [{"code": "initial-population"}]}, **masked}]}],
    }

    group = group_resource(report, None)

    assert group["_quantity"] == masked["_count"]
    assert "quantity" not in group
    assert canonical_json(group_resource({**report, "group": []}, {})).count(b"uantity") == 0

"""The CapabilityStatement is held against the running service: what it claims works, and what works it claims."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from hi_fhir.fhir.resources import round_trip
from hi_fhir.fhir.rest.declarations import PARAMETERS, elements_at
from hi_fhir.store.session import Store
from tests.support.released import BASE, release
from tests.support.serving import whole_service
from tests.support.subscribing import subscription

Json = dict[str, Any]
YEAR = "periodStart=2024-04-01&periodEnd=2025-03-31"
SMOKING = f"{BASE}/Measure/smoking-status-recorded"
PLACES = [("A99001", None, "QX1")]
HOOK = "https://icb.example/hook"


@pytest.fixture(scope="module")
def service(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    for count in (100, 105):
        release(module_store, reporters=("A99001",), memberships=PLACES, count=count)
    found = whole_service(module_store, tmp_path_factory.mktemp("keys"), version="2026.1")
    assert found.post("/fhir/Subscription", json=subscription(HOOK)).status_code == 201
    return found


@pytest.fixture(scope="module")
def statement(service: FlaskClient) -> Json:
    return service.get("/fhir/metadata").json


def claimed(statement: Json) -> Iterator[tuple[str, Json]]:
    for one in statement["rest"][0]["resource"]:
        yield one["type"], one


def instances(service: FlaskClient, type_: str) -> list[Json]:
    return [one["resource"] for one in service.get(f"/fhir/{type_}").json["entry"]]


def works(service: FlaskClient, type_: str) -> dict[str, Callable[[], bool]]:
    """Interaction to whether it works, tried on what a search finds first."""
    [*_, last] = instances(service, type_)
    path, version = f"/fhir/{type_}/{last['id']}", last["meta"]["versionId"]
    return {
        "search-type": lambda: True,
        "read": lambda: service.get(path).json["id"] == last["id"],
        "vread": lambda: service.get(f"{path}/_history/{version}").data == service.get(path).data,
        "history-instance": lambda: service.get(f"{path}/_history").json["type"] == "history",
        "create": lambda: service.post(f"/fhir/{type_}", json=subscription(HOOK)).status_code == 201,
        "update": lambda: service.put(path, json=subscription(HOOK) | {"id": last["id"]}).status_code == 200,
        "delete": lambda: service.delete(path).status_code == 204,
    }


def test_it_is_a_capability_statement_of_other_peoples_models(statement: Json) -> None:
    round_trip(statement)


def test_each_interaction_that_is_claimed_works_and_no_other(service: FlaskClient, statement: Json) -> None:
    for type_, one in claimed(statement):
        said = {interaction["code"] for interaction in one["interaction"]}
        for code, try_it in works(service, type_).items():
            if code in said:
                assert try_it(), (type_, code)
            elif code in ("create", "update", "delete"):
                assert service.post(f"/fhir/{type_}", json={}).status_code == 405
        assert one["readHistory"] == ("history-instance" in said)


def test_each_parameter_that_is_claimed_finds_what_has_its_value(service: FlaskClient, statement: Json) -> None:
    for type_, one in claimed(statement):
        found = instances(service, type_)
        for parameter in one["searchParam"]:
            values = {resource["id"]: value_of(resource, parameter["name"]) for resource in found}
            id_, value = next(((id_, value) for id_, value in values.items() if value), (None, None))
            answer = service.get(f"/fhir/{type_}", query_string={parameter["name"]: value or "2020"})
            assert answer.status_code == 200, (type_, parameter["name"], answer.json)
            if value:
                ids = [entry["resource"]["id"] for entry in answer.json.get("entry", ())]
                assert id_ in ids, (type_, parameter["name"], value)


def value_of(resource: Json, name: str) -> str | None:
    """What a search by the parameter would be given to find the resource."""
    [parameter] = [one for one in PARAMETERS[resource["resourceType"]] if one.name == name]
    element = next(iter(parameter.elements(resource)), None)
    if isinstance(element, dict) and "start" in element:
        return f"ge{element['start']}"
    if isinstance(element, dict):
        coding = next(iter(elements_at(element, "coding")), element)
        element = coding.get("code") or coding.get("value") or coding.get("reference")
    return element if isinstance(element, str) else None


def test_a_parameter_that_is_not_claimed_is_refused(service: FlaskClient, statement: Json) -> None:
    for type_, one in claimed(statement):
        names = {parameter["name"] for parameter in one["searchParam"]}
        assert len(names) == len(one["searchParam"])
        assert service.get(f"/fhir/{type_}?no-such=1").status_code == 400


def test_each_operation_that_is_claimed_works_where_its_definition_says(service: FlaskClient, statement: Json) -> None:
    ids = {type_: instances(service, type_)[-1]["id"] for type_ in ("Measure", "Subscription")}
    defined = {one["url"]: one for one in instances(service, "OperationDefinition")}
    defined |= {one["base"]: one for one in instances(service, "OperationDefinition")}
    called = 0
    for type_, one in claimed(statement):
        for operation in one.get("operation", ()):
            definition = defined[operation["definition"]]
            assert definition["code"] == operation["name"]
            query = f"{YEAR}&measure={SMOKING}&subject=Organization/ods-a99001" if type_ == "Measure" else ""
            for place, is_offered in ((type_, "type"), (f"{type_}/{ids[type_]}", "instance")):
                answer = service.get(f"/fhir/{place}/${operation['name']}?{query}")
                expected = definition["parameter"][-1]["type"] if definition[is_offered] else "OperationOutcome"
                assert answer.json["resourceType"] == expected, (place, operation, answer.json)
                called += 1
    assert called == 2 * len(instances(service, "OperationDefinition"))


def test_each_type_that_is_not_claimed_is_not_there(service: FlaskClient, statement: Json) -> None:
    said = dict(claimed(statement))
    for type_ in PARAMETERS.keys() - said.keys():
        assert service.get(f"/fhir/{type_}").status_code == 404
        assert service.get(f"/fhir/{type_}/1").status_code == 404


def test_each_route_is_of_something_that_is_claimed(service: FlaskClient, statement: Json) -> None:
    operations = {operation["name"] for _, one in claimed(statement) for operation in one.get("operation", ())}
    operations |= {operation["name"] for operation in statement["rest"][0]["operation"]}
    for rule in service.application.url_map.iter_rules():
        named = [part[1:] for part in rule.rule.split("/") if part.startswith("$")]
        assert {*named} <= operations

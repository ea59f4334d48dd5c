from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests

from hi_fhir.sandbox.server import Running, serve
from tests.support.fhir_records import a_patient, an_organisation

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
REPORTS = "urn:example:reports"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with serve([an_organisation("oak", "A99901"), a_patient("ann")], port=0, data_date=date(2025, 4, 2)) as running:
        yield running


def send(sandbox: Running, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    content = {"Content-Type": "application/fhir+json"} if body is not None else {}
    url = f"{sandbox.base_url}/{path}".rstrip("/")
    return requests.request(method, url, json=body, headers={**content, **headers}, timeout=5)


def a_report(value: str, **fields: Any) -> dict[str, Any]:
    return {"resourceType": "MeasureReport", "identifier": [{"system": REPORTS, "value": value}], **fields}


def an_entry(method: str, url: str, resource: Any = None, **fields: Any) -> dict[str, Any]:
    request = {"method": method, "url": url} | {name: fields.pop(name) for name in ("ifNoneExist",) if name in fields}
    return {"request": request, **({"resource": resource} if resource else {}), **fields}


def a_bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_what_is_created_is_at_its_location(sandbox):
    made = send(sandbox, "POST", "Patient", {"resourceType": "Patient", "id": "mine"})

    there = requests.get(made.headers["Location"].split("/_history/")[0], timeout=5)
    assert made.status_code == 201
    assert (made.headers["ETag"], made.headers["Location"][-11:]) == ('W/"1"', "/_history/1")
    assert there.json()["meta"] == {"versionId": "1", "lastUpdated": "2025-04-02T12:00:00.000+00:00"}
    assert there.json()["id"] != "mine"


def test_a_create_on_condition_happens_once(sandbox):
    condition = f"identifier={REPORTS}|a"

    first = send(sandbox, "POST", "MeasureReport", a_report("a"), **{"If-None-Exist": condition})
    again = send(sandbox, "POST", "MeasureReport", a_report("a"), **{"If-None-Exist": condition})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


def test_an_update_makes_a_version_only_where_something_changed(sandbox):
    path = f"MeasureReport?identifier={REPORTS}|a"

    made = send(sandbox, "PUT", path, a_report("a", status="complete"))
    same = send(sandbox, "PUT", path, a_report("a", status="complete"))
    changed = send(sandbox, "PUT", path, a_report("a", status="error"))

    assert [answer.status_code for answer in (made, same, changed)] == [201, 200, 200]
    assert [answer.headers["ETag"] for answer in (made, same, changed)] == ['W/"1"', 'W/"1"', 'W/"2"']


def test_a_condition_with_several_matches_is_refused(sandbox):
    for _ in range(2):
        send(sandbox, "POST", "MeasureReport", a_report("twin"))

    answer = send(sandbox, "PUT", f"MeasureReport?identifier={REPORTS}|twin", a_report("twin"))

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (412, "duplicate")


def test_an_update_at_another_version_than_named_is_refused(sandbox):
    stale = send(sandbox, "PUT", "Patient/ann", a_patient("ann", active=True), **{"If-Match": 'W/"7"'})
    current = send(sandbox, "PUT", "Patient/ann", a_patient("ann", active=True), **{"If-Match": 'W/"1"'})

    assert (stale.status_code, current.status_code) == (412, 200)


def test_what_is_deleted_is_gone_and_can_come_back(sandbox):
    assert send(sandbox, "DELETE", "Patient/ann").status_code == 204
    assert send(sandbox, "GET", "Patient/ann").status_code == 410
    assert "entry" not in send(sandbox, "GET", "Patient").json()

    back = send(sandbox, "PUT", "Patient/ann", a_patient("ann"))

    assert (back.status_code, back.headers["ETag"]) == (201, 'W/"2"')


def test_a_write_is_found_by_the_next_search(sandbox):
    before = send(sandbox, "GET", "Patient?_summary=count").json()["total"]
    send(sandbox, "PUT", "Patient/bob", a_patient("bob"))

    assert send(sandbox, "GET", "Patient?_summary=count").json()["total"] == before + 1


def test_minimal_preference_leaves_the_body_out(sandbox):
    answer = send(sandbox, "PUT", "Patient/bob", a_patient("bob"), Prefer="return=minimal")

    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["ETag"] == 'W/"1"'


def test_a_transaction_resolves_what_its_entries_say_of_each_other(sandbox):
    report = a_report("a", reporter={"reference": "urn:uuid:reporter"})
    bundle = a_bundle(
        an_entry("PUT", f"MeasureReport?identifier={REPORTS}|a", report),
        an_entry(
            "POST",
            "Organization",
            an_organisation("x", "A99901"),
            ifNoneExist=f"identifier={ODS}|A99901",
            fullUrl="urn:uuid:reporter",
        ),
    )

    answers = send(sandbox, "POST", "", bundle).json()["entry"]

    location = answers[0]["response"]["location"].split("/_history/")[0]
    assert [entry["response"]["status"] for entry in answers] == ["201 Created", "200 OK"]
    assert answers[1]["response"]["location"] == "Organization/oak/_history/1"
    assert send(sandbox, "GET", location).json()["reporter"] == {"reference": "Organization/oak"}


def test_a_transaction_happens_whole_or_not_at_all(sandbox):
    for _ in range(2):
        send(sandbox, "POST", "MeasureReport", a_report("twin"))
    bundle = a_bundle(
        an_entry("DELETE", "Patient/ann"),
        an_entry("PUT", f"MeasureReport?identifier={REPORTS}|twin", a_report("twin")),
    )

    assert send(sandbox, "POST", "", bundle).status_code == 412
    assert send(sandbox, "GET", "Patient/ann").status_code == 200


def test_a_batch_costs_no_entry_for_another(sandbox):
    bundle = a_bundle(
        an_entry("PUT", "Starship/1", {"resourceType": "Starship", "id": "1"}),
        an_entry("PUT", "Patient/bob", a_patient("bob")),
        kind="batch",
    )

    answers = send(sandbox, "POST", "", bundle).json()["entry"]

    assert [entry["response"]["status"] for entry in answers] == ["404", "201 Created"]
    assert answers[0]["response"]["outcome"]["resourceType"] == "OperationOutcome"


def test_two_entries_may_not_write_the_same_resource(sandbox):
    bundle = a_bundle(*[an_entry("PUT", f"MeasureReport?identifier={REPORTS}|a", a_report("a"))] * 2)

    answer = send(sandbox, "POST", "", bundle)

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "duplicate")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "Patient", {"resourceType": "Observation"}, 400),
        ("PUT", "Patient/ann", {"resourceType": "Patient", "id": "bob"}, 400),
        ("PUT", "Patient", {"resourceType": "Patient"}, 400),
        ("PUT", f"MeasureReport?identifier={REPORTS}|a", a_report("b"), 400),
        ("PUT", "MeasureReport?_count=1", a_report("b"), 400),
        ("POST", "", {"resourceType": "Bundle", "type": "searchset"}, 400),
        ("POST", "", a_bundle({"resource": a_patient("bob")}), 400),
        ("POST", "", a_bundle(an_entry("PATCH", "Patient/ann", a_patient("ann"))), 400),
        ("POST", "", ["not", "a", "bundle"], 400),
        ("POST", "Starship", {"resourceType": "Starship"}, 404),
        ("PATCH", "Patient/ann", {}, 405),
    ],
)
def test_what_cannot_be_written_is_told(sandbox, method, path, body, status):
    answer = send(sandbox, method, path, body)

    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize(("kind", "body", "status"), [("text/plain", b"{}", 415), ("application/json", b"{", 400)])
def test_a_body_that_is_not_json_is_told(sandbox, kind, body, status):
    answer = requests.post(f"{sandbox.base_url}/Patient", data=body, headers={"Content-Type": kind}, timeout=5)

    assert answer.status_code == status

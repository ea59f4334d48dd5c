"""`$export`: all reports of a client as NDJSON, settled when it is asked for, and given to that client alone."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web import export_api
from hi_fhir.web.app import create_app
from tests.support.released import CLOCK, release
from tests.support.subscribing import HandClock

ASYNC = {"Prefer": "respond-async", "Accept": "application/fhir+json"}
PLACES = [("A99001", "U99001", "QX1"), ("A99002", "U99001", "QX1"), ("A99003", "U99002", "QX2")]
REPORTERS = ("A99001", "A99002", "A99003")


@pytest.fixture
def clock() -> HandClock:
    return HandClock(CLOCK.at)


@pytest.fixture
def client(store: Store, clock: HandClock) -> FlaskClient:
    release(store, reporters=REPORTERS, memberships=PLACES)

    def reader_of(request: Request) -> Reader:
        return Reader("icb", {request.headers.get("X-Organisation", "QX1")})

    return create_app(store, clock, reader_of).test_client()


def begun(client: FlaskClient, query: str = "", **headers: str) -> str:
    """The path of the status of an export."""
    answer = client.get(f"/fhir/$export{query}", headers={**ASYNC, **headers})
    assert answer.status_code == 202, answer.text
    return answer.headers["Content-Location"].removeprefix("http://localhost")


def lines(answer: TestResponse) -> Iterator[dict]:
    return map(json.loads, answer.data.splitlines())


def files(client: FlaskClient, status: str, **headers: str) -> list[dict]:
    manifest = client.get(status, headers=headers).json
    found = []
    for output in manifest["output"]:
        path = output["url"].removeprefix("http://localhost")
        answer = client.get(path, headers={"Accept": "application/fhir+ndjson", **headers})
        assert (answer.status_code, answer.mimetype) == (200, "application/fhir+ndjson")
        found += lines(answer)
    return found


def test_it_has_every_report_that_its_client_may_have_and_no_other(client: FlaskClient) -> None:
    status = begun(client)
    manifest = client.get(status)
    assert (manifest.status_code, manifest.mimetype) == (200, "application/json")
    assert manifest.json["request"] == "http://localhost/fhir/$export"
    assert (manifest.json["requiresAccessToken"], manifest.json["error"]) == (False, [])
    assert datetime.fromisoformat(manifest.json["transactionTime"]) == CLOCK.at
    [output] = manifest.json["output"]
    found = files(client, status)
    assert (output["type"], output["count"]) == ("MeasureReport", len(found))
    searched = client.get("/fhir/MeasureReport").json
    assert sorted(one["id"] for one in found) == sorted(one["resource"]["id"] for one in searched["entry"])
    assert found[0] == client.get(f"/fhir/MeasureReport/{found[0]['id']}").json


def test_parts_are_as_many_as_are_needed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_api, "_PART", 3)
    monkeypatch.setattr(export_api, "_AT_ONCE", 2)
    status = begun(client)
    assert [one["count"] for one in client.get(status).json["output"]] == [3, 1]
    assert len({one["id"] for one in files(client, status)}) == 4
    assert client.get(f"{status}/2.ndjson").status_code == 404


def test_a_file_goes_as_gzip_to_who_takes_it(client: FlaskClient) -> None:
    status = begun(client)
    plain = client.get(f"{status}/0.ndjson").data
    packed = client.get(f"{status}/0.ndjson", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain


def test_what_is_released_later_is_in_the_next_one(client: FlaskClient, store: Store, clock: HandClock) -> None:
    first = begun(client)
    at = client.get(first).json["transactionTime"]
    clock.at += timedelta(hours=1)
    release(store, reporters=("A99001",), measures=("sex-recorded",), memberships=PLACES)
    assert len(files(client, first)) == 4
    assert len(files(client, begun(client))) == 5
    later = (datetime.fromisoformat(at) + timedelta(days=400)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    none = begun(client, f"?_since={later}")
    assert client.get(none).json["output"] == []


def test_right_is_looked_at_again_when_a_file_is_fetched(client: FlaskClient, store: Store) -> None:
    status = begun(client)
    release(store, reporters=("A99003",), memberships=[("A99001", "U99002", "QX2")])  # belongs elsewhere since
    assert len(client.get(f"{status}/0.ndjson").data.splitlines()) == 2


def test_another_client_has_no_such_export(client: FlaskClient) -> None:
    status = begun(client)
    for path in (status, f"{status}/0.ndjson"):
        answer = client.get(path, headers={"X-Organisation": "QX2"})
        nothing = client.get(path.replace(status, "/fhir/$export/none"), headers={"X-Organisation": "QX2"})
        assert (answer.status_code, answer.data) == (nothing.status_code, nothing.data) == (404, answer.data)
    assert client.delete(status, headers={"X-Organisation": "QX2"}).status_code == 404
    assert client.get(status).status_code == 200


def test_it_can_be_ended_and_is_over_after_a_day(client: FlaskClient, clock: HandClock) -> None:
    ended, over = begun(client), begun(client)
    assert client.delete(ended).status_code == 202
    answer = client.get(ended)
    assert (answer.status_code, answer.json["resourceType"]) == (404, "OperationOutcome")
    assert client.get(over).headers["Expires"] == "Thu, 03 Apr 2025 12:00:00 GMT"
    clock.at += timedelta(days=1)
    assert client.get(over).status_code == 404


def test_a_client_has_so_many_at_a_time(client: FlaskClient) -> None:
    made = [begun(client) for _ in range(5)]
    refused = client.get("/fhir/$export", headers=ASYNC)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    begun(client, **{"X-Organisation": "QX2"})
    client.delete(made[0])
    begun(client)


@pytest.mark.parametrize(
    ("query", "prefer"),
    [
        ("", "handling=lenient"),
        ("?_type=Patient", "respond-async"),
        ("?_type=MeasureReport,Patient", "respond-async"),
        ("?_since=yesterday", "respond-async"),
        ("?_outputFormat=text/csv", "respond-async"),
        ("?_typeFilter=MeasureReport%3Fstatus%3Dcomplete", "respond-async"),
    ],
)
def test_what_it_has_not_is_refused(client: FlaskClient, query: str, prefer: str) -> None:
    answer = client.get(f"/fhir/$export{query}", headers={**ASYNC, "Prefer": prefer})
    assert (answer.status_code, answer.json["resourceType"]) == (400, "OperationOutcome")


def test_a_client_may_have_what_it_has_not_passed_over(client: FlaskClient) -> None:
    status = begun(client, "?_type=MeasureReport,Patient&_elements=id", Prefer="respond-async, handling=lenient")
    assert len(files(client, status)) == 4

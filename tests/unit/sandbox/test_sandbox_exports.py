import gzip
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pytest
import requests

from hi_fhir.sandbox.server import Running, serve
from tests.support.fhir_records import SNOMED, a_patient, an_observation, an_organisation

ASYNC = {"Prefer": "respond-async", "Accept": "application/fhir+json"}


@pytest.fixture
def sandbox() -> Iterator[Running]:
    resources = [
        an_organisation("oak", "A99901"),
        a_patient("ann", meta={"lastUpdated": "2025-01-01T00:00:00Z"}),
        a_patient("bob", meta={"lastUpdated": "2025-03-01T00:00:00Z"}),
        an_observation("smoking", "266919005", of="ann"),
        an_observation("bmi", "60621009", of="bob"),
    ]
    with serve(resources, port=0, data_date=date(2025, 4, 2)) as running:
        yield running


def begin(sandbox: Running, path: str, **params: Any) -> str:
    """The status URL of an export that was accepted."""
    answer = requests.get(f"{sandbox.base_url}/{path}", params=params, headers=ASYNC, timeout=5)
    assert answer.status_code == 202, answer.text
    return answer.headers["Content-Location"]


def manifest_of(status: str) -> dict[str, Any]:
    assert requests.get(status, timeout=5).status_code == 202
    return requests.get(status, timeout=5).json()


def files(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """Ids by type, as the files have them."""
    found: dict[str, list[str]] = {}
    for output in manifest["output"]:
        lines = requests.get(output["url"], timeout=5).content.splitlines()
        assert len(lines) == output["count"]
        found.setdefault(output["type"], []).extend(orjson.loads(line)["id"] for line in lines)
    return found


def test_a_system_export_has_every_type(sandbox):
    found = files(manifest_of(begin(sandbox, "$export", _type="Patient,Observation,Organization,Condition")))

    assert found == {"Patient": ["ann", "bob"], "Observation": ["smoking", "bmi"], "Organization": ["oak"]}


@pytest.mark.parametrize("path", ["Patient/$export", "Group/all/$export"])
def test_an_export_of_patients_has_their_compartment_only(sandbox, path):
    assert files(manifest_of(begin(sandbox, path))) == {"Patient": ["ann", "bob"], "Observation": ["smoking", "bmi"]}


def test_an_export_is_polled_until_it_is_done(sandbox):
    status = begin(sandbox, "$export", _type="Patient")

    first, second = requests.get(status, timeout=5), requests.get(status, timeout=5)

    assert (first.status_code, first.headers["Retry-After"]) == (202, "1")
    assert first.headers["X-Progress"]
    assert (second.status_code, second.headers["Content-Type"]) == (200, "application/json")


def test_the_manifest_is_of_the_data_date(sandbox):
    manifest = manifest_of(begin(sandbox, "$export", _type="Patient"))

    assert manifest["transactionTime"] == "2025-04-02T12:00:00.000+00:00"
    assert manifest["request"] == f"{sandbox.base_url}/$export?_type=Patient"
    assert (manifest["requiresAccessToken"], manifest["deleted"], manifest["error"]) == (False, [], [])


def test_a_type_filter_is_honoured_and_may_repeat(sandbox):
    filters = [f"Observation?code={SNOMED}%7C60621009", "Observation?code=266919005&patient=bob"]

    manifest = manifest_of(begin(sandbox, "Patient/$export", _type="Patient,Observation", _typeFilter=filters))

    assert files(manifest) == {"Patient": ["ann", "bob"], "Observation": ["bmi"]}


def test_since_gives_what_is_newer_and_what_was_deleted(sandbox):
    requests.delete(f"{sandbox.base_url}/Patient/ann", timeout=5)

    manifest = manifest_of(begin(sandbox, "$export", _type="Patient", _since="2025-02-01T00:00:00Z"))

    assert files(manifest) == {"Patient": ["bob"]}
    deleted = requests.get(manifest["deleted"][0]["url"], timeout=5).json()
    assert deleted["entry"] == [{"request": {"method": "DELETE", "url": "Patient/ann"}}]


def test_files_come_compressed_when_asked_for(sandbox):
    url = manifest_of(begin(sandbox, "$export", _type="Patient"))["output"][0]["url"]

    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=5)
    with requests.get(url, headers={"Accept-Encoding": "gzip"}, timeout=5, stream=True) as packed:
        body = packed.raw.read(decode_content=False)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == plain.content


def test_an_export_that_is_deleted_is_gone(sandbox):
    status = begin(sandbox, "$export", _type="Patient")

    assert requests.delete(status, timeout=5).status_code == 202
    gone = requests.get(status, timeout=5)

    assert (gone.status_code, gone.json()["resourceType"]) == (404, "OperationOutcome")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("$export", {}, 400),
        ("$export?_type=Starship", ASYNC, 400),
        ("Patient/$export?_type=Organization", ASYNC, 400),
        ("$export?_elements=id", ASYNC, 400),
        ("$export?_outputFormat=csv", ASYNC, 400),
        ("Group/some/$export", ASYNC, 404),
        ("Binary/job-9-1-0", {}, 404),
    ],
)
def test_what_is_not_served_is_told(sandbox, path, headers, status):
    answer = requests.get(f"{sandbox.base_url}/{path}", headers=headers, timeout=5)

    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")

"""People planted to be looked for: nothing about them may be published, printed, logged, told in an error or a URL."""

import logging
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
import requests

from hi_fhir.cli.main import run_command
from hi_fhir.sandbox import render, server
from hi_fhir.sandbox.folder import write_folder
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.model import DATA_DATE

CANARIES = {
    "patient id": "canary-patient-7731",
    "record id": "canary-record-4410",
    "NHS number": "9999999468",
    "family name": "Quillcanary",
    "given name": "Wrencanary",
    "postcode": "ZX9 9QK",
    "postcode without space": "ZX99QK",
    "birth date": "1931-07-19",
    "free text": "canaryfreetext",
}
PEOPLE = make_people(20, seed=5)
MEASURES = "smoking-status-recorded,encounter-reason-coded"
PERIOD = "2024-04-01..2025-03-31"
_SNOMED = "http://snomed.info/sct"


def _patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": CANARIES["patient id"],
        "meta": {"lastUpdated": "2025-04-01T09:00:00Z"},
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": CANARIES["NHS number"]}],
        "name": [{"family": CANARIES["family name"], "given": [CANARIES["given name"]]}],
        "gender": "female",
        "birthDate": CANARIES["birth date"],
        "address": [{"use": "home", "line": [CANARIES["free text"]], "postalCode": CANARIES["postcode"]}],
        "generalPractitioner": [
            {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "XP001"}}
        ],
    }


def _observation(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": CANARIES["record id"],
        "meta": {"lastUpdated": "2025-04-01T09:00:00Z"},
        "status": "final",
        "subject": {"reference": f"Patient/{CANARIES['patient id']}", "display": CANARIES["family name"]},
        "code": {"coding": [{"system": _SNOMED, "code": "266919005"}], "text": CANARIES["free text"]},
        "effectiveDateTime": "2025-01-05",
        "note": [{"text": CANARIES["free text"]}],
        **changes,
    }


def _malformed() -> list[bytes]:
    """Lines whose faults sit on the canaries, so that a careless error would quote them."""
    wrong = [
        {**_patient(), "birthDate": [CANARIES["birth date"]]},
        {**_patient(), "birthDate": f"{CANARIES['birth date']}x"},
        {**_patient(), "gender": {"value": CANARIES["family name"]}},
        _observation(status=[CANARIES["free text"]]),
        _observation(subject={"reference": CANARIES["patient id"]}),
        _observation(valueQuantity={"value": CANARIES["NHS number"]}),
        _observation(effectiveDateTime=f"{CANARIES['birth date']}T25:00:00Z"),
    ]
    return [orjson.dumps(line) for line in wrong] + [orjson.dumps(_patient())[:-20]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every URL that is asked for."""
    urls: list[str] = []
    send = requests.Session.send

    def recorded(self: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        urls.append(f"{request.method} {request.url}")
        return send(self, request, **how)

    monkeypatch.setattr(requests.Session, "send", recorded)
    return urls


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the sandbox brings beside its FHIR; settings of this test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HI_FHIR_KEY_FILE", str(tmp_path / "keys" / "identity.key"))
    monkeypatch.setenv("HI_FHIR_WORKERS", "1")
    monkeypatch.setenv("HI_FHIR_PAGE_SIZE", "50")
    monkeypatch.setenv("HI_FHIR_PUBLISH_PRACTICE", "XP001")
    write_folder(tmp_path / "sandbox", PEOPLE, gz=False)
    return tmp_path / "sandbox"


def _resources() -> Iterator[dict[str, Any]]:
    return chain(render.organisation_resources(), *map(render.resources, PEOPLE), [_patient(), _observation()])


def _published(base: str) -> str:
    return "".join(
        requests.get(f"{base}/{type_}?_count=1000", timeout=30).text
        for type_ in ("MeasureReport", "Measure", "Organization")
    )


def _kept(data_dir: Path) -> dict[str, str]:
    """What stands in the data folder apart from the practice's own tables, received lines and the way back."""
    files = [path for path in data_dir.rglob("*") if path.is_file() and path.suffix not in {".parquet", ".zst"}]
    return {str(path.relative_to(data_dir)): path.read_bytes().decode("utf-8", errors="replace") for path in files}


def _hunt(places: dict[str, str]) -> list[str]:
    return [
        f"{name} in {place}"
        for place, text in places.items()
        for name, canary in CANARIES.items()
        if canary.lower() in text.lower()
    ]


@pytest.mark.parametrize("audience", [pytest.param("practice", marks=pytest.mark.slow), "icb"])
def test_canaries_of_a_server_stay_in_the_tables(
    audience: str,
    beside: Path,
    tmp_path: Path,
    asked: list[str],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    data_dir, events = tmp_path / "data", tmp_path / "events.jsonl"
    with (
        server.serve(_resources(), port=0, data_date=DATA_DATE) as source,
        server.serve([], port=0, data_date=DATA_DATE) as target,
    ):
        code = run_command(
            [
                *("--log", str(events)),
                *("run", "--source", source.base_url, "--period", PERIOD, "--data-dir", str(data_dir), "--json"),
                *("--overlay", str(beside / "overlay"), "--audience", audience, "--publish", target.base_url),
                *("--measures", MEASURES),
            ]
        )
        published = _published(target.base_url)
    assert code == 0
    assert '"MeasureReport"' in published
    identities = pq.read_table(data_dir / "identity" / "main.parquet")["source_patient_id"].to_pylist()
    assert CANARIES["patient id"] in identities
    for command in ("status", "quarantine", "doctor"):
        run_command([command, "--data-dir", str(data_dir)])

    printed = capfd.readouterr()
    places = {"published": published, "stdout": printed.out, "stderr": printed.err, "log": caplog.text}
    places["events"] = events.read_text()
    assert '"step":"publish"' in places["events"]
    assert _hunt({**places, "URLs": "\n".join(asked), **_kept(data_dir)}) == []


@pytest.mark.slow
def test_canaries_in_malformed_lines_stay_in_the_quarantine(
    beside: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    data_dir = tmp_path / "data"
    (beside / "fhir" / "strays.ndjson").write_bytes(b"\n".join(_malformed()))
    events = tmp_path / "events.jsonl"
    run = [
        "--log",
        str(events),
        "run",
        "--source",
        str(beside / "fhir"),
        "--period",
        PERIOD,
        "--data-dir",
        str(data_dir),
        "--json",
    ]
    assert run_command([*run, "--overlay", str(beside / "overlay"), "--measures", MEASURES]) == 0
    refused = capfd.readouterr()
    assert run_command(["quarantine", "--data-dir", str(data_dir), "--json"]) == 0
    listed = capfd.readouterr()

    places = {"run": refused.out + refused.err, "quarantine": listed.out + listed.err, "log": caplog.text}
    places["events"] = events.read_text()
    assert '"step-ended"' in places["events"]
    assert len(orjson.loads(listed.out)) >= len(_malformed())
    assert _hunt({**places, **_kept(data_dir)}) == []


def test_the_hunt_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "error.json").write_text('{"name": "QuillCanary"}')

    assert _hunt(_kept(tmp_path)) == ["family name in error.json"]

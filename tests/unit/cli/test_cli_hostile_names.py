"""What a server or a file calls itself steers no terminal: in no command's output is there a mark that would."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import orjson
import pytest

from hi_fhir.core.shown import shown, shown_json, shown_lines
from tests.support.cli import Ran, hi_fhir, settings
from tests.support.hostile import Send, body, hostile

EVIL = "a\x1b[2J\x1b]0;owned\x07\u202eb\x9b31m\u200bc\r[/red]\x00"
PERIOD = ("--period", "2024-04-01..2025-03-31", "--measures", "nhs-number-verified")
STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def clean(ran: Ran) -> Ran:
    assert not STEERING.search(ran.out), ran.out
    assert not STEERING.search(ran.err), ran.err
    return ran


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One patient who can be read, records of hostile ids, types and codes, and files of hostile names."""
    folder = tmp_path / "in"
    folder.mkdir()
    practice = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99001"}}
    patient = {
        "resourceType": "Patient",
        "id": "one",
        "birthDate": "1960-05-03",
        "meta": {"lastUpdated": "2025-04-02T10:00:00Z"},
        "managingOrganization": practice,
    }
    ethnicity = {"url": EVIL, "valueCodeableConcept": {"coding": [{"system": EVIL, "code": EVIL}]}}
    rows: list[dict[str, Any]] = [
        {**patient, "extension": [ethnicity]},
        {**patient, "id": EVIL},
        {**patient, "id": "two", "birthDate": EVIL, "gender": EVIL},
        {"resourceType": EVIL, "id": "three"},
        {
            "resourceType": "Observation",
            "id": "four",
            "status": EVIL,
            "subject": {"reference": f"http://{EVIL}/Patient/one"},
        },
    ]
    content = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    (folder / "Patient.ndjson").write_bytes(content)
    (folder / f"Patient.{EVIL.replace('/', '').replace(chr(0), '')}.ndjson").write_bytes(content)
    (folder / "b\x1b[31m.txt").write_bytes(b"\x1b[31mno record\n")
    return folder


@pytest.mark.parametrize("extra", [(), pytest.param(("--json",), marks=pytest.mark.slow)])
def test_no_command_prints_what_steers(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, extra: tuple[str, ...]
) -> None:
    with settings(monkeypatch, tmp_path, workers=1):
        ran = clean(hi_fhir("run", "--source", source, *PERIOD, "--audience", "practice", *extra))
        assert ran.code == 0, ran.err
        for command in (
            ("status",),
            ("quarantine",),
            ("quarantine", "--raw"),
            ("pull", "--source", source, "--measures", "nhs-number-verified"),
            ("flatten",),
            ("evaluate", *PERIOD),
            ("report", "--audience", "practice"),
            ("doctor",),
        ):
            again = clean(hi_fhir(*command, *extra))
            assert "fault of hi-fhir" not in again.err
        told = clean(hi_fhir("quarantine", "--raw", *extra))
        assert "x1b" in told.out or "u001b" in told.out


@pytest.mark.parametrize("is_stated", [True, False])
def test_no_error_of_a_server_prints_what_steers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_stated: bool
) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"code": EVIL, "diagnostics": f"HAPI-0001 {EVIL}"}]}
    statement = {"resourceType": "CapabilityStatement", "fhirVersion": f"3{EVIL}"}

    def answer(send: Send, asked: str) -> None:
        if "metadata" in asked:
            return body(
                send, orjson.dumps(statement if is_stated else outcome), status=b"200 OK" if is_stated else b"404 No"
            )
        return body(send, orjson.dumps(outcome), b"X-Name: \x1b[31m", status=b"500 \x1b[31m")

    with settings(monkeypatch, tmp_path), hostile(answer) as base:
        ran = clean(hi_fhir("pull", "--source", base))
    assert ran.code == 3


def test_every_unseen_mark_is_escaped() -> None:
    for number in [*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2066, 0xFEFF, 0xD800, 0xE0041]:
        assert shown(f"a{chr(number)}b") in (f"a\\x{number:02x}b", f"a\\u{number:04x}b", f"a\\U{number:08x}b")
    assert shown_lines("a\nb\r") == "a\nb\\x0d"
    assert shown("Ærø, 日本, ✓ and café") == "Ærø, 日本, ✓ and café"


def test_json_says_the_same_as_before() -> None:
    document = orjson.dumps({EVIL: [EVIL, "\U000e0041"]}, option=orjson.OPT_INDENT_2).decode()
    assert json.loads(shown_json(document)) == {EVIL: [EVIL, "\U000e0041"]}
    assert not [mark for mark in shown_json(document) if unicodedata.category(mark) in ("Cc", "Cf") and mark != "\n"]

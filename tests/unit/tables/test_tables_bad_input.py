"""Thirty-one ways in which a line can be bad, each between good lines: it goes where it should and costs no other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from tests.support.landing import SOURCE, config_in, land


def observation(id_: str = "bad", **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "meta": {"versionId": "1", "lastUpdated": "2025-03-01T10:00:00Z"},
        "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "60621009"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-05-03T10:15:00+01:00",
        "valueQuantity": {"value": 24.5, "unit": "kg/m2", "code": "kg/m2"},
        **changes,
    }


def patient(id_: str = "bad", **changes: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "gender": "female", "birthDate": "1970-01-01", **changes}


def line(resource: dict[str, Any]) -> bytes:
    return orjson.dumps(resource)


GOOD = line(observation())


def without(resource: dict[str, Any], *names: str) -> bytes:
    return line({name: value for name, value in resource.items() if name not in names})


def written(text: bytes, into: bytes, spelling: bytes) -> bytes:
    assert text in into
    return into.replace(text, spelling)


NOTE = line(observation(note=[{"text": "NOTE"}]))

KINDS: list[tuple[str, str, Callable[[], bytes], str, str]] = [
    ("truncated", "Observation", lambda: GOOD[:-30], "not-json", "$"),
    ("two_on_a_line", "Observation", lambda: GOOD + GOOD, "not-json", "$"),
    ("not_json", "Observation", lambda: b"<html>502</html>", "not-json", "$"),
    ("array_not_object", "Observation", lambda: b"[" + GOOD + b"]", "wrong-type", "$"),
    (
        "wrong_type_effective",
        "Observation",
        lambda: line(observation(effectiveDateTime=20240401)),
        "wrong-type",
        "$.effectiveDateTime",
    ),
    (
        "wrong_type_coding",
        "Observation",
        lambda: line(observation(code={"coding": "x"})),
        "wrong-type",
        "$.code.coding",
    ),
    (
        "wrong_type_value",
        "Observation",
        lambda: line(observation(valueQuantity={"value": "24.5"})),
        "wrong-type",
        "$.valueQuantity.value",
    ),
    (
        "impossible_date",
        "Observation",
        lambda: line(observation(effectiveDateTime="2024-02-30")),
        "impossible-date",
        "$.effectiveDateTime",
    ),
    ("missing_subject", "Observation", lambda: without(observation(), "subject"), "missing-field", "$"),
    (
        "wrong_resource_type",
        "Observation",
        lambda: line(observation(resourceType="Patient")),
        "misfiled",
        "$.resourceType",
    ),
    (
        "operation_outcome",
        "Observation",
        lambda: line({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}),
        "operation-outcome",
        "$",
    ),
    ("bundle", "Observation", lambda: line({"resourceType": "Bundle", "entry": []}), "bundle", "$"),
    ("deep_unused", "Observation", lambda: written(b'"NOTE"', NOTE, b"[" * 3000 + b"]" * 3000), "too-deep", "$"),
    ("huge_unused", "Observation", lambda: written(b"NOTE", NOTE, b"x" * 3_000_000), "too-long", "$"),
    ("invalid_utf8_unused", "Observation", lambda: written(b"NOTE", NOTE, b"\xff\xfe"), "invalid-utf8", "$"),
    ("invalid_utf8_used", "Observation", lambda: written(b"60621009", GOOD, b"60\xff1009"), "invalid-utf8", "$"),
    ("lone_surrogate_unused", "Observation", lambda: written(b"NOTE", NOTE, b"\\ud800"), "not-json", "$"),
    ("lone_surrogate_used", "Observation", lambda: written(b"60621009", GOOD, b"\\ud800"), "not-json", "$"),
    ("nul_byte", "Observation", lambda: written(b"NOTE", NOTE, b"\x00"), "not-json", "$"),
    ("nan_number", "Observation", lambda: written(b"24.5", GOOD, b"NaN"), "not-json", "$"),
    ("huge_number", "Observation", lambda: written(b"24.5", GOOD, b"1e999"), "invalid-value", "$.valueQuantity.value"),
    ("trailing_comma", "Observation", lambda: GOOD[:-1] + b",}", "not-json", "$"),
    ("blank", "Observation", lambda: b"  ", "blank-line", "$"),
    ("bom", "Observation", lambda: b"\xef\xbb\xbf" + GOOD, "byte-order-mark", "$"),
    ("birthdate_int", "Patient", lambda: line(patient(birthDate=19700101)), "wrong-type", "$.birthDate"),
    (
        "birthdate_impossible",
        "Patient",
        lambda: line(patient(birthDate="1970-13-01")),
        "impossible-date",
        "$.birthDate",
    ),
    ("gender_object", "Patient", lambda: line(patient(gender={"code": "female"})), "wrong-type", "$.gender"),
    ("extension_object", "Patient", lambda: line(patient(extension={"url": "x"})), "wrong-type", "$.extension"),
    ("address_string", "Patient", lambda: line(patient(address="1 High Street")), "wrong-type", "$.address"),
    ("active_string", "Patient", lambda: line(patient(active="true")), "wrong-type", "$.active"),
    ("null_id", "Observation", lambda: line(observation(id=None)), "wrong-type", "$.id"),
]


@pytest.mark.parametrize(
    ("type_", "bad", "kind", "path"), [entry[1:] for entry in KINDS], ids=[entry[0] for entry in KINDS]
)
def test_bad_line_goes_to_quarantine_and_costs_no_other(
    tmp_path: Path, type_: str, bad: Callable[[], bytes], kind: str, path: str
) -> None:
    config = config_in(tmp_path, line_limit_mb=2)
    make = observation if type_ == "Observation" else patient
    good = [line(make(f"good-{number}")) for number in range(6)]
    pull = land(config, {f"{type_}/000": [*good[:3], bad(), *good[3:]]}, frames=1)

    manifest = flatten(RunContext(config), SOURCE, pull)

    [refused_type] = manifest.quarantine
    assert manifest.quarantine == {refused_type: {kind: 1}}
    assert manifest.rows[type_.lower()] == 6
    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id / "quarantine"
    [row] = pq.read_table(folder / f"{refused_type}.parquet").to_pylist()
    assert (row["chunk"], row["line"], row["path"]) == (f"{type_}/000", 4, path)
    assert row["byte_offset"] == sum(len(entry) + 1 for entry in good[:3])
    assert row["raw"] == bad()[:65536]
    assert row["length"] == len(bad())


def test_last_of_duplicate_keys_wins(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    doubled = GOOD[:-1] + b',"effectiveDateTime":"2023-01-01"}'
    pull = land(config, {"Observation/000": [doubled]})

    manifest = flatten(RunContext(config), SOURCE, pull)

    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id / "observation"
    [row] = [row for file in folder.glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert row["start_date"].isoformat() == "2023-01-01"


def test_empty_line_is_quarantined_too(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    pull = land(config, {"Observation/000": [GOOD, b"", GOOD]})
    manifest = flatten(RunContext(config), SOURCE, pull)
    assert manifest.quarantine == {"Observation": {"blank-line": 1}}


NEXT = line(observation("next"))


@pytest.mark.parametrize(
    ("lines", "quarantined"),
    [
        ([GOOD + NEXT, b"", GOOD], {"not-json": 1, "blank-line": 1}),
        ([b"", GOOD + NEXT], {"not-json": 1, "blank-line": 1}),
        ([GOOD + b"\r" + NEXT, GOOD, b""], {"not-json": 1, "blank-line": 1}),
        ([GOOD + NEXT, *GOOD.split(b",", 1)], {"not-json": 2, "wrong-type": 1}),
        ([GOOD[:-1], b"}", GOOD + NEXT], {"not-json": 3}),
        ([GOOD + b"," + NEXT, GOOD[:-1], b"}"], {"not-json": 3}),
    ],
)
def test_as_many_records_as_lines_are_none_the_less_refused_where_a_line_is_not_one(
    tmp_path: Path, lines: list[bytes], quarantined: dict[str, int]
) -> None:
    pull = land(config_in(tmp_path), {"Observation/000": lines}, frames=1)
    manifest = flatten(RunContext(config_in(tmp_path)), SOURCE, pull)
    assert manifest.quarantine == {"Observation": quarantined}


def test_an_integer_that_no_table_holds_is_refused(tmp_path: Path) -> None:
    huge = without(observation(), "valueQuantity")[:-1] + b',"valueInteger":1' + b"0" * 400 + b"}"
    pull = land(config_in(tmp_path), {"Observation/000": [GOOD, huge]}, frames=1)
    manifest = flatten(RunContext(config_in(tmp_path)), SOURCE, pull)
    assert (manifest.quarantine, manifest.rows["observation"]) == ({"Observation": {"invalid-value": 1}}, 1)


def test_lines_that_end_as_on_another_system_are_read(tmp_path: Path) -> None:
    pull = land(config_in(tmp_path), {"Observation/000": [GOOD + b"\r", NEXT + b"\r"]}, frames=1)
    manifest = flatten(RunContext(config_in(tmp_path)), SOURCE, pull)
    assert (manifest.quarantine, manifest.rows["observation"]) == ({}, 2)


def test_line_longer_than_many_blocks_is_cut_and_the_next_one_read(tmp_path: Path) -> None:
    config = config_in(tmp_path, line_limit_mb=1)
    huge = written(b"NOTE", NOTE, b"x" * 20_000_000)
    pull = land(config, {"Observation/000": [huge, line(observation("next"))]}, frames=1)
    manifest = flatten(RunContext(config), SOURCE, pull)
    assert manifest.quarantine == {"Observation": {"too-long": 1}}
    assert manifest.rows["observation"] == 1


def test_no_value_of_a_record_is_in_the_reason(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    secrets = [
        line(observation(status=["Canary"])),
        line(observation(resourceType="Canary")),
        line(observation(subject={"reference": "Canary"})),
        line(observation(meta={"lastUpdated": "Canary"})),
        line(patient(birthDate="Canary")),
    ]
    pull = land(config, {"Observation/000": secrets})
    manifest = flatten(RunContext(config), SOURCE, pull)
    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id / "quarantine"
    rows = [row for file in folder.glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert len(rows) == 5
    assert not any("Canary" in f"{row['kind']} {row['path']} {row['reason']} {row['type']}" for row in rows)

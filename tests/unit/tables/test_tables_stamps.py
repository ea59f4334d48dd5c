"""A stamp from after the day of receipt, and a date that stands for none: neither dates or orders anything."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.tables.snapshot import SnapshotManifest
from tests.support.fhir_records import a_concept, an_observation
from tests.support.flattening import rows_of
from tests.support.landing import SOURCE, WHOLE, config_in, land

RECEIVED, SUMMER = "2025-04-10", datetime(2025, 4, 10, 9, tzinfo=UTC)
GOOD, BETTER, LATER = "2025-04-01T10:00:00Z", "2025-04-02T10:00:00Z", "2099-01-01T00:00:00Z"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def version(code: str, updated: str | None, number: str | None = None, **fields: Any) -> dict[str, Any]:
    meta = {"lastUpdated": updated, "versionId": number}
    return an_observation("o1", code, meta={name: said for name, said in meta.items() if said}, **fields)


def made(config: Config, *records: dict[str, Any], **landing: Any) -> SnapshotManifest:
    chunks = {f"{type_}/0": [one for one in records if one["resourceType"] == type_] for type_ in ("Observation",)}
    name = land(config, chunks, **{"data_date": None, "received_date": RECEIVED, **landing})
    return flatten(RunContext(config), SOURCE, name)


def test_a_stamp_from_after_the_receipt_dates_nothing_and_is_counted(config: Config) -> None:
    other = {**version("1", GOOD), "id": "o2"}

    manifest = made(config, version("1", LATER), other)

    assert (manifest.data_date, manifest.misdated) == ("2025-04-01", {"Observation": 1})


def test_a_stamp_of_the_day_of_receipt_is_believed(config: Config) -> None:
    manifest = made(config, version("1", "2025-04-10T22:59:59Z"))

    assert (manifest.data_date, manifest.misdated) == ("2025-04-10", {})
    assert made(config, version("1", "2025-04-10T23:00:00Z"), data_date="2025-04-10", pull="2").misdated


def test_data_of_which_every_stamp_is_too_late_has_no_date(config: Config) -> None:
    with pytest.raises(ConfigError, match="1 records say that they were last updated after the day"):
        made(config, version("1", LATER))


@pytest.mark.parametrize(
    ("versions", "stays"),
    [
        ((("1", GOOD, "1"), ("2", LATER, "2")), "2"),
        ((("1", GOOD, "2"), ("2", LATER, "1")), "1"),
        ((("1", GOOD, None), ("2", LATER, None)), "1"),
        ((("1", LATER, None), ("2", GOOD, None), ("3", BETTER, None)), "3"),
        ((("1", BETTER, "1"), ("2", GOOD, "2")), "1"),
    ],
)
def test_versions_with_a_stamp_that_cannot_be_are_ordered_by_their_numbers_first(
    config: Config, versions: Any, stays: str
) -> None:
    manifest = made(config, *(version(*one) for one in versions))

    assert manifest.reconciliation["Observation"].kept == 1
    folder = config.data_dir / "sources" / SOURCE.name / "snapshots" / manifest.id / "observation"
    assert [row["code"] for row in _rows(folder)] == [stays]


@pytest.mark.parametrize("opaque", ["9.9", "1e3", "-1", "0x20", "a10"])
def test_a_version_that_is_no_whole_number_goes_before_every_one_that_is(config: Config, opaque: str) -> None:
    manifest = made(config, version("1", GOOD, opaque), version("2", GOOD, "0"))

    folder = config.data_dir / "sources" / SOURCE.name / "snapshots" / manifest.id / "observation"
    assert [row["code"] for row in _rows(folder)] == ["2"]


def test_a_deletion_without_a_time_is_no_stamp_that_cannot_be(config: Config) -> None:
    request = {"method": "DELETE", "url": "Observation/o1"}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": request}]}
    chunks = {"Observation/0": [version("1", LATER)], "_deleted/0": [bundle]}
    name = land(config, chunks, received_date=RECEIVED)

    manifest = flatten(RunContext(config), SOURCE, name)

    assert manifest.reconciliation["Observation"].kept == 0
    assert manifest.misdated == {"Observation": 1}


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def test_a_folder_keeps_the_day_of_its_receipt_and_a_named_day_is_believed(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "Patient.ndjson").write_text('{"resourceType":"Patient","id":"p1"}\n')
    source = SourceSettings("ash", str(folder))

    landed = pull(RunContext(config_in(tmp_path), FixedClock(SUMMER)), source, WHOLE, date(2099, 1, 1), 1)

    assert (landed.received_date, landed.data_date) == (RECEIVED, "2099-01-01")


@pytest.mark.parametrize(
    ("record", "day", "by"),
    [
        (an_observation("o1", "1", on="0001-01-01"), None, "impossible"),
        (an_observation("o1", "1", on="9999-12-31T00:00:00Z"), None, "impossible"),
        (an_observation("o1", "1", on="0001-01-01", issued="2024-05-03T10:00:00Z"), date(2024, 5, 3), "issued"),
        (an_observation("o1", "1", on=None, effectiveTiming={"event": ["0001-01-01", "2024-05-03"]}),
         date(2024, 5, 3), "effective"),
        (an_observation("o1", "1", on=None, effectivePeriod={"start": "0001"}), None, "impossible"),
    ],
)  # fmt: skip
def test_a_date_that_stands_for_none_is_none(config: Config, record: Any, day: date | None, by: str) -> None:
    assert [(row["start_date"], row["dated_by"]) for row in rows_of(config, record)] == [(day, by)]


@pytest.mark.parametrize(
    ("type_", "fields", "day", "by"),
    [
        ("Condition", {"onsetDateTime": "0001-01-01", "recordedDate": "2020-02-03"}, date(2020, 2, 3), "issued"),
        ("Condition", {"onsetDateTime": "0001-01-01"}, None, "impossible"),
        ("Condition", {"onsetString": "in childhood", "recordedDate": "2020-02-03"}, date(2020, 2, 3), "issued"),
        ("Condition", {"onsetAge": {"value": 9, "code": "a"}}, None, None),
        ("Procedure", {"performedString": "years ago", "status": "completed"}, None, None),
        ("Procedure", {"performedDateTime": "9999-12-31", "status": "completed"}, None, "impossible"),
        ("Immunization", {"occurrenceString": "as a child", "status": "completed"}, None, None),
        ("MedicationRequest", {"authoredOn": "0001-01-01T00:00:00Z", "status": "active"}, None, "impossible"),
    ],
)
def test_a_record_of_another_type_without_a_day_is_undated(
    config: Config, type_: str, fields: dict[str, Any], day: date | None, by: str | None
) -> None:
    subject = "patient" if type_ == "Immunization" else "subject"
    record = {"resourceType": type_, "id": "r1", subject: {"reference": "Patient/p1"}, "code": a_concept("1"), **fields}

    assert [(row["start_date"], row["dated_by"]) for row in rows_of(config, record)] == [(day, by)]

"""Copies of exports, which their manifests tell to be whole or not."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError
from tests.support.folder_content import Content, a_patient, pull_folder, spread
from tests.support.pulling import landed_lines


def a_copy(folder: Path, *patients: str, **parts: list[Content]) -> None:
    """A copy of an export with these patients, and its manifest. parts: of the manifest, each file with its name."""
    named = {
        part: [{**one, "url": f"https://gp.example/files/{one['url']}?sig=1"} for one in files]
        for part, files in parts.items()
    }
    (folder / "manifest.json").write_bytes(spread({"transactionTime": "2025-04-01T00:00:00Z", **named}))
    lines = [orjson.dumps(a_patient(id_)) + b"\n" for id_ in patients]
    (folder / "1.Patient.ndjson").write_bytes(b"".join(lines))


PATIENTS = {"type": "Patient", "url": "1.Patient.ndjson"}
RENAMED = {"type": "Patient", "url": "Binary%2F77"}
CONDITIONS = {"type": "Condition", "url": "2.Condition.ndjson"}


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"output": [PATIENTS, CONDITIONS]}, "names 1 files that are not there"),
        ({"output": [PATIENTS], "deleted": [{"url": "gone"}], "error": [{"url": "bad"}]}, "names 2 files"),
        ({"output": [RENAMED, CONDITIONS]}, "names 1 files that are not there"),
        ({"output": [{**RENAMED, "count": 3}]}, "tells of 3 Patient, 2 are there"),
        ({"output": [{**PATIENTS, "count": "1"}, {**RENAMED, "count": 2}]}, "tells of 3 Patient, 2 are there"),
        ({"output": [{**RENAMED, "count": 2}, {**CONDITIONS, "count": 1}]}, "tells of 1 Condition, 0 are there"),
    ],
)
def test_an_export_that_was_copied_in_part_is_refused(
    config: Config, folder: Path, parts: dict[str, list[Content]], told: str
) -> None:
    a_copy(folder, "p1", "p2", **parts)
    with pytest.raises(GateError, match=told) as refused:
        pull_folder(config, folder)
    assert "/files/" not in str(refused.value)


@pytest.mark.parametrize(
    "parts",
    [
        {"output": [PATIENTS]},
        {"output": [RENAMED, RENAMED]},
        {"output": [{**RENAMED, "count": 2}, {**CONDITIONS, "count": 0}]},
        {"output": [PATIENTS, {"type": "Specimen", "url": "Specimen.ndjson"}]},  # of which nothing is asked
    ],
)
def test_a_whole_copy_of_an_export_is_read(config: Config, folder: Path, parts: dict[str, list[Content]]) -> None:
    a_copy(folder, "p1", "p2", **parts)
    assert len(landed_lines(config, pull_folder(config, folder))["Patient"]) == 2


def test_a_copy_with_more_than_its_manifest_says_is_told(config: Config, folder: Path) -> None:
    a_copy(folder, "p1", "p2", output=[{**PATIENTS, "count": 1}])
    [note] = pull_folder(config, folder).notes
    assert note == "the manifest of the export in its folder tells of 1 Patient, 2 are there"
    assert not pull_folder(replace(config, count_tolerance=1.0), folder, sequence=2).notes


def test_manifests_of_several_runs_hold_their_own_folders(config: Config, folder: Path) -> None:
    for name, patients in (("first", ("p1",)), ("second", ("p2",))):
        (folder / name).mkdir()
        a_copy(folder / name, *patients, output=[PATIENTS])
    assert len(landed_lines(config, pull_folder(config, folder))["Patient"]) == 2
    (folder / "second" / "1.Patient.ndjson").rename(folder / "second" / "2.Patient.ndjson")
    a_copy(folder / "second", "p2", output=[PATIENTS, {**PATIENTS, "url": "2.Patient.ndjson"}])
    (folder / "second" / "2.Patient.ndjson").unlink()
    with pytest.raises(GateError, match="names 1 files"):
        pull_folder(config, folder, sequence=2)

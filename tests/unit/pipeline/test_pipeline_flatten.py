"""From landed lines to tables: versions, deletions, what was not asked for, places, names and bytes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables import schema
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.identity import load_key
from hi_fhir.tables.scope import Scope
from tests.support.flattened import SCT, a_world, an_observation, flat, rows, terms, version
from tests.support.landing import SOURCE, WHOLE, config_in, land


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def test_newest_version_of_an_id_wins_by_instant_whatever_its_offset(config: Config) -> None:
    older = an_observation("o1", code="1", meta=version(9, "2025-03-01T10:30:00+01:00"))
    newer = an_observation("o1", code="2", meta=version(1, "2025-03-01T10:00:00Z"))
    manifest = flat(config, {"Observation/000": [newer], "Observation/001": [older]})
    assert [row["code"] for row in rows(config, manifest, "observation")] == ["2"]
    assert terms(manifest) == {"received": 2, "kept": 1, "superseded": 1}


def test_version_numbers_compare_as_numbers(config: Config) -> None:
    tenth, ninth = (an_observation("o1", code=str(n), meta=version(n)) for n in (10, 9))
    manifest = flat(config, {"Observation/000": [tenth, ninth]})
    assert [row["code"] for row in rows(config, manifest, "observation")] == ["10"]


def test_newest_version_wins_across_patients_and_buckets(config: Config) -> None:
    people = [f"Patient/p{number}" for number in range(12)]
    moved = [an_observation("o1", of=person, meta=version(n)) for n, person in enumerate(people)]
    manifest = flat(config, {"Observation/000": moved[6:], "Observation/001": moved[:6]})
    [row] = rows(config, manifest, "observation")
    assert row["patient_id"] == load_key(config.key_file).patient_id("elm", "p11")


def test_equal_versions_with_other_content_settle_the_same_in_any_order(tmp_path: Path) -> None:
    rivals = [an_observation("o1", code=code, meta=version(1)) for code in ("1", "2", "3", "4")]
    winners = set()
    for number, order in enumerate(([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1])):
        config = config_in(tmp_path / str(number))
        config.key_file.parent.mkdir(parents=True)
        config.key_file.write_text("ab" * 32)
        config.key_file.chmod(0o600)
        manifest = flat(
            config,
            {"Observation/000": [rivals[n] for n in order[:2]], "Observation/001": [rivals[n] for n in order[2:]]},
        )
        [row] = rows(config, manifest, "observation")
        winners.add(row["code"])
        assert terms(manifest) == {"received": 4, "kept": 1, "superseded": 3}
    assert len(winners) == 1


def test_entered_in_error_leaves_and_takes_older_versions_with_it(config: Config) -> None:
    first = an_observation("o1", meta=version(1))
    wrong = an_observation("o1", status="entered-in-error", meta=version(2))
    alone = an_observation("o2", status="entered-in-error")
    manifest = flat(config, {"Observation/000": [first, wrong, alone]})
    assert rows(config, manifest, "observation") == []
    assert terms(manifest) == {"received": 3, "superseded": 1, "deleted": 2}


def a_deletion(*urls: str, updated: str | None = None) -> dict[str, Any]:
    entries = [{"request": {"method": "DELETE", "url": url}} for url in urls]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": entries,
        **({"meta": {"lastUpdated": updated}} if updated else {}),
    }


def test_tombstone_takes_every_version_that_is_not_newer(config: Config) -> None:
    gone = a_deletion("Observation/o1", "Observation/o2", "Location/x", updated="2025-03-01T10:00:00Z")
    before = an_observation("o1", meta=version(1))
    after = an_observation("o2", meta=version(2, "2025-03-01T10:00:01Z"))
    manifest = flat(config, {"Observation/000": [before, after], "_deleted/000": [gone]})
    assert [row["resource_id"] for row in rows(config, manifest, "observation")] == ["o2"]
    assert terms(manifest) == {"received": 4, "kept": 1, "superseded": 2, "deleted": 1}
    assert terms(manifest, "Location") == {"received": 1, "out_of_scope": 1}


def test_tombstone_without_time_takes_all_and_a_bad_one_is_quarantined(config: Config) -> None:
    bad = {"resourceType": "Bundle", "entry": [{"request": {"method": "PUT", "url": "Observation/o1"}}]}
    chunks = {
        "Observation/000": [an_observation("o1", meta=version(1))],
        "_deleted/000": [a_deletion("Observation/o1"), bad],
    }
    manifest = flat(config, chunks)
    assert rows(config, manifest, "observation") == []
    assert terms(manifest) == {"received": 2, "superseded": 1, "deleted": 1}
    assert manifest.quarantine == {"Bundle": {"not-a-deletion": 1}}


def test_beyond_scope_included_and_outcomes_are_out_of_scope(config: Config) -> None:
    scope = Scope(types={"Observation": (f"{SCT}|1",), "Patient": None})
    part = {"code": {"coding": [{"system": SCT, "code": "1"}]}}
    lines = [
        an_observation("a", code="1"),
        an_observation("b", code="2"),
        an_observation("c", code="2", component=[part]),
    ]
    manifest = flat(
        config,
        {
            "Observation/000": [
                *lines,
                {"resourceType": "Condition", "id": "x"},
                {"resourceType": "Location", "id": "y"},
            ]
        },
        scope=scope,
        counts={"Observation": {"included": 4, "outcomes": 1}},
    )
    assert terms(manifest) == {"received": 8, "kept": 2, "out_of_scope": 6}
    assert terms(manifest, "Condition") == terms(manifest, "Location") == {"received": 1, "out_of_scope": 1}


def test_a_coded_answer_is_not_what_was_asked_for_since_no_search_by_code_finds_it(config: Config) -> None:
    answer = {"valueCodeableConcept": {"coding": [{"system": SCT, "code": "1"}]}}
    part = {"code": {"coding": [{"system": SCT, "code": "2"}]}, **answer}
    lines = [an_observation("a", code="2", **answer), an_observation("b", code="2", component=[part])]
    manifest = flat(config, {"Observation/000": lines}, scope=Scope(types={"Observation": (f"{SCT}|1",)}))
    assert terms(manifest) == {"received": 2, "out_of_scope": 2}


def test_newest_version_out_of_scope_still_supersedes(config: Config) -> None:
    scope = Scope(types={"Observation": (f"{SCT}|1",)})
    lines = [an_observation("a", code="1", meta=version(1)), an_observation("a", code="2", meta=version(2))]
    manifest = flat(config, {"Observation/000": lines}, scope=scope)
    assert terms(manifest) == {"received": 2, "superseded": 1, "out_of_scope": 1}


def test_lines_of_other_types_are_taken_where_they_belong(config: Config) -> None:
    patient = {"resourceType": "Patient", "id": "p1"}
    encounter = {"resourceType": "Encounter", "id": "e", "status": "finished", "subject": {"reference": "Patient/p1"}}
    manifest = flat(config, {"mixed/000": [patient, an_observation("o")], "Observation/000": [encounter]})
    assert {table: count for table, count in manifest.rows.items() if count} == {
        "patient": 1,
        "identity": 1,
        "observation": 1,
        "encounter": 1,
    }


@pytest.mark.parametrize(
    "reference",
    ["Patient/p1", "https://example.invalid/fhir/Patient/p1", "Patient/p1/_history/3", "urn:uuid:p1"],
)
def test_every_spelling_of_a_reference_is_one_person(config: Config, reference: str) -> None:
    manifest = flat(config, {"Observation/000": [an_observation("o", of=reference)]})
    [row] = rows(config, manifest, "observation")
    assert row["patient_id"] == load_key(config.key_file).patient_id("elm", "p1")


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("#p", "contained-subject"),
        ("Group/1", "subject-not-a-patient"),
        ("Patient?identifier=x", "unreadable-subject"),
        ("", "no-subject"),
    ],
)
def test_reference_to_nobody_is_quarantined(config: Config, reference: str, kind: str) -> None:
    manifest = flat(config, {"Observation/000": [an_observation("o", of=reference)]})
    assert manifest.quarantine == {"Observation": {kind: 1}}


def test_another_name_of_a_system_makes_another_snapshot(config: Config, tmp_path: Path) -> None:
    """The rows differ, so a snapshot that was made before the name was known must not be taken for the new one."""
    pull = land(config, {"Observation/000": [an_observation("a", code={"coding": [{"system": "OURS", "code": "1"}]})]})
    names = tmp_path / "overlay" / "mappings" / "code-systems-ours.csv"
    names.parent.mkdir(parents=True)
    head = ("title", "version", "source", "retrieved", "licence", "reviewed_by", "next_review")
    text = "".join(f"# {name}: x\n" for name in head) + f"# state: full\nalias,name\nours,{SCT}\n"
    names.write_text(text, encoding="utf-8")

    before = flatten(RunContext(config), SOURCE, pull)
    after = flatten(RunContext(replace(config, overlays=(tmp_path / "overlay",))), SOURCE, pull)

    assert before.id != after.id
    assert [row["system"] for row in rows(config, before, "observation")] == ["OURS"]
    assert [row["system"] for row in rows(config, after, "observation")] == [SCT]


def test_records_in_codes_of_systems_that_nobody_asked_for_are_counted_by_system(config: Config) -> None:
    local, none = ({"coding": [{"code": "1"} | system]} for system in ({"system": "urn:local|2"}, {}))
    records = [
        an_observation("asked"),
        an_observation("another of SNOMED", code="1"),
        an_observation("local", code=local),
        an_observation("local too", code=local),
        an_observation("without a system", code=none),
        an_observation("both", code={"coding": [*local["coding"], {"system": "SNOMED-CT", "code": "1"}]}),
        an_observation("uncoded", code={"text": "words"}),
    ]
    scope = Scope(types={"Observation": (f"{SCT}|60621009",)})

    manifest = flat(config, {"Observation/000": records}, scope=scope)

    assert manifest.foreign_codes == {"Observation": {"urn:local": 2, "": 1}}
    assert terms(manifest) == {"received": 7, "kept": 1, "out_of_scope": 6}


def test_data_date_is_the_newest_london_day_where_the_pull_has_none(config: Config) -> None:
    late = an_observation("a", meta=version(1, "2025-06-30T23:30:00Z"))
    assert flat(config, {"Observation/000": [late]}, data_date=None).data_date == "2025-07-01"


def test_every_table_and_bucket_is_there_even_of_nothing(config: Config) -> None:
    manifest = flat(config, {})
    own = ("ethnic_category", "other_home", "patient", "patient_identifier", "patient_link", "registration")
    bucketed = [*CLINICAL_TABLES.values(), *own]
    wanted = {f"{table}/{digit}.parquet" for table in bucketed for digit in schema.BUCKETS} | {
        "organization/all.parquet"
    }
    assert set(manifest.tables) == wanted
    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id
    assert pq.read_schema(folder / "patient" / "0.parquet").equals(schema.PATIENT)
    assert pq.read_schema(folder / "observation" / "f.parquet").equals(schema.CLINICAL)
    assert all(file.stat().st_mode & 0o077 == 0 for file in config.data_dir.rglob("*.parquet"))


def test_a_row_stands_in_the_bucket_of_its_patient(config: Config) -> None:
    manifest = flat(config, {"Observation/000": a_world(80)}, scope=WHOLE)
    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id / "observation"
    for file in folder.glob("*.parquet"):
        assert {row["patient_id"][0] for row in pq.read_table(file).to_pylist()} <= {file.stem}


def test_the_names_of_all_tables_are_on_disk_before_the_manifest_is(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []

    def noted(folder: Path) -> None:
        assert not list(folder.parent.glob("snapshot.json"))
        synced.append(folder)

    monkeypatch.setattr("hi_fhir.pipeline.flatten.sync_folder", noted)
    manifest = flat(config, {"Observation/000": [an_observation("o1")]})

    assert {Path(name).parent.name for name in manifest.tables} == {one.name for one in synced} - {"identity"}
    assert config.data_dir / "identity" in synced

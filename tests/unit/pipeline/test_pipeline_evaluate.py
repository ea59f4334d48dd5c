"""From snapshots to counts: whose people, what is told of them, and the same bytes after an interruption."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from hi_fhir.cohorts import resolve as resolving
from hi_fhir.core.config import Config
from hi_fhir.core.errors import BusyError
from hi_fhir.measures import registry
from hi_fhir.measures.dropped import REASONS
from hi_fhir.measures.evaluate import Evaluator
from hi_fhir.measures.evaluation import EvaluationManifest, read_evaluation
from hi_fhir.measures.facts import fact_schema
from hi_fhir.pipeline import evaluate as module
from hi_fhir.tables.schema import LEAF
from tests.support.evaluating import (
    HYPERTENSION,
    SMOKER,
    SYSTOLIC,
    TWO,
    a_village,
    evaluated,
    job,
)
from tests.support.landing import config_in
from tests.support.tables import SnapshotBuilder, nhs_key


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def count(config: Config, manifest: EvaluationManifest, measure: str, population: str, practice: str = "A00001") -> int:
    rows = pq.read_table(config.data_dir / "evaluations" / manifest.id / "counts.parquet").to_pylist()
    [found] = [
        row["count"]
        for row in rows
        if (row["measure_id"], row["population"], row["practice_id"]) == (measure, population, practice)
        and row["stratifier"] == "all"
    ]
    return found


def files(config: Config, manifest: EvaluationManifest) -> dict[str, bytes]:
    folder = config.data_dir / "evaluations" / manifest.id
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Made(NamedTuple):
    """An evaluation of the village, which tests leave as it is."""

    config: Config
    village: Path
    manifest: EvaluationManifest


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    config, village = config_in(folder, opt_out_policy="applied-upstream"), a_village().write(folder)
    return Made(config, village, evaluated(config, village))


def test_people_are_counted_by_practice(made: Made) -> None:
    config, _, manifest = made

    smoking = [count(config, manifest, "smoking-status-recorded", p, "A00002") for p in ("denominator", "numerator")]
    assert smoking == [20, 7]
    assert [area.practice_id for area in manifest.areas] == ["A00001", "A00002"]
    assert manifest.people.registered == 40


def test_the_same_id_at_two_sources_is_two_people(config: Config, tmp_path: Path) -> None:
    elm, oak = SnapshotBuilder("elm"), SnapshotBuilder("oak")
    for source in (elm, oak):
        source.patient("1", nhs_key=None)
        source.observation("1", SMOKER, date(2024, 6, 1))

    manifest = evaluated(config, elm.write(tmp_path), oak.write(tmp_path))

    assert manifest.people.registered == 2
    assert count(config, manifest, "smoking-status-recorded", "numerator") == 2


@pytest.mark.slow
def test_one_nhs_number_at_two_sources_is_one_person_with_the_records_of_both(config: Config, tmp_path: Path) -> None:
    elm, oak = SnapshotBuilder("elm"), SnapshotBuilder("oak")
    elm.patient("1", nhs_key=nhs_key("ann"), practice="A00001")
    oak.patient("77", nhs_key=nhs_key("ann"), practice=None)
    oak.observation("77", SMOKER, date(2024, 6, 1))

    manifest = evaluated(config, elm.write(tmp_path), oak.write(tmp_path))

    assert (manifest.people.persons, manifest.people.registered) == (1, 1)
    assert count(config, manifest, "smoking-status-recorded", "numerator") == 1


def test_a_finished_evaluation_is_returned_as_it_is(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    config, village, first = made
    before = files(config, first)
    monkeypatch.setattr(module, "resolve", never)

    assert evaluated(config, village) == first == read_evaluation(config.data_dir / "evaluations" / first.id)
    assert files(config, first) == before


def never(*given: Any, **named: Any) -> Any:
    raise AssertionError("this was done already")


class StoppedError(Exception):
    """Stands for the end of the process."""


def _stops(method: Callable[..., Any], after: int) -> Callable[..., Any]:
    calls = iter(range(after + 1))

    def stopping(*given: Any, **named: Any) -> Any:
        if next(calls) == after:
            raise StoppedError
        return method(*given, **named)

    return stopping


@pytest.mark.slow
@pytest.mark.parametrize(("step", "after"), [("write_leaves", 0), ("write_facts", 2)])
def test_an_interrupted_evaluation_goes_on_and_ends_with_the_same_bytes(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: int
) -> None:
    monkeypatch.setattr(module, "_PEOPLE_A_PASS", 10)
    village = a_village().write(tmp_path)
    whole = replace(config, data_dir=tmp_path / "undisturbed")
    expected = files(whole, evaluated(whole, village))
    with monkeypatch.context() as interrupted:
        interrupted.setattr(Evaluator, step, _stops(getattr(Evaluator, step), after))
        with pytest.raises(StoppedError):
            evaluated(config, village)
    [folder] = (config.data_dir / "evaluations").iterdir()
    (folder / "fact" / ".0.1.tmp").parent.mkdir(exist_ok=True)
    (folder / "fact" / ".0.1.tmp").write_bytes(b"half a file")
    assert not (folder / "evaluation.json").exists()
    monkeypatch.setattr(module, "resolve", never)

    assert files(config, evaluated(config, village)) == expected


@pytest.mark.slow
def test_every_table_is_the_same_however_many_people_a_pass_takes(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elm, oak = SnapshotBuilder("elm"), SnapshotBuilder("oak")
    for number in range(40):
        for source in (elm, oak):  # each is one person, whose two patients mostly lie in two buckets
            source.patient(f"{number}", nhs_key=nhs_key(f"{number}"))
            source.observation(f"{number}", SMOKER, date(2024, 6, 1))
    snapshots = [elm.write(tmp_path), oak.write(tmp_path)]
    tables = []
    for people in (1, 100_000):
        monkeypatch.setattr(module, "_PEOPLE_A_PASS", people)
        monkeypatch.setattr(resolving, "_PEOPLE_A_RANGE", people)
        folder = replace(config, data_dir=tmp_path / str(people))
        manifest = evaluated(folder, *snapshots)
        tables.append(manifest.tables)
    evaluation = folder.data_dir / "evaluations" / manifest.id

    leaf = [pq.ParquetFile(path).read() for path in sorted((evaluation / "leaf").glob("*.parquet"))]
    fact = [pq.ParquetFile(path).read() for path in sorted((evaluation / "fact").glob("*.parquet"))]

    assert tables[0] == tables[1]
    assert {rows.schema.remove_metadata() for rows in leaf} == {LEAF}
    assert {rows.schema.remove_metadata() for rows in fact} == {fact_schema(registry.load(TWO))}
    assert [n for rows in leaf for n in rows["n"].to_pylist()] == [2] * 40


@pytest.mark.slow
def test_an_evaluation_that_another_process_makes_is_left_to_it(config: Config, tmp_path: Path) -> None:
    village = a_village(4).write(tmp_path)
    folder = job(config, village, measures=TWO).folder
    folder.mkdir(parents=True)

    with FileLock(folder / "lock"), pytest.raises(BusyError, match="is being made by another process"):
        evaluated(config, village)

    assert evaluated(config, village).id == folder.name


@pytest.mark.slow
def test_one_worker_and_two_write_the_same_bytes(config: Config, tmp_path: Path) -> None:
    village = a_village().write(tmp_path)
    other = replace(config, data_dir=tmp_path / "other", workers=2)
    everything = tuple(measure.id for measure in registry.load())

    one, two = (evaluated(each, village, measures=everything) for each in (config, other))

    assert files(config, one) == files(other, two)


@pytest.mark.slow
def test_the_order_of_sources_and_of_records_changes_no_count(config: Config, tmp_path: Path) -> None:
    elm, oak = SnapshotBuilder("elm"), SnapshotBuilder("oak")
    for source in (elm, oak):
        for number in range(10):
            source.patient(f"{number}", nhs_key=nhs_key(f"{source.source}{number % 5}"))
            source.observation(f"{number}", SMOKER, date(2024, 4 + number % 3, 1))
    folders = [elm.write(tmp_path), oak.write(tmp_path)]

    one, other = evaluated(config, *folders), evaluated(config, *reversed(folders))

    name = "counts.parquet"
    assert one.tables[name] == other.tables[name]


def test_the_manifest_tells_all_that_decided_the_numbers(made: Made) -> None:
    manifest = made.manifest

    assert [measure.id for measure in manifest.measures] == list(TWO)
    assert manifest.policies == {"opt_out": "applied-upstream", "imd_year": "2025", "quarantine_limit": "0.05"}
    assert manifest.versions["stratifier/ethnic-group-5"] == "2021"
    assert {"registration", "ethnicity", "deprivation"} <= {name.rpartition("/")[2] for name in manifest.versions}
    assert [(one.source_id, one.data_date) for one in manifest.snapshots] == [("main", date(2025, 4, 2))]
    assert manifest.reconciliation["main"]["Patient"].kept == 40
    assert "counts.parquet" in manifest.tables
    assert len(manifest.tables) == 3 * 16 + 2


@pytest.mark.slow
def test_what_no_source_showed_is_told_of_the_mappings_and_of_the_opt_outs_that_decide(
    config: Config, tmp_path: Path
) -> None:
    snapshot = a_village(4).write(tmp_path)
    opt_outs = {"value_sets/type-1-opt-out", "value_sets/type-1-opt-out-withdrawn"}

    by_code = evaluated(replace(config, opt_out_policy="type-1-by-code"), snapshot)
    upstream = evaluated(replace(config, opt_out_policy="applied-upstream"), snapshot)

    assert opt_outs <= set(by_code.versions)
    assert not opt_outs & set(upstream.versions)
    assert set(by_code.unverified) - set(upstream.unverified) == {f"codes of {id_}" for id_ in opt_outs}
    assert "codes of mappings/old-codes-to-snomed" in upstream.unverified


def test_a_reading_that_no_measure_takes_is_counted_by_why(config: Config, tmp_path: Path) -> None:
    main = SnapshotBuilder()
    main.patient("ann")
    seen = {"unit": "mm[Hg]", "value": 120.0}
    for on, said in (
        (date(2024, 6, 1), seen),
        (date(2024, 6, 1), {**seen, "unit": None}),
        (date(2024, 6, 1), {**seen, "unit": "kPa", "value": 16.0}),
        (date(2024, 6, 2), {**seen, "unit": "kg", "value": 16.0}),
        (date(2024, 6, 2), {**seen, "unit": "furlong"}),
        (date(2024, 6, 3), {**seen, "value": 12.0}),
        (date(2024, 6, 3), {**seen, "value": 40.0}),
        (date(2024, 6, 3), {**seen, "value": 350.0}),
        (date(2024, 4, 1), {**seen, "value": 12.0}),
        (date(2025, 3, 31), {**seen, "value": 12.0}),
        (date(2024, 3, 31), {**seen, "value": 12.0}),
        (date(2025, 4, 1), {**seen, "value": 12.0}),
        (date(2024, 6, 3), {**seen, "value": 12.0, "status": "cancelled"}),
        (date(2024, 6, 3), {**seen, "value": None}),
        (date(2024, 6, 3), {**seen, "value": None, "negation": "absent"}),
        (date(2024, 6, 3), {**seen, "comparator": ">"}),
        (date(2024, 6, 3), {**seen, "comparator": ">", "value": 350.0}),
        (date(2024, 6, 3), {**seen, "comparator": "ad"}),
    ):
        main.observation("ann", SYSTOLIC, on, **said)
    main.observation("nobody", SYSTOLIC, date(2024, 6, 3), **{**seen, "value": 12.0})

    measures = ("hypertension-treated-to-target-under-80", "severe-mental-illness-six-checks")
    manifest = evaluated(config, main.write(tmp_path), measures=measures)

    assert manifest.dropped_readings["systolic-blood-pressure"] == {
        **dict.fromkeys(REASONS, 0),
        "unit": 2,
        "implausible": 4,
        "comparator": 2,
        "no-value": 1,
        "absent": 1,
    }
    assert manifest.dropped_readings["diastolic-blood-pressure-home"] == dict.fromkeys(REASONS, 0)


@pytest.mark.slow
def test_records_that_deny_what_their_code_names_are_counted_once_by_value_set(config: Config, tmp_path: Path) -> None:
    main = SnapshotBuilder()
    main.patient("ann")
    for negation in ("denied", "absent", "none", None):
        main.observation("ann", HYPERTENSION, date(2015, 1, 1), negation=negation)
        main.observation("ann", SMOKER, date(2024, 6, 1), negation=negation)
    for day in (date(2024, 3, 31), date(2025, 4, 1), None):
        main.observation("ann", SMOKER, day, negation="denied")
    main.observation("ann", HYPERTENSION, date(2025, 4, 1), negation="denied")
    main.observation("ann", HYPERTENSION, None, negation="denied")

    measures = ("hypertension-treated-to-target-under-80", "smoking-status-recorded")
    dropped = evaluated(config, main.write(tmp_path), measures=measures).dropped_readings

    nothing = dict.fromkeys(REASONS, 0)
    assert dropped["hypertension"] == {**nothing, "denied": 2, "absent": 1, "none": 1}
    assert dropped["smoking-status"] == {**nothing, "denied": 1, "absent": 1}
    assert "hypertension-resolved" not in dropped


def test_measures_without_readings_leave_none_out(made: Made) -> None:
    assert made.manifest.dropped_readings == {}


def test_no_temporary_file_and_nothing_for_others_to_read_is_left(made: Made) -> None:
    config, _, manifest = made
    folder = config.data_dir / "evaluations" / manifest.id

    assert not list(folder.rglob(".*"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*.parquet"))

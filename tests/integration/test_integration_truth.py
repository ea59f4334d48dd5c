"""From the sandbox's files to counts: every number is the one worked out from the people before FHIR was written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import orjson
import pyarrow.parquet as pq
import pytest

from hi_fhir.cohorts.imports import import_organisations, import_postcodes
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.disclosure.counts import Group, Hierarchy
from hi_fhir.disclosure.hierarchy import nested_strata, sums
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluate import evaluate
from hi_fhir.pipeline.evaluation_job import scope_of
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.sandbox import render, server
from hi_fhir.sandbox.folder import write_folder
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.model import DATA_DATE
from hi_fhir.sandbox.truth import MEASURES
from hi_fhir.tables.snapshot import SnapshotManifest
from hi_fhir.terminology.catalogue import load
from tests.spec.test_spec_try_outs import FOLDER as TRY_OUTS

Cell = tuple[str, ...]
PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
FEW = make_people(80, seed=4)


@dataclass(frozen=True)
class Run:
    snapshot: SnapshotManifest
    evaluation: EvaluationManifest
    counts: dict[Cell, int]


def run(
    sandbox: Path,
    address: Path | str,
    root: Path,
    method: str = "search",
    overlays: tuple[Path, ...] = (),
    ids: Sequence[str] = MEASURES,
) -> Run:
    """Take a folder or a server all the way to counts, with what the sandbox brings beside its FHIR."""
    config = Config(
        data_dir=root / "data",
        key_file=root / "keys" / "identity.key",
        overlays=(sandbox / "overlay", *overlays),
        workers=1,
        pull_method=method,
    )
    import_postcodes(sandbox / "postcodes.csv", config.data_dir / "imports")
    import_organisations(sandbox / "organisations.csv", config.data_dir / "imports")
    terminology, measures, context = load(config.overlays), registry.load(ids, overlays), RunContext(config)
    source = SourceSettings(name="main", address=str(address))
    landed = pull(context, source, scope_of(config, measures, terminology), None, 1)
    snapshot = flatten(context, source, landed.id)
    folder = config.data_dir / "sources" / "main" / "snapshots" / snapshot.id
    evaluation = evaluate(context, (folder,), measures, PERIOD, None, terminology)
    table = pq.read_table(config.data_dir / "evaluations" / evaluation.id / COUNTS_FILE)
    columns = [column.to_pylist() for column in table.columns]
    return Run(snapshot, evaluation, {tuple(row[:5]): row[5] for row in zip(*columns, strict=True)})


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sandbox")
    write_folder(target, make_people(800, seed=1), gz=False)
    return target


@pytest.fixture(scope="module")
def truth(sandbox: Path) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads((sandbox / "truth.json").read_bytes())
    return content


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the data folder and the identity key are."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def found(sandbox: Path, root: Path) -> Run:
    return run(sandbox, sandbox / "fhir", root)


def test_every_cell_of_every_measure_is_the_expected_one(truth: dict[str, Any], found: Run) -> None:
    expected: dict[Cell, int] = {tuple(row[:5]): row[5] for row in truth["counts"]}
    counted = {cell: count for cell, count in found.counts.items() if count}
    differing = {cell for cell in expected.keys() | counted.keys() if expected.get(cell) != counted.get(cell)}
    assert sorted(differing)[:20] == []


def test_every_measure_has_people_in_its_numerator_and_outside(truth: dict[str, Any]) -> None:
    whole: dict[tuple[str, str], int] = {}
    for measure, _, stratifier, _, population, count in truth["counts"]:
        if stratifier == "all":
            whole[measure, population] = whole.get((measure, population), 0) + count
    for measure in MEASURES:
        assert 0 < whole[measure, "numerator"] < whole[measure, "denominator"]


def test_every_sum_of_which_disclosure_is_told_holds_of_the_exact_counts(found: Run) -> None:
    groups: dict[Group, dict[str, int]] = {}
    for (measure, practice, stratifier, stratum, population), count in found.counts.items():
        groups.setdefault(Group(measure, practice, stratifier, stratum), {})[population] = count
    letters = {letter: one.group_2021 for letter, one in load().ethnicity().categories.items()}
    nested = nested_strata((part for one in CORE_STRATIFIERS for part in one.parts), letters)
    told = list(sums(groups, Hierarchy(nested)))
    finer = {one.parts[0].stratifier for one in told}
    assert {"ethnic-category-16", "imd-decile", "imd-quintile", "ethnic-group-5*imd-quintile"} <= finer
    for whole, parts in told:
        for population, people in groups[whole].items():
            assert people == sum(groups[part][population] for part in parts), (whole, population)


def test_the_people_are_those_expected(truth: dict[str, Any], found: Run) -> None:
    assert msgspec.to_builtins(found.evaluation.people) == truth["people"]


def test_nothing_is_lost_and_each_term_is_the_expected_one(truth: dict[str, Any], found: Run) -> None:
    terms = {type_: {**each, "carried": 0} for type_, each in truth["reconciliation"].items()}
    assert msgspec.to_builtins(found.snapshot.reconciliation) == terms


def test_practices_belong_where_they_are_expected_to(truth: dict[str, Any], found: Run) -> None:
    areas = {area.practice_id: {"pcn": area.pcn_id, "icb": area.icb_id} for area in found.evaluation.areas}
    assert areas == truth["areas"]


def test_the_files_date_themselves(truth: dict[str, Any], found: Run) -> None:
    assert found.snapshot.data_date == truth["data_date"]
    assert found.evaluation.as_of == date.fromisoformat(truth["as_of"])


@pytest.mark.slow
def test_lines_in_any_order_and_in_other_files_give_the_same_tables(
    sandbox: Path, found: Run, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_bytes((sandbox / "fhir" / "manifest.json").read_bytes())
    for number, path in enumerate(sorted((sandbox / "fhir").glob("*.ndjson"))):
        lines = path.read_bytes().splitlines(keepends=True)
        Random(1).shuffle(lines)
        for part in range(2):
            folder = tmp_path / f"part-{part}-{9 - number}"
            folder.mkdir()
            (folder / path.name).write_bytes(b"".join(lines[part::2]))
    shuffled = run(sandbox, tmp_path, root)
    assert shuffled.snapshot.id != found.snapshot.id
    assert shuffled.snapshot.tables == found.snapshot.tables
    assert shuffled.snapshot.keys == found.snapshot.keys
    assert shuffled.snapshot.reconciliation == found.snapshot.reconciliation
    assert shuffled.evaluation.id == found.evaluation.id


@pytest.mark.slow
def test_a_breakdown_by_words_has_the_people_of_the_register_that_it_tells_of(
    truth: dict[str, Any], sandbox: Path, tmp_path: Path
) -> None:
    found = run(sandbox, sandbox / "fhir", tmp_path, overlays=(TRY_OUTS,), ids=["ethnicity-recorded"])
    told = {
        (practice, population): count
        for (_, practice, stratifier, stratum, population), count in found.counts.items()
        if (stratifier, stratum) == ("our-severe-mental-illness", "recorded") and count
    }
    expected = {
        row[1]: row[5]
        for row in truth["counts"]
        if (row[0], row[2], row[4]) == ("severe-mental-illness-six-checks", "all", "initial_population")
    }
    assert {practice: count for (practice, name), count in told.items() if name == "initial_population"} == expected
    assert sum(expected.values()) > 20


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("few")
    write_folder(target, FEW, gz=False)
    return target


@pytest.mark.slow
@pytest.mark.parametrize("method", ["search", "export"])
def test_a_server_gives_the_tables_and_counts_of_the_files(few: Path, method: str) -> None:
    root = few / "run"
    truth = orjson.loads((few / "truth.json").read_bytes())
    resources = chain(render.organisation_resources(), *map(render.resources, FEW))
    with server.serve(resources, port=0, faults=None, data_date=DATA_DATE) as running:
        served = run(few, running.base_url, root, method)
    filed = run(few, few / "fhir", root)
    assert served.snapshot.tables == filed.snapshot.tables
    assert served.snapshot.keys == filed.snapshot.keys
    assert {cell: count for cell, count in served.counts.items() if count} == {
        tuple(row[:5]): row[5] for row in truth["counts"]
    }
    for type_, terms in truth["reconciliation_by_search"].items():
        assert served.snapshot.reconciliation[type_].kept == terms["kept"]

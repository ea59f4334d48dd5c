"""The truth of the sandbox's people under other settings than the usual: each of its numbers is the engine's."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pyarrow.parquet as pq
import pytest

from hi_fhir.cohorts.imports import import_organisations, import_postcodes
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluate import evaluate
from hi_fhir.pipeline.evaluation_job import scope_of
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.sandbox import render
from hi_fhir.sandbox.folder import write_beside
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.model import SyntheticPerson
from hi_fhir.sandbox.truth import MEASURES, TruthSetting, expected
from hi_fhir.sandbox.truth.opted_out import numbers_of
from hi_fhir.terminology.catalogue import load

PEOPLE = tuple(make_people(600, seed=11))
LISTED = frozenset({*(number for person in PEOPLE[::9] for number in numbers_of(person)), "9990000018"})
USUAL = TruthSetting()


@dataclass(frozen=True)
class Sources:
    config: Config
    snapshots: tuple[Path, ...]


def _in_two(person: SyntheticPerson) -> tuple[SyntheticPerson, SyntheticPerson]:
    """The same person as two sources have it: the second source knows its own patient by the id of the first's."""
    first = person.patients[0]
    others = [patient for patient in person.patients if patient.id == f"{first.id}-b"]
    elsewhere = {patient.id for patient in others}
    here = tuple(one for one in person.records if one.patient_id not in elsewhere)
    there = tuple(replace(one, patient_id=first.id) for one in person.records if one.patient_id in elsewhere)
    merged = (patient for patient in person.patients[1:] if patient not in others)
    return SyntheticPerson((first, *merged), here), SyntheticPerson(
        tuple(replace(patient, id=first.id) for patient in others), there
    )


def _written(folder: Path, people: Iterator[SyntheticPerson]) -> Path:
    lines: dict[str, list[bytes]] = {}
    for resource in (*render.organisation_resources(), *(one for who in people for one in render.resources(who))):
        lines.setdefault(resource["resourceType"], []).append(orjson.dumps(resource))
    folder.mkdir(parents=True)
    for type_, found in lines.items():
        (folder / f"{type_}.ndjson").write_bytes(b"\n".join(found) + b"\n")
    return folder


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Two sources, with people in both; all that any policy of opt-outs reads is asked for."""
    root = tmp_path_factory.mktemp("settings")
    write_beside(root)
    config = Config(
        data_dir=root / "data",
        key_file=root / "keys" / "identity.key",
        overlays=(root / "overlay",),
        workers=1,
        opt_out_policy="type-1-by-code",
    )
    import_postcodes(root / "postcodes.csv", config.data_dir / "imports")
    import_organisations(root / "organisations.csv", config.data_dir / "imports")
    scope = scope_of(config, registry.load(MEASURES), load(config.overlays))
    halves = [_in_two(person) for person in PEOPLE]
    snapshots = []
    for place, name in enumerate(("north", "south")):
        folder = _written(root / name, (half[place] for half in halves))
        source = SourceSettings(name=name, address=str(folder), bases=(render.ABSOLUTE_BASE,))
        landed = pull(RunContext(config), source, scope, None, 1)
        snapshot = flatten(RunContext(config), source, landed.id)
        snapshots.append(config.data_dir / "sources" / name / "snapshots" / snapshot.id)
    return Sources(config, tuple(snapshots))


def _evaluated(sources: Sources, setting: TruthSetting, tmp_path: Path) -> tuple[EvaluationManifest, dict[Any, int]]:
    listed = tmp_path / "opt-outs.csv"
    listed.write_text("".join(f"{number}\n" for number in sorted(setting.listed)))
    config = replace(sources.config, imd_year=setting.imd_year, opt_out_policy=setting.opt_out, opt_out_list=listed)
    measures, terminology = registry.load(MEASURES), load(config.overlays)
    period = Period(*setting.period)
    found = evaluate(RunContext(config), sources.snapshots, measures, period, setting.as_of, terminology)
    table = pq.read_table(config.data_dir / "evaluations" / found.id / COUNTS_FILE)
    columns = [column.to_pylist() for column in table.columns]
    return found, {tuple(row[:5]): row[5] for row in zip(*columns, strict=True) if row[5]}


TOGETHER = replace(USUAL, as_of=date(2024, 12, 31), imd_year=2019, opt_out="type-1-by-code")
APART = {
    "usual": USUAL,
    "as-of before the period's end": replace(USUAL, as_of=date(2024, 9, 30)),
    "as-of at the end of February": replace(USUAL, as_of=date(2025, 2, 28)),
    "the year before, with its leavers": replace(
        USUAL, period=(date(2023, 4, 1), date(2024, 3, 31)), as_of=date(2024, 3, 31)
    ),
    "IMD 2019": replace(USUAL, imd_year=2019),
    "opt-outs applied upstream": replace(USUAL, opt_out="applied-upstream"),
    "opt-outs by code": replace(USUAL, opt_out="type-1-by-code"),
    "opt-outs by list": replace(USUAL, opt_out="imported-list", listed=LISTED),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting", [pytest.param(setting, id=name) for name, setting in {"several at once": TOGETHER, **APART}.items()]
)
def test_every_number_is_the_expected_one(sources: Sources, setting: TruthSetting, tmp_path: Path) -> None:
    truth = expected(PEOPLE, setting)
    found, counts = _evaluated(sources, setting, tmp_path)
    differing = {cell for cell in truth.counts.keys() | counts.keys() if truth.counts[cell] != counts.get(cell, 0)}
    assert sorted(differing)[:20] == []
    assert msgspec.to_builtins(found.people) == truth.people()


@pytest.mark.slow
def test_each_setting_decides_something() -> None:
    usual = expected(PEOPLE)
    assert expected(PEOPLE, replace(USUAL, as_of=date(2024, 9, 30))).reasons["left"] < usual.reasons["left"]
    assert expected(PEOPLE, replace(USUAL, imd_year=2019)).counts != usual.counts
    by_code = expected(PEOPLE, replace(USUAL, opt_out="type-1-by-code"))
    by_list = expected(PEOPLE, replace(USUAL, opt_out="imported-list", listed=LISTED)).people()
    assert 0 < by_code.opted_out < 60
    assert (by_list["opted_out"], by_list["opt_outs_unmatched"]) == (len(LISTED) - 1, 1)
    assert sum(len(person.patients) > 1 for person in PEOPLE) > 10

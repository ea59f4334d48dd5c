"""Evaluations of made-up people, counted by hand, so that a test of reports needs neither FHIR nor the engine."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hi_fhir.cohorts.inputs import Area, Note, People
from hi_fhir.cohorts.lists import ListComparison
from hi_fhir.core.days import Period
from hi_fhir.core.files import sha256_file
from hi_fhir.disclosure.counts import Stratum
from hi_fhir.disclosure.hierarchy import nested_strata
from hi_fhir.measures import RatioMeasure, months, observed, occasions, registered, registry, value_set
from hi_fhir.measures.evaluation import (
    COUNTS_FILE,
    FORMAT,
    MANIFEST,
    EvaluationManifest,
    MeasureReference,
    SnapshotReference,
    contents_read,
    measure_reference,
)
from hi_fhir.measures.model import CountMeasure, Measure
from hi_fhir.measures.stratifiers import ALL, CORE_STRATIFIERS, PCN, PRACTICE
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.reconcile import Reconciliation
from hi_fhir.tables.schema import COUNTS
from hi_fhir.tables.standing import Standing, TypeState
from hi_fhir.terminology.catalogue import Terminology, load
from tests.support.worked_out_once import worked_out_once

OUTCOMES = {
    "numerator": ("initial_population", "denominator", "numerator"),
    "denominator": ("initial_population", "denominator"),
    "exception": ("initial_population", "denominator", "denominator_exception"),
    "undetermined": ("undetermined",),
    "outside": (),
    "not-in-denominator": ("initial_population",),
    "taken-out": ("initial_population", "denominator", "numerator", "numerator_exclusion"),
}
"""Where a person may be in a measure, and the populations that this counts in."""


def an_area(practice: str, pcn: str | None = "U99001", icb: str | None = "QZ1") -> Area:
    def name(code: str | None) -> str | None:
        return f"Name of {code}" if code else None

    return Area(practice, name(practice), pcn, name(pcn), icb, name(icb))


AREAS = (
    an_area("A99001", "U99001", "QZ1"),
    an_area("A99002", "U99001", "QZ1"),
    an_area("A99003", "U99002", "QZ1"),
    an_area("A99004", "U99002", "QZ2"),
    an_area("A99005", None, None),
)
"""Three practices of one board, one of another in a network that spans both, and one of which nothing is known."""


def write_evaluation(
    folder: Path,
    *,
    measures: Sequence[str] = ("ethnicity-recorded", "hypertension-treated-to-target-under-80"),
    areas: Sequence[Area] = AREAS,
    people: int = 60,
    seed: int = 1,
    state: str | None = None,
    lists: ListComparison | None = None,
) -> EvaluationManifest:
    """A finished evaluation with `people` in each practice. state: of every code list, instead of the true ones."""
    chosen = registry.load(measures)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(made_up_counts(chosen, areas, people, seed), folder / COUNTS_FILE)
    tables = {COUNTS_FILE: sha256_file(folder / COUNTS_FILE)}
    references = [a_reference(measure, state) for measure in chosen]
    manifest = an_evaluation(references, areas, people * len(areas), name=folder.name, tables=tables, lists=lists)
    FORMAT.commit(folder / MANIFEST, manifest)
    return manifest


def write_corrected(folder: Path, first: Path, practice: str, stratifier: str, was: str, is_now: str) -> None:
    """The evaluation in `first` once more, after somebody in the numerator of each measure turned out to be in another
    stratum of a practice.
    """
    table = pq.read_table(first / COUNTS_FILE)
    rows = table.to_pylist()
    for row in rows:
        if (
            row["practice_id"] == practice
            and row["stratifier"] == stratifier
            and row["population"] in OUTCOMES["numerator"]
        ):
            row["count"] += {was: -1, is_now: 1}.get(row["stratum"], 0)
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=COUNTS), folder / COUNTS_FILE)
    manifest = FORMAT.read(first / MANIFEST)
    tables = {COUNTS_FILE: sha256_file(folder / COUNTS_FILE)}
    FORMAT.commit(folder / MANIFEST, msgspec.structs.replace(manifest, id=folder.name, tables=tables))


def an_evaluation(
    references: Sequence[MeasureReference],
    areas: Sequence[Area] = AREAS,
    registered: int = 300,
    *,
    name: str = "evaluation",
    tables: dict[str, str] | None = None,
    notes: Sequence[Note] = (),
    lists: ListComparison | None = None,
) -> EvaluationManifest:
    return EvaluationManifest(
        id=name,
        period=Period(date(2024, 4, 1), date(2025, 3, 31)),
        as_of=date(2025, 3, 31),
        data_date=date(2025, 4, 2),
        software="hi_fhir 0.1.0",
        snapshots=[SnapshotReference("main", "0123456789abcdef", date(2025, 4, 2))],
        measures=list(references),
        policies={"opt_out": "not-applicable", "imd_year": "2025", "quarantine_limit": "0.05"},
        versions={"rule/registration": "1", "mappings/units": "2026-11-01", "stratifier/sex": "1"},
        contents=contents_read(references, ["mappings/units"], _terminology()),
        unverified=["codes of mappings/old-codes-to-snomed"],
        areas=list(areas),
        notes=list(notes),
        lists=lists,
        people=_people(registered),
        quarantine={"main": {"Observation": {"bad-date": 12, "not-json": 3}}},
        reconciliation={"main": {"Patient": Reconciliation(received=registered, kept=registered)}},
        dated_by={"main": {"observation": {"effective": 900, "undated": 7}}},
        dropped_readings={"systolic-blood-pressure": {"unit": 4, "implausible": 2}},
        classes={"main": {"coded": 40, "other-system": 3, "not-understood": 2, "absent": 1}},
        tables=tables or {},
        lost={"main": {"Observation": {"bad-date": 12, "not-json": 3}}},
        standings=[Standing("main", type_, TypeState.UNDERSTOOD) for type_ in ("Patient", *CLINICAL_TABLES)],
        heard={"main": _heard(references)},
        homes={area.practice_id: ["main"] for area in areas},
    )


def _heard(references: Sequence[MeasureReference]) -> dict[str, dict[str, int]]:
    """A source that speaks of every value set of the measures, in every type."""
    sets = {one.id: 100 for reference in references for one in reference.value_sets} | {"": 100}
    return dict.fromkeys(CLINICAL_TABLES, sets)


@worked_out_once
def made_up_counts(measures: Iterable[Measure], areas: Sequence[Area], people: int, seed: int) -> pa.Table:
    """COUNTS of `people` in each practice, the same for the same seed; every zero present."""
    chance = random.Random(seed)
    rows: list[tuple[str, str, str, str, str, int]] = []
    for measure in measures:
        for area in areas:
            found: Counter[tuple[str, str, str]] = Counter()
            for _ in range(people):
                outcome = chance.choices(list(OUTCOMES), _chances(measure))[0]
                person = _as_nested({p.id: chance.choice(p.strata) for s in measure.stratifiers for p in s.parts})
                for stratifier, stratum in _strata_of(measure, area, person):
                    for population in OUTCOMES[outcome]:
                        found[stratifier, stratum, population] += 1
                    found[stratifier, stratum, "occasions"] += 3 if outcome == "numerator" else 0
            for stratifier, stratum in _all_strata(measure, area):
                for population in measure.counted:
                    count = found[stratifier, stratum, population]
                    rows.append((measure.id, area.practice_id, stratifier, stratum, population, count))
    columns = zip(*rows, strict=True) if rows else [()] * len(COUNTS)
    return pa.table(dict(zip(COUNTS.names, map(list, columns), strict=True)), schema=COUNTS)


def _as_nested(person: dict[str, str]) -> dict[str, str]:
    """A person whose strata lie in one another as those of people do: a decile in its quintile, and so on."""
    for finer in ("imd-decile", "imd-quintile", "ethnic-category-16"):
        for coarser, stratum in _nested().get((finer, person.get(finer, "")), ()):
            if coarser in person:
                person[coarser] = stratum
    return person


@cache
def _terminology() -> Terminology:
    return load()


@cache
def _nested() -> Mapping[Stratum, Sequence[Stratum]]:
    groups = {letter: one.group_2021 for letter, one in _terminology().ethnicity().categories.items()}
    return nested_strata([part for one in CORE_STRATIFIERS for part in one.parts], groups)


def _chances(measure: Measure) -> list[int]:
    exception = 5 if measure.denominator_exception else 0
    narrower, taken_out = (20 if word else 0 for word in (measure.denominator, measure.numerator_exclusion))
    return [50, 25, exception, 2, 18, narrower, taken_out]


def _strata_of(measure: Measure, area: Area, person: dict[str, str]) -> Iterable[tuple[str, str]]:
    yield from _own_strata(area)
    for stratifier in measure.stratifiers:
        yield stratifier.id, "*".join(person[part.id] for part in stratifier.parts)


def _all_strata(measure: Measure, area: Area) -> Iterable[tuple[str, str]]:
    yield from _own_strata(area)
    for stratifier in measure.stratifiers:
        for stratum in stratifier.strata:
            yield stratifier.id, stratum


def _own_strata(area: Area) -> Sequence[tuple[str, str]]:
    return ((ALL, ALL), (PRACTICE, area.practice_id), (PCN, area.pcn_id or "unknown"))


def a_reference(
    measure: Measure, state: str | None = None, states: Mapping[str, str] = MappingProxyType({})
) -> MeasureReference:
    """state: of every code list, instead of the true ones; states: of some of them by id, instead of that."""
    reference = measure_reference(measure, load())
    if state is None:
        return reference
    sets = [msgspec.structs.replace(one, state=states.get(one.id, state)) for one in reference.value_sets]
    reasons = [f"{one.id} is {state}: made up for a test" for one in sets]
    return msgspec.structs.replace(reference, state=state, value_sets=sets, reasons=reasons)


def _people(count: int) -> People:
    return People(
        persons=count + 12,
        registered=count,
        no_registration=9,
        registration_conflicts=2,
        not_registered_by_reason={"dead": 3, "no-registration": 9},
        impossible_dates={"birth": 6},
        registrations_left_out={"episode-of-another-type": 5},
        restricted=1,
        opted_out=0,
        opt_outs_unmatched=0,
        orphan_events={"observation": 4},
        deprivation={"linked": count - count // 20, "no-postcode": count // 20},
        ethnicity={"stated": count - count // 10, "not-recorded": count // 10},
        pcn_unknown=0,
        nhs_number={"verified": count},
        link_conflicts=0,
        merges={"merged": 0},
        identifiers_of_nobody={"observation": 0},
        identifiers_of_several={"observation": 0},
        ethnicity_not_understood=0,
    )


_OURS: dict[str, Any] = {
    "version": "1",
    "rule_set": "ours",
    "source": "ours",
    "reviewed_by": "nobody",
    "next_review": date(2027, 4, 1),
    "initial_population": registered(),
}


def a_count(**fields: Any) -> CountMeasure:
    """A measure that counts registered people and compares them with nobody."""
    named = {"id": "register", "title": "Register", "description": "People who are registered."}
    return CountMeasure(**{**_OURS, **named, **fields})


def a_ratio(**fields: Any) -> RatioMeasure:
    """How often the smoking status of registered people was recorded."""
    named = {"id": "ratio", "title": "Ratio", "description": "How often.", "numerator": HOW_OFTEN}
    return RatioMeasure(**{**_OURS, **named, **fields})


HOW_OFTEN = occasions(observed(value_set("smoking-status"), months(12)), at_most=12)

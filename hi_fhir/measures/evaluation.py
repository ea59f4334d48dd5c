"""The manifest of an evaluation: everything that decided its counts, for reports to say without seeing people."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import msgspec

from hi_fhir.cohorts.inputs import Area, Note, NotUnderstood, People, Resolution
from hi_fhir.cohorts.lists import ListComparison
from hi_fhir.core.days import Period
from hi_fhir.core.manifests import Format
from hi_fhir.measures.digests import definition_digest
from hi_fhir.measures.model import Measure
from hi_fhir.measures.released import Versioned
from hi_fhir.measures.render.requirements import population_needs, value_sets, value_sets_in
from hi_fhir.tables.reconcile import Reconciliation, with_current_terms
from hi_fhir.tables.standing import Standing
from hi_fhir.terminology.catalogue import Terminology
from hi_fhir.terminology.data_files import ListState, worst_state

MANIFEST = "evaluation.json"
COUNTS_FILE = "counts.parquet"


Contents = dict[str, Versioned]


class SnapshotReference(msgspec.Struct, frozen=True):
    source_id: str
    id: str
    data_date: date


class ValueSetReference(msgspec.Struct, frozen=True):
    id: str
    version: str
    state: ListState


class MeasureReference(msgspec.Struct, frozen=True):
    """A measure as it was evaluated.

    state: the worst of its value sets', but for those of its breakdowns: full, outdated, demonstration, partial or
    missing. reasons: why any of them is not full.
    unverified: what of it was not seen in the rule set's own text, and value sets whose codes no source showed.
    definition: digest of its definition, by which a report knows that the installed one is the same.
    """

    id: str
    version: str
    definition: str
    title: str
    rule_set: str
    source: str
    improvement: str
    state: ListState
    reasons: list[str]
    value_sets: list[ValueSetReference]
    unverified: list[str]

    @property
    def is_demonstration(self) -> bool:
        """Whether any of its value sets was made up, whatever the state of the others."""
        return any(one.state == ListState.DEMONSTRATION for one in self.value_sets)


class EvaluationManifest(msgspec.Struct, frozen=True):
    """versions: of rules, mappings, imports, stratifiers and, where the policy goes by them, codes of opt-outs.

    unverified: as a measure's, of what `versions` names. policies: opt-out policy and IMD year.

    data_date: the earliest of the snapshots'. quarantine: source to type to kind to records. reconciliation: source to
    type to its terms. dated_by: source to table to what dated its rows (effective, issued or undated) to rows.
    contents: name of each value set and mapping that was read to its version and a digest of what it says.
    dropped_readings: as `measures.dropped` counts them. other_servers: source to host to type to the references to
    resources there that are none of the source's. tables: path within the evaluation's folder to the SHA-256 of
    the file. lost: source to type to kind to records of which no copy could be taken. standings: of every source and
    type. heard: as `measures.heard` counts it. homes, not_understood and lists: as resolving found
    them. foreign_codes, classes: source to what its snapshot says of them.
    """

    id: str
    period: Period
    as_of: date
    data_date: date
    software: str
    snapshots: list[SnapshotReference]
    measures: list[MeasureReference]
    policies: dict[str, str]
    versions: dict[str, str]
    contents: Contents
    unverified: list[str]
    areas: list[Area]
    notes: list[Note]
    people: People
    quarantine: dict[str, dict[str, dict[str, int]]]
    reconciliation: dict[str, dict[str, Reconciliation]]
    dated_by: dict[str, dict[str, dict[str, int]]]
    dropped_readings: dict[str, dict[str, int]]
    tables: dict[str, str]
    lost: dict[str, dict[str, dict[str, int]]]
    standings: list[Standing]
    heard: dict[str, dict[str, dict[str, int]]]
    homes: dict[str, list[str]]
    other_servers: dict[str, dict[str, dict[str, int]]] = {}
    not_understood: list[NotUnderstood] = []
    lists: ListComparison | None = None
    foreign_codes: dict[str, dict[str, dict[str, int]]] = {}
    negated: dict[str, dict[str, dict[str, int]]] = {}
    misdated: dict[str, dict[str, int]] = {}
    classes: dict[str, dict[str, int]] = {}


_AGAIN = "Run: hi-fhir evaluate --period FROM..TO"
FORMAT = Format("evaluation", EvaluationManifest, 7, _AGAIN, {6: with_current_terms})


def read_evaluation(folder: Path) -> EvaluationManifest:
    """The manifest of a finished evaluation.

    Raises:
        ManifestError: another version of hi_fhir wrote it, and this one cannot read it.
    """
    return FORMAT.read(folder / MANIFEST)


def contents_read(measures: Iterable[MeasureReference], versions: Iterable[str], terminology: Terminology) -> Contents:
    """Version and digest of the measures' value sets, and of those and the mappings that `versions` names."""
    names = {f"value_sets/{one.id}" for measure in measures for one in measure.value_sets}.union(versions)
    known = terminology.versions()
    return {name: Versioned(known[name], d) for name, d in sorted(terminology.contents().items()) if name in names}


def changed_contents(evaluation: EvaluationManifest, terminology: Terminology) -> list[str]:
    """What the evaluation read that says something else now, under the same version."""
    now, versions = terminology.contents(), terminology.versions()
    return [
        f"{name} version {version}"
        for name, (version, digest) in evaluation.contents.items()
        if versions.get(name) == version and now.get(name, digest) != digest
    ]


def people_counts(resolution: Resolution) -> People:
    """The counts alone."""
    return msgspec.convert(resolution, People, from_attributes=True)


def not_seen(versions: Iterable[str], terminology: Terminology) -> list[str]:
    """Which of the value sets and mappings that are named have codes or pairs that no source showed."""
    return [f"codes of {id_}" for id_ in sorted(terminology.unverified().intersection(versions))]


def measure_reference(measure: Measure, terminology: Terminology) -> MeasureReference:
    used = [terminology.value_set(id_) for id_ in value_sets(measure)]
    of_populations = value_sets_in(population_needs(measure))
    return MeasureReference(
        id=measure.id,
        version=measure.version,
        definition=definition_digest(measure),
        title=measure.title,
        rule_set=measure.rule_set,
        source=measure.source,
        improvement=measure.improvement,
        state=worst_state(one.state for one in used if one.id in of_populations),
        reasons=[f"{one.id} is {one.state}: {one.reason or one.version}" for one in used if not one.is_full],
        value_sets=[ValueSetReference(one.id, one.version, one.state) for one in used],
        unverified=[*measure.caveats, *(f"codes of {one.id}" for one in used if one.unverified)],
    )

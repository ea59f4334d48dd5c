"""What made a report's numbers and what was not there, as extensions: all that another run would need for the same."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from hi_fhir.cohorts.inputs import Note
from hi_fhir.cohorts.lists import NOT_LISTED, ListComparison, ListGroup, told
from hi_fhir.disclosure.counts import Cell, RunCount
from hi_fhir.disclosure.policies import Policy
from hi_fhir.measures.absence import absences
from hi_fhir.measures.evaluation import Contents, EvaluationManifest, MeasureReference
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.narrative import marked
from hi_fhir.reports.concepts import Json, counted, definition, nested, valued
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.reconcile import total
from hi_fhir.tables.standing import Absence, Standing

USE = "Monitoring, not a payment claim."
_PEOPLE, _QUARANTINE, _READINGS = "run-people", "run-quarantine", "readings-left-out"
_RUN = (_PEOPLE, _QUARANTINE, _READINGS)
_ALL = "all"
_UNTYPED = "Resource"
_ROWS = ("orphan-events", "identifiers-of-nobody", "identifiers-of-several")  # by the type that they are of
_PEOPLE_KINDS = (
    "not_registered_by_reason",
    "registrations_left_out",
    "impossible_dates",
    "orphan_events",
    "identifiers_of_nobody",
    "identifiers_of_several",
    "merges",
)
_MEASURED = ("persons", "registered", "deprivation", "ethnicity", "nhs_number")
"""How many the registered are, and of what kind: what there is to tell of that, measures of completeness tell.

Told of the run as well it would be an area's counts once more, by another rule: those of the only area of a run, and of
several areas their sum. All persons are the registered and those who are not, which is told by reason.
"""
_TABLES = {**CLINICAL_TABLES, "EpisodeOfCare": "registration"}
_TYPES = {table.replace("_", "-"): type_ for type_, table in _TABLES.items()}


def run_counts(evaluation: EvaluationManifest) -> dict[RunCount, int]:
    """The exact counts of the whole run that reports carry, over all sources. They are not a reporter's own.

    Of the reconciliation they carry what was lost: how often a record came, or whether it was asked for, depends on the
    way in and on retries, which must not make another report of the same data.
    """
    found: dict[RunCount, int] = {}
    for name in evaluation.people.__struct_fields__:
        value = getattr(evaluation.people, name)
        if name in _MEASURED:
            continue
        if name in _PEOPLE_KINDS:
            found |= {(_PEOPLE, _ALL, _spelt(f"{name}.{kind}")): count for kind, count in sorted(value.items())}
        else:
            found[_PEOPLE, _ALL, _spelt(name)] = value
    for type_, kinds in _by_type(evaluation.lost.values()).items():
        found |= {(_QUARANTINE, type_, _spelt(kind)): count for kind, count in kinds.items()}
    for value_set, kinds in sorted(evaluation.dropped_readings.items()):
        found |= {(_READINGS, value_set, _spelt(kind)): count for kind, count in sorted(kinds.items()) if count}
    return found


def is_of_run(stratifier: str) -> bool:
    """Whether a cell is of the whole run, by its stratifier."""
    return stratifier in _RUN


def told_of_run(
    run: Mapping[RunCount, Cell], types: Collection[str], reference: MeasureReference
) -> dict[RunCount, Cell]:
    """The counts of the run that a report gives on a measure that reads these types: with others it has nothing to do.

    Lines that do not tell their type may have been of any.
    """
    told = (None, _UNTYPED, *types, *(one.id for one in reference.value_sets))
    return {name: cell for name, cell in run.items() if _about(name) in told}


def release_extensions(base: str, evaluation: EvaluationManifest, policy: Policy) -> list[Json]:
    """What all reports of a release have in common: policies, rules, mappings and sources."""
    own = [
        valued("audience", "Code", policy.audience),
        valued("disclosure-policy", "String", policy.id),
        valued("disclosure-policy-version", "String", policy.version),
        valued("opt-out-policy", "String", evaluation.policies["opt_out"]),
        valued("imd-year", "String", evaluation.policies["imd_year"]),
        valued("quarantine-limit", "Decimal", float(evaluation.policies["quarantine_limit"])),
        valued("as-of", "Date", evaluation.as_of.isoformat()),
        valued("software", "String", evaluation.software),
        valued("use", "String", USE),
    ]
    return [
        nested(definition(base, "report-basis"), own),
        *(_version(base, name, version, evaluation.contents) for name, version in sorted(evaluation.versions.items())),
        *_unverified(base, evaluation.unverified),
        *(
            _texts(definition(base, "data-source"), source=one.source_id, data_date=one.data_date.isoformat())
            for one in sorted(evaluation.snapshots, key=lambda snapshot: snapshot.source_id)
        ),
    ]


def run_extensions(base: str, notes: Iterable[Note], run: Mapping[RunCount, Cell]) -> list[Json]:
    """What a report says of the run. notes: on the types that its measure reads. run: the counts that it gives."""
    people = [counted(name[2], cell) for name, cell in run.items() if name[0] == _PEOPLE]
    return [
        *(valued(definition(base, "note"), "String", str(note)) for note in notes),
        nested(definition(base, "run-people"), people),
        *_counted(base, "run-quarantine", "type", run, _QUARANTINE),
    ]


def notes_on(notes: Iterable[Note], types: Collection[str]) -> list[Note]:
    """The notes that are about one of the types, or about a source as a whole."""
    return [note for note in notes if note.type is None or note.type in types]


def measure_extensions(
    base: str, reference: MeasureReference, contents: Contents, run: Mapping[RunCount, Cell]
) -> list[Json]:
    """What the reports of a measure have in common: rules, code lists, caveats, and readings it does not take.

    contents: of the evaluation.
    """
    state = [valued("state", "Code", reference.state), *(valued("reason", "String", r) for r in reference.reasons)]
    sets = (
        _texts("value-set", id=s.id, version=s.version, state=s.state, **_content(contents, f"value_sets/{s.id}"))
        for s in reference.value_sets
    )
    rules = {"rule_set": reference.rule_set, "source": reference.source, "content": reference.definition}
    return [
        _texts(definition(base, "measure-rules"), **rules),
        nested(definition(base, "code-lists"), [*state, *sets]),
        *_unverified(base, reference.unverified),
        *_counted(base, "readings-left-out", "value-set", run, _READINGS),
    ]


def _unverified(base: str, caveats: Iterable[str]) -> list[Json]:
    return [valued(definition(base, "unverified"), "String", caveat) for caveat in marked(caveats)]


def _version(base: str, name: str, version: str, contents: Contents) -> Json:
    return _texts(definition(base, "version-used"), name=name, version=version, **_content(contents, name))


def _content(contents: Contents, name: str) -> dict[str, str]:
    """The digest of what was read under a name, where one was kept."""
    return {"content": contents[name].digest} if name in contents else {}


def _texts(url: str, **texts: str) -> Json:
    return nested(url, [valued(_spelt(name), "String", text) for name, text in texts.items()])


def _spelt(name: str) -> str:
    return name.replace("_", "-")


def _about(name: RunCount) -> str | None:
    """The resource type or value set that a count of the run is about; None: it is about people."""
    if name[0] != _PEOPLE:
        return name[1]
    kind, _, table = name[2].partition(".")
    return _TYPES[table] if kind in _ROWS else None


def _counted(base: str, extension: str, of: str, run: Mapping[RunCount, Cell], kind: str) -> Iterator[Json]:
    """One extension for each type or value set of which something is counted. of: what its first part is called."""
    parts: dict[str, list[Json]] = {}
    for name, cell in run.items():
        if name[0] == kind:
            parts.setdefault(name[1], [valued(of, "String", name[1])]).append(counted(name[2], cell))
    return (nested(definition(base, extension), own) for own in parts.values())


def _by_type(sources: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """Sums over sources, by type and what is counted of it, in order."""
    gathered: dict[str, list[Mapping[str, int]]] = {}
    for types in sources:
        for type_, counts in types.items():
            gathered.setdefault(type_, []).append(counts)
    return {type_: dict(sorted(total(gathered[type_]).items())) for type_ in sorted(gathered)}


def all_absences(evaluation: EvaluationManifest, measures: Iterable[Measure]) -> list[Absence]:
    """What of an evaluation may not be told, measure by measure."""
    return [
        one
        for measure in measures
        for one in absences(measure, evaluation.standings, evaluation.heard, evaluation.homes)
    ]


def concerning(practices: Collection[str], absent: Iterable[Absence]) -> list[Absence]:
    """The absences of a reporter's practices, naming those alone."""
    own = (
        msgspec.structs.replace(one, practices=tuple(practice for practice in one.practices if practice in practices))
        for one in absent
    )
    return [one for one in own if one.practices]


def missing_extensions(
    base: str, standings: Iterable[Standing], unheard: Mapping[str, Sequence[str]]
) -> Iterator[Json]:
    """standings: of types that are not understood. unheard: source to value sets of which no record came."""
    for standing in standings:
        own = [valued("source", "String", standing.source), valued("type", "Code", standing.type)]
        yield nested(definition(base, "standing"), [*own, valued("standing", "Code", standing.standing)])
    for source, value_sets in unheard.items():
        if value_sets:
            sets = (valued("value-set", "String", value_set) for value_set in value_sets)
            yield nested(definition(base, "unheard"), [valued("source", "String", source), *sets])


def list_extensions(
    base: str, compared: ListComparison | None, practices: Collection[str], organisation: Callable[[str], Json]
) -> Iterator[Json]:
    """How the lists of a reporter's practices stand beside the published ones; what is published, and no number here.

    organisation: the reference to an ODS code's Organization.
    """
    if compared is None or compared.day is None:
        return
    by_practice: dict[str, list[ListGroup]] = {}
    for group in compared.groups:
        by_practice.setdefault(group.practice, []).append(group)
    for practice in practices:
        groups = by_practice.get(practice)
        if groups or practice in compared.unlisted:
            state, apart = told(groups) if groups else (NOT_LISTED, [])
            own = [
                valued("practice", "Reference", organisation(practice)),
                valued("state", "Code", state),
                *(valued("group", "String", name) for name in apart),
                *([valued("published", "Integer", groups[0].published)] if groups else []),
                valued("day", "Date", compared.day.isoformat()),
            ]
            yield nested(definition(base, "registered-list"), own)


def withheld_extensions(base: str, absent: Iterable[Absence], organisation: Callable[[str], Json]) -> Iterator[Json]:
    """organisation: the reference to an ODS code's Organization."""
    for one in absent:
        populations = [valued("population", "Code", name.replace("_", "-")) for name in one.populations]
        strata = [valued("stratum", "Code", stratum) for stratum in one.strata]
        yield nested(
            definition(base, "withheld-strata" if one.stratifier else "withheld"),
            [
                valued("source", "String", one.source),
                valued("type", "Code", one.type),
                valued("standing", "Code", one.standing),
                *([valued("stratifier", "Code", one.stratifier), *strata] if one.stratifier else populations),
                *(valued("practice", "Reference", organisation(practice)) for practice in one.practices),
            ],
        )

"""What a word needs to be told: resource types and, for some, value sets; and so what a pull asks for."""

from collections.abc import Iterable
from functools import singledispatch

from hi_fhir.cohorts.opt_out_policies import TYPE_1_BY_CODE, TYPE_1_SETS
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import Stratifier
from hi_fhir.measures.words import base, completeness, events, population, problems, statuses, values
from hi_fhir.measures.words.tree import value_sets_of, walk
from hi_fhir.tables.scope import Scope
from hi_fhir.terminology.catalogue import Terminology
from hi_fhir.terminology.codings import Coding

Need = tuple[str, str | None]
"""A resource type, with the value set whose codes do or None for the whole type."""

ALWAYS = ("Patient", "EpisodeOfCare", "Organization")
"""What every measure is worked out from: people, where they are registered, and which organisations those are."""
_PANEL = "blood-pressure-panel"
_NOTHING: frozenset[Need] = frozenset()


@singledispatch
def needs(word: base.Word) -> frozenset[Need]:
    """What a word and those in it read, the person's own fields apart, which are always there."""
    raise NotImplementedError(f"{type(word).__name__} has no requirements")


@needs.register(base.And)
@needs.register(base.Or)
@needs.register(base.AtLeastOf)
def _(word: base.And | base.Or | base.AtLeastOf) -> frozenset[Need]:
    return _all(word.parts)


@needs.register
def _(word: base.Not) -> frozenset[Need]:
    return needs(word.part)


@needs.register(population.Registered)
@needs.register(population.Aged)
@needs.register(population.SexIs)
@needs.register(population.EthnicityIs)
@needs.register(population.EthnicGroupIs)
@needs.register(population.DecileIs)
@needs.register(completeness.BirthDateRecorded)
@needs.register(completeness.BirthDateExact)
@needs.register(completeness.SexCompared)
@needs.register(completeness.SexConsistent)
@needs.register(completeness.NhsNumberValid)
@needs.register(completeness.AddressRecorded)
@needs.register(completeness.LanguageRecorded)
@needs.register(completeness.InterpreterRecorded)
@needs.register(completeness.EthnicitySpecific)
@needs.register(completeness.EthnicityCompared)
@needs.register(completeness.EthnicityConsistent)
@needs.register(population.NhsNumberVerified)
@needs.register(population.DeprivationLinked)
@needs.register(population.RegistrationBegunWithin)
def _(word: base.Word) -> frozenset[Need]:
    return _NOTHING


@needs.register
def _(word: events.Recorded) -> frozenset[Need]:
    return frozenset((type_, word.value_set.id) for type_ in word.types)


@needs.register
def _(word: events.Diagnosed) -> frozenset[Need]:
    return _all((word.diagnosis, *([word.resolved_by] if word.resolved_by else [])))


@needs.register(events.FirstWithin)
@needs.register(events.Repeated)
@needs.register(events.AtLeastTimes)
@needs.register(events.Occasions)
@needs.register(events.AgeAtRecord)
def _(
    word: events.FirstWithin | events.Repeated | events.AtLeastTimes | events.Occasions | events.AgeAtRecord,
) -> frozenset[Need]:
    return needs(word.recorded)


@needs.register(events.OnOrAfterFirst)
@needs.register(events.RecordedNear)
def _(word: events.OnOrAfterFirst | events.RecordedNear) -> frozenset[Need]:
    return _all((word.recorded, word.other))


@needs.register
def _(word: events.LatestEncounter) -> frozenset[Need]:
    return frozenset({("Encounter", None)})


@needs.register
def _(word: events.LatestEncounterCoded) -> frozenset[Need]:
    return needs(word.encounter) | {("Condition", None)}  # whose codes tell what an encounter refers to


@needs.register
def _(word: events.EncounterTypeCoded) -> frozenset[Need]:
    return needs(word.encounter)


@needs.register
def _(word: events.EncounterClassIs) -> frozenset[Need]:
    return needs(word.encounter) | {("Encounter", word.value_set.id)}


@needs.register
def _(word: problems.Problems) -> frozenset[Need]:
    return frozenset({("Condition", None)})


@needs.register
def _(word: problems.ProblemsCoded) -> frozenset[Need]:
    return needs(word.problems)


@needs.register
def _(word: values.LatestReading) -> frozenset[Need]:
    return frozenset(("Observation", quantity.value_set.id) for quantity in word.quantities)


@needs.register(values.ReadingAtMost)
@needs.register(values.ReadingIs)
def _(word: values.ReadingAtMost | values.ReadingIs) -> frozenset[Need]:
    return needs(word.reading)


@needs.register
def _(word: values.ReadingNoEarlier) -> frozenset[Need]:
    return _all((word.reading, word.other))


@needs.register
def _(word: statuses.LatestStatus) -> frozenset[Need]:
    return frozenset(("Observation", value_set) for value_set in value_sets_of(word))


@needs.register
def _(word: statuses.StatusIs) -> frozenset[Need]:
    return needs(word.latest)


def _all(words: Iterable[base.Word]) -> frozenset[Need]:
    return _NOTHING.union(*(needs(word) for word in words))


def measure_needs(measure: Measure) -> frozenset[Need]:
    """What a pull asks for: of the populations and of the breakdowns."""
    return _all(measure.words())


def population_needs(measure: Measure) -> frozenset[Need]:
    """What the populations read: where nothing of it was received they may not be told."""
    return _all(word for _, word in measure.populations())


def stratum_needs(one: Stratifier) -> frozenset[Need]:
    """What the strata of a breakdown read; nothing where they go by what is settled of the person."""
    return _all(one.words)


def value_sets(measure: Measure) -> tuple[str, ...]:
    """Ids of the value sets that decide a measure's numbers, those of its breakdowns among them, in order."""
    return value_sets_in(measure_needs(measure))


def value_sets_in(asked: Iterable[Need]) -> tuple[str, ...]:
    return tuple(sorted({value_set for _, value_set in asked if value_set}))


def answer_sets(measures: Iterable[Measure]) -> frozenset[str]:
    """Ids of the value sets of which a code may be the answer to a question."""
    words = (inner for measure in measures for word in measure.words() for inner in walk(word))
    answered = (word for word in words if isinstance(word, statuses.LatestStatus) and word.question)
    return frozenset(status.id for word in answered for status in word.statuses)


def scope(measures: Iterable[Measure], terminology: Terminology, opt_out_policy: str = "") -> Scope:
    """What a pull for `measures` asks for: codes are the value sets' own and those that a map takes to them.

    Ethnicity is always asked for, since every measure is broken down by it; codes of a type 1 opt-out where the policy
    goes by them.
    """
    codings: dict[str, set[Coding]] = {}
    whole = set(ALWAYS)
    for type_, value_set in set().union(*(measure_needs(measure) for measure in measures)):
        if value_set is None:
            whole.add(type_)
        else:
            codings.setdefault(type_, set()).update(terminology.preimage(value_set))
            codings[type_].update(*(terminology.preimage(panel) for panel in panels(value_set)))
    for type_ in events.CLINICAL_EVENT:
        codings.setdefault(type_, set()).update(terminology.ethnicity().meanings)
        if opt_out_policy == TYPE_1_BY_CODE:
            codings[type_].update(*(terminology.preimage(value_set) for value_set in TYPE_1_SETS.values()))
    coded = {type_: tuple(sorted(map(str, found))) for type_, found in codings.items() if type_ not in whole and found}
    return Scope(types=dict(sorted({**dict.fromkeys(whole), **coded}.items())))


def panels(value_set: str) -> tuple[str, ...]:
    """Ids of value sets of Observations in whose components there are records with codes of this one."""
    return (_PANEL,) if value_set.split("-", 1)[-1].startswith("blood-pressure") else ()

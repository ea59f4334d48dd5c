"""What a word still says where records are missing: the types that it rests on, and whether silence makes it no."""

from collections.abc import Set
from functools import singledispatch

from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.requirements import needs
from hi_fhir.measures.words import base, completeness, events, population, problems, statuses, values
from hi_fhir.measures.words.tree import walk

_REGISTERED = ("Patient", "EpisodeOfCare", "Organization")
OF_PEOPLE: dict[type[base.Word], tuple[str, ...]] = {
    population.Registered: _REGISTERED,
    population.RegistrationBegunWithin: _REGISTERED,
    population.Aged: ("Patient",),
    population.SexIs: ("Patient",),
    population.EthnicityIs: ("Patient", *events.CLINICAL_EVENT),
    completeness.BirthDateRecorded: ("Patient",),
    completeness.BirthDateExact: ("Patient",),
    completeness.SexCompared: ("Patient",),
    completeness.SexConsistent: ("Patient",),
    completeness.NhsNumberValid: ("Patient",),
    completeness.AddressRecorded: ("Patient",),
    completeness.LanguageRecorded: ("Patient",),
    completeness.InterpreterRecorded: ("Patient",),
    completeness.EthnicitySpecific: ("Patient", *events.CLINICAL_EVENT),
    completeness.EthnicityCompared: ("Patient", *events.CLINICAL_EVENT),
    completeness.EthnicityConsistent: ("Patient", *events.CLINICAL_EVENT),
    population.EthnicGroupIs: ("Patient", *events.CLINICAL_EVENT),
    population.DecileIs: ("Patient",),
    population.NhsNumberVerified: ("Patient",),
    population.DeprivationLinked: ("Patient",),
    events.AgeAtRecord: ("Patient",),
}
"""Words that go by what is settled when people are resolved, and the types whose records settle that."""


def rests_on(word: base.Word) -> frozenset[str]:
    """Resource types of which a lost record could have made the word say something else."""
    of_people = (type_ for inner in walk(word) for type_ in OF_PEOPLE.get(type(inner), ()))
    return frozenset([*of_people, *(type_ for type_, _ in needs(word))])


def types_read(measure: Measure) -> frozenset[str]:
    """Resource types whose records decide who is in the measure's populations and strata."""
    return frozenset(_REGISTERED).union(*map(rests_on, measure.words()))


def is_told(word: base.Word, silent: Set[str]) -> bool:
    """Whether neither the word nor its opposite is true of everybody for want of a record of the types in `silent`."""
    denied = (inner.part for inner in walk(word) if isinstance(inner, base.Not))
    return can_hold(word, silent) and all(can_hold(part, silent) for part in denied)


@singledispatch
def can_hold(word: base.Word, silent: Set[str]) -> bool:
    """Whether the word could be true of anybody although no record came of the types in `silent`."""
    raise NotImplementedError(f"{type(word).__name__} does not say what silence does to it")


@can_hold.register(base.And)
@can_hold.register(base.AtLeastOf)  # counting among words of which one cannot hold finds too few
def _(word: base.And | base.AtLeastOf, silent: Set[str]) -> bool:
    return all(can_hold(part, silent) for part in word.parts)


@can_hold.register
def _(word: base.Or, silent: Set[str]) -> bool:
    return any(can_hold(part, silent) for part in word.parts)


@can_hold.register(base.Not)
@can_hold.register(population.Registered)
@can_hold.register(population.Aged)
@can_hold.register(population.SexIs)
@can_hold.register(population.EthnicityIs)
@can_hold.register(population.EthnicGroupIs)
@can_hold.register(population.DecileIs)
@can_hold.register(completeness.BirthDateRecorded)
@can_hold.register(completeness.BirthDateExact)
@can_hold.register(completeness.SexCompared)
@can_hold.register(completeness.SexConsistent)
@can_hold.register(completeness.NhsNumberValid)
@can_hold.register(completeness.AddressRecorded)
@can_hold.register(completeness.LanguageRecorded)
@can_hold.register(completeness.InterpreterRecorded)
@can_hold.register(completeness.EthnicitySpecific)
@can_hold.register(completeness.EthnicityCompared)
@can_hold.register(completeness.EthnicityConsistent)
@can_hold.register(population.NhsNumberVerified)
@can_hold.register(population.DeprivationLinked)
@can_hold.register(population.RegistrationBegunWithin)
def _(word: base.Word, silent: Set[str]) -> bool:
    return True


@can_hold.register(events.Recorded)
@can_hold.register(events.FirstWithin)
@can_hold.register(events.Repeated)
@can_hold.register(events.AtLeastTimes)
@can_hold.register(events.Occasions)
@can_hold.register(events.AgeAtRecord)
@can_hold.register(events.LatestEncounter)
@can_hold.register(events.LatestEncounterCoded)
@can_hold.register(events.EncounterTypeCoded)
@can_hold.register(events.EncounterClassIs)
@can_hold.register(problems.Problems)
@can_hold.register(problems.ProblemsCoded)
@can_hold.register(statuses.LatestStatus)
@can_hold.register(statuses.StatusIs)
@can_hold.register(values.LatestReading)
@can_hold.register(values.ReadingAtMost)
@can_hold.register(values.ReadingIs)
def _(word: base.Word, silent: Set[str]) -> bool:
    return not {type_ for type_, _ in needs(word)} <= silent


@can_hold.register
def _(word: events.Diagnosed, silent: Set[str]) -> bool:
    return can_hold(word.diagnosis, silent)


@can_hold.register(events.OnOrAfterFirst)
@can_hold.register(events.RecordedNear)
def _(word: events.OnOrAfterFirst | events.RecordedNear, silent: Set[str]) -> bool:
    return can_hold(word.recorded, silent) and can_hold(word.other, silent)


@can_hold.register
def _(word: values.ReadingNoEarlier, silent: Set[str]) -> bool:
    return can_hold(word.reading, silent)

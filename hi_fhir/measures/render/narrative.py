"""A word as the sentence that a clinician reads."""

import calendar
from collections.abc import Callable, Iterable, Mapping
from functools import singledispatch
from types import MappingProxyType

from hi_fhir.measures.stratifiers import Stratifier
from hi_fhir.measures.words import base, completeness, events, population, problems, statuses, values
from hi_fhir.measures.words.windows import Days, Ever, InPeriod, Months, Season, Window

UNVERIFIED = "[U]"
"""Marks what was not seen in a source, or is not as the rule set has it."""


Names = Callable[[events.ValueSetName], str]
"""What a value set is called in a sentence."""

_NO_TITLES: Mapping[str, str] = MappingProxyType({})


def sentence(word: base.Word, titles: Mapping[str, str] = _NO_TITLES) -> str:
    """The word as an English phrase about one person, such as `aged 80 or over`.

    titles: of value sets by id. One that has none is called by its id.
    """
    return _phrase(word, lambda value_set: titles.get(value_set.id) or value_set.id.replace("-", " "))


def marked(caveats: Iterable[str]) -> list[str]:
    """Each caveat with the mark before it."""
    return [f"{UNVERIFIED} {caveat}" for caveat in caveats]


def strata_told(one: Stratifier, titles: Mapping[str, str] = _NO_TITLES) -> dict[str, str]:
    """Each stratum as a phrase on who is in it; nothing where they go by what is settled of the person."""
    if not one.words:
        return {}
    otherwise = ("none of the others", "not known")
    return dict(zip(one.strata, (*(sentence(word, titles) for word in one.words), *otherwise), strict=True))


_FIXED: Mapping[type[base.Word], str] = {
    population.Registered: "registered on the reference date",
    completeness.BirthDateRecorded: "birth date recorded",
    completeness.BirthDateExact: "birth date known to the day",
    completeness.SexCompared: "sex said by two patient records or more",
    completeness.SexConsistent: "one sex said by all patient records that say any",
    completeness.NhsNumberValid: "NHS number present and valid",
    population.NhsNumberVerified: "NHS number present, valid and verified",
    completeness.AddressRecorded: "home address with a postcode or small area recorded",
    completeness.LanguageRecorded: "language recorded",
    completeness.InterpreterRecorded: "recorded whether an interpreter is needed",
    completeness.EthnicitySpecific: "ethnicity stated as a category that is none of any other",
    completeness.EthnicityCompared: "ethnicity stated by two sources or more",
    completeness.EthnicityConsistent: "ethnicity stated as one category by all its sources",
    population.DeprivationLinked: "linked to a deprivation rank of the run's IMD year",
}
"""Words without anything to fill in."""


@singledispatch
def _phrase(word: base.Word, names: Names) -> str:
    raise NotImplementedError(f"{type(word).__name__} has no sentence")


def _always(text: str) -> Callable[[base.Word, Names], str]:
    return lambda _, __: text


for _kind, _text in _FIXED.items():
    _phrase.register(_kind, _always(_text))


@_phrase.register
def _(word: base.And, names: Names) -> str:
    return " and ".join(_within(part, base.Or, names) for part in word.parts)


@_phrase.register
def _(word: base.Or, names: Names) -> str:
    return " or ".join(_within(part, base.And, names) for part in word.parts)


@_phrase.register
def _(word: base.Not, names: Names) -> str:
    return f"not ({_phrase(word.part, names)})"


@_phrase.register
def _(word: base.AtLeastOf, names: Names) -> str:
    return f"at least {word.count} of: {'; '.join(_phrase(part, names) for part in word.parts)}"


@_phrase.register
def _(word: population.Aged, names: Names) -> str:
    return f"{_age(word.at_least, word.at_most)} at the period's end"


@_phrase.register
def _(word: population.SexIs, names: Names) -> str:
    return f"sex {_either(word.sexes)}"


@_phrase.register
def _(word: population.EthnicityIs, names: Names) -> str:
    return f"ethnicity {_either(answer.replace('-', ' ') for answer in word.answers)}"


@_phrase.register
def _(word: population.EthnicGroupIs, names: Names) -> str:
    return f"ethnic group {_either(word.groups)}"


@_phrase.register
def _(word: population.DecileIs, names: Names) -> str:
    return f"deprivation decile {_either(map(str, word.deciles))}"


@_phrase.register
def _(word: population.RegistrationBegunWithin, names: Names) -> str:
    return f"registration begun {_when(word.window)}"


@_phrase.register
def _(word: events.Recorded, names: Names) -> str:
    return f"{_record(word, names)} {_when(word.window)}"


@_phrase.register
def _(word: events.Diagnosed, names: Names) -> str:
    diagnosed = f"{names(word.diagnosis.value_set)} diagnosed {_when(word.diagnosis.window)}"
    if word.resolved_by is None:
        return diagnosed
    return f"{diagnosed}, with no {names(word.resolved_by.value_set)} on or after the latest diagnosis"


@_phrase.register
def _(word: events.FirstWithin, names: Names) -> str:
    return f"first {names(word.recorded.value_set)} {_when(word.window)}"


@_phrase.register
def _(word: events.Repeated, names: Names) -> str:
    return (
        f"{_record(word.recorded, names)} {_when(word.recorded.window)} at least twice, "
        f"the first and last {word.days_apart} days apart or more"
    )


@_phrase.register
def _(word: events.OnOrAfterFirst, names: Names) -> str:
    own, other = _record(word.recorded, names), names(word.other.value_set)
    return f"{own} {_when(word.recorded.window)} on or after the first {other}"


@_phrase.register
def _(word: events.AtLeastTimes, names: Names) -> str:
    return f"{_events(word.recorded, names)} {_when(word.recorded.window)} on at least {word.count} days"


@_phrase.register
def _(word: events.Occasions, names: Names) -> str:
    counted = f"{_events(word.recorded, names)} {_when(word.recorded.window)}"
    return f"days with {counted}, at most {word.at_most} of one person"


@_phrase.register
def _(word: events.AgeAtRecord, names: Names) -> str:
    event = f"{word.which} {_record(word.recorded, names)} {_when(word.recorded.window)}"
    return f"{_age(word.at_least, word.at_most)} at the {event}"


@_phrase.register
def _(word: events.RecordedNear, names: Names) -> str:
    span = _near(word.from_offset, word.to_offset)
    own, other = (f"{_record(one, names)} {_when(one.window)}" for one in (word.recorded, word.other))
    return f"{own}, {span} {word.which if word.which == events.ANY else f'the {word.which}'} {other}"


@_phrase.register
def _(word: events.LatestEncounter, names: Names) -> str:
    return f"an encounter {_when(word.window)}"


@_phrase.register
def _(word: events.LatestEncounterCoded, names: Names) -> str:
    return f"the latest encounter {_when(word.encounter.window)} carries a coded reason"


@_phrase.register
def _(word: events.EncounterTypeCoded, names: Names) -> str:
    return f"the latest encounter {_when(word.encounter.window)} has a type in SNOMED CT"


@_phrase.register
def _(word: events.EncounterClassIs, names: Names) -> str:
    return f"the latest encounter {_when(word.encounter.window)} has a class of the list {names(word.value_set)}"


@_phrase.register
def _(word: problems.Problems, names: Names) -> str:
    return f"a diagnosis or problem {_when(word.window)}"


@_phrase.register
def _(word: problems.ProblemsCoded, names: Names) -> str:
    return f"each diagnosis or problem {_when(word.problems.window)} has a SNOMED CT code"


@_phrase.register
def _(word: values.LatestReading, names: Names) -> str:
    return f"{_reading(word, names)} {_when(word.window)}"


@_phrase.register
def _(word: values.ReadingAtMost, names: Names) -> str:
    limits = (
        f"{names(quantity.value_set)} at most {limit:g} {quantity.unit}"
        for quantity, limit in zip(word.reading.quantities, word.limits, strict=True)
    )
    told = f"latest reading {_when(word.reading.window)} with {' and '.join(limits)}"
    return f"{told} {UNVERIFIED}" if word.unverified else told


@_phrase.register
def _(word: values.ReadingIs, names: Names) -> str:
    ranges = (
        f"{names(quantity.value_set)} {_range(one)} {quantity.unit}"
        for quantity, one in zip(word.reading.quantities, word.ranges, strict=True)
    )
    return f"latest reading {_when(word.reading.window)} with {' and '.join(ranges)}"


@_phrase.register
def _(word: values.ReadingNoEarlier, names: Names) -> str:
    own, other = _when(word.reading.window), _when(word.other.window)
    told = f"latest {_reading(word.reading, names)}{'' if own == other else f' {own}'}"
    return f"{told} no earlier than the latest {_reading(word.other, names)} {other}"


@_phrase.register
def _(word: statuses.LatestStatus, names: Names) -> str:
    answering = f" (or answered to {names(word.question)})" if word.question else ""
    return f"{_either(map(names, word.statuses))} recorded{answering} {_when(word.window)}"


@_phrase.register
def _(word: statuses.StatusIs, names: Names) -> str:
    meant = word.latest.statuses[word.lowest : word.highest + 1]
    return f"{_either(map(names, meant))} the latest of {_phrase(word.latest, names)}"


def _within(part: base.Word, looser: type[base.Word], names: Names) -> str:
    return f"({_phrase(part, names)})" if isinstance(part, looser) else _phrase(part, names)


_DONE: dict[tuple[str, ...], str] = {events.PRESCRIPTION: "prescribed", events.VACCINATION: "given"}


def _events(word: events.Recorded | events.LatestEncounter, names: Names) -> str:
    return _record(word, names) if isinstance(word, events.Recorded) else "an encounter"


def _record(word: events.Recorded, names: Names) -> str:
    return f"{names(word.value_set)} {_DONE.get(word.types, 'recorded')}"


def _reading(reading: values.LatestReading, names: Names) -> str:
    told = " and ".join(names(quantity.value_set) for quantity in reading.quantities)
    return f"{told} on one day" if len(reading.quantities) > 1 else told


def _age(at_least: int | None, at_most: int | None) -> str:
    if at_least is None:
        return f"aged {at_most} or under"
    return f"aged {at_least} or over" if at_most is None else f"aged {at_least} to {at_most}"


def _near(begin: events.Offset, end: events.Offset) -> str:
    if end == events.Offset():
        return f"at most {_length(begin)} before"
    if begin == events.Offset():
        return f"at most {_length(end)} after"
    if begin.months > 0 or begin.days > 0:
        return f"{_length(begin)} to {_length(end)} after"
    return f"at most {_length(end)} from"


def _length(offset: events.Offset) -> str:
    if offset.months:
        return f"{abs(offset.months)} months"
    weeks, odd = divmod(abs(offset.days), 7)
    return f"{abs(offset.days)} days" if odd else f"{weeks} weeks"


def _range(one: values.Range) -> str:
    if one.lowest is None:
        return f"{'at most' if one.or_equal else 'below'} {one.highest:g}"
    if one.highest is None:
        return f"{'at least' if one.or_equal else 'above'} {one.lowest:g}"
    return f"from {one.lowest:g} to {one.highest:g}"


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _when(window: Window) -> str:
    match window:
        case Ever():
            return "up to the reference date"
        case InPeriod():
            return "in the period"
        case Months(count):
            return f"in the {count} months to the reference date"
        case Days(count):
            weeks, odd = divmod(count, 7)
            return (
                f"in the {count} days to the reference date" if odd else f"in the {weeks} weeks to the reference date"
            )
        case Season(first, last):
            return f"from {_day_of_year(*first)} to {_day_of_year(*last)}"


def _day_of_year(month: int, day: int) -> str:
    return f"{day} {calendar.month_name[month]}"

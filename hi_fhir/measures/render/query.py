"""A word as a condition on one row per person: the person's own columns and, side by side, the rows of its leaves."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce, singledispatch
from typing import Any

import ibis

from hi_fhir.cohorts.deprivation import NO_POSTCODE, RESTRICTED
from hi_fhir.cohorts.ethnicity import ANY_OTHER
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.words import base, completeness, events, population, problems, statuses, values
from hi_fhir.measures.words.tree import Leaf
from hi_fhir.terminology.ethnicity import STATED


def field_name(leaf_id: int, field: str) -> str:
    """The column that holds a field (n, first_date, last_date, low or high) of a leaf's row."""
    return f"leaf_{leaf_id}_{field}"


@dataclass(frozen=True)
class Facts:
    """rows: one row per person, PERSON's columns and a column a field of each leaf; null where there is no leaf row."""

    rows: ibis.Table
    leaf_ids: dict[Leaf, int]
    context: EvaluationContext

    def field(self, leaf: Leaf, name: str) -> Any:
        return self.rows[field_name(self.leaf_ids[leaf], name)]


@singledispatch
def condition(word: base.Word, facts: Facts) -> Any:
    """The Ibis boolean of `word`: null where the word is."""
    raise NotImplementedError(f"{type(word).__name__} has no query")


def is_null(test: Any) -> Any:
    """Spark refuses what Ibis makes of a test that is asked by itself: `x IS NOT NULL IS NULL`."""
    return ibis.coalesce(test).isnull()


def _surely(value: Any) -> Any:
    return value.fill_null(False)


@condition.register
def _(word: base.And, facts: Facts) -> Any:
    return reduce(lambda left, right: left & right, [condition(part, facts) for part in word.parts])


@condition.register
def _(word: base.Or, facts: Facts) -> Any:
    return reduce(lambda left, right: left | right, [condition(part, facts) for part in word.parts])


@condition.register
def _(word: base.Not, facts: Facts) -> Any:
    return condition(word.part, facts) == ibis.literal(False)  # `NOT x IS NULL` reads as NOT (x IS NULL)


@condition.register
def _(word: base.AtLeastOf, facts: Facts) -> Any:
    parts = [condition(part, facts) for part in word.parts]
    surely, at_most = (
        reduce(lambda left, right: left + right, (part.fill_null(open_).ifelse(1, 0) for part in parts))
        for open_ in (False, True)
    )
    return ibis.cases((surely >= word.count, True), (at_most < word.count, False), else_=ibis.null("boolean"))


@condition.register
def _(word: population.Registered, facts: Facts) -> Any:
    return facts.rows.registered


@condition.register
def _(word: population.Aged, facts: Facts) -> Any:
    ends = []
    if word.at_least is not None:
        ends.append(facts.rows.age >= word.at_least)
    if word.at_most is not None:
        ends.append(facts.rows.age <= word.at_most)
    return reduce(lambda left, right: left & right, ends)


@condition.register
def _(word: population.SexIs, facts: Facts) -> Any:
    known = facts.rows.sex
    return ibis.cases((known.isin(word.sexes), True), (known == "unknown", ibis.null("boolean")), else_=False)


@condition.register
def _(word: population.EthnicityIs, facts: Facts) -> Any:
    return facts.rows.ethnicity.isin(word.answers)


@condition.register
def _(word: completeness.BirthDateRecorded, facts: Facts) -> Any:
    return facts.rows.birth_date.notnull()


@condition.register
def _(word: completeness.BirthDateExact, facts: Facts) -> Any:
    return _surely(facts.rows.birth_date_exact)


@condition.register
def _(word: completeness.SexCompared, facts: Facts) -> Any:
    return facts.rows.sex_agrees.notnull()


@condition.register
def _(word: completeness.SexConsistent, facts: Facts) -> Any:
    return facts.rows.sex_agrees


@condition.register
def _(word: completeness.NhsNumberValid, facts: Facts) -> Any:
    return facts.rows.nhs_number.isin(("verified", "present"))


@condition.register
def _(word: population.EthnicGroupIs, facts: Facts) -> Any:
    stated = facts.rows.ethnicity == STATED
    return ibis.cases((stated, _surely(facts.rows.ethnic_group_2021.isin(word.groups))), else_=ibis.null("boolean"))


@condition.register
def _(word: population.DecileIs, facts: Facts) -> Any:
    return facts.rows[f"imd_{facts.context.imd_year}_decile"].isin(word.deciles)


@condition.register
def _(word: population.NhsNumberVerified, facts: Facts) -> Any:
    return facts.rows.nhs_number == "verified"


@condition.register
def _(word: completeness.AddressRecorded, facts: Facts) -> Any:
    kind = facts.rows.deprivation
    return ibis.cases((kind == RESTRICTED, ibis.null("boolean")), else_=kind != NO_POSTCODE)


@condition.register
def _(word: completeness.LanguageRecorded, facts: Facts) -> Any:
    return facts.rows.language_recorded


@condition.register
def _(word: completeness.InterpreterRecorded, facts: Facts) -> Any:
    return facts.rows.interpreter.notnull()


@condition.register
def _(word: completeness.EthnicitySpecific, facts: Facts) -> Any:
    category = ibis.coalesce(facts.rows.ethnic_category_2021, facts.rows.ethnic_category_2001)
    return (facts.rows.ethnicity == STATED) & _surely(category.notin(ANY_OTHER))


@condition.register
def _(word: completeness.EthnicityCompared, facts: Facts) -> Any:
    return facts.rows.ethnicity_agrees.notnull()


@condition.register
def _(word: completeness.EthnicityConsistent, facts: Facts) -> Any:
    return facts.rows.ethnicity_agrees


@condition.register
def _(word: population.DeprivationLinked, facts: Facts) -> Any:
    return facts.rows[f"imd_{facts.context.imd_year}_decile"].notnull()


@condition.register
def _(word: population.RegistrationBegunWithin, facts: Facts) -> Any:
    return _within(facts.rows.registered_on, *facts.context.days(word.window))


@condition.register
def _(word: events.Recorded, facts: Facts) -> Any:
    return facts.field(word, "n").notnull()


@condition.register
def _(word: events.Diagnosed, facts: Facts) -> Any:
    diagnosed = condition(word.diagnosis, facts)
    if word.resolved_by is None:
        return diagnosed
    latest, resolved = facts.field(word.diagnosis, "last_date"), facts.field(word.resolved_by, "last_date")
    return diagnosed & ~(resolved.notnull() & (latest.isnull() | _surely(resolved >= latest)))


@condition.register
def _(word: events.FirstWithin, facts: Facts) -> Any:
    return _within(facts.field(word.recorded, "first_date"), *facts.context.days(word.window))


@condition.register
def _(word: events.Repeated, facts: Facts) -> Any:
    first, last = facts.field(word.recorded, "first_date"), facts.field(word.recorded, "last_date")
    return _surely(last.delta(first, unit="day") >= word.days_apart)


@condition.register
def _(word: events.OnOrAfterFirst, facts: Facts) -> Any:
    return _surely(facts.field(word.recorded, "last_date") >= facts.field(word.other, "first_date"))


@condition.register
def _(word: events.AtLeastTimes, facts: Facts) -> Any:
    return _surely(facts.field(events.RecordedDays(word.recorded), "n") >= word.count)


@condition.register
def _(word: events.Occasions, facts: Facts) -> Any:
    return facts.field(events.RecordedDays(word.recorded), "n").notnull()


def occasions(word: events.Occasions, facts: Facts) -> Any:
    """How many there are of a person, an int32; null where there is none."""
    days = facts.field(events.RecordedDays(word.recorded), "n")
    return (days > word.at_most).ifelse(word.at_most, days).cast("int32")


@condition.register
def _(word: events.RecordedNear, facts: Facts) -> Any:
    return facts.field(word, "n").notnull()


@condition.register
def _(word: events.AgeAtRecord, facts: Facts) -> Any:
    day = facts.field(word.recorded, "first_date" if word.which == "first" else "last_date")
    age = _years(facts.rows.birth_date, day)
    lowest = [] if word.at_least is None else [age >= word.at_least]
    highest = [] if word.at_most is None else [age <= word.at_most]
    return ibis.cases((day.isnull(), False), else_=reduce(lambda left, right: left & right, lowest + highest))


@condition.register
def _(word: events.LatestEncounter, facts: Facts) -> Any:
    return facts.field(word, "n").notnull()


@condition.register
def _(word: events.LatestEncounterCoded, facts: Facts) -> Any:
    low, high = facts.field(word.encounter, "low"), facts.field(word.encounter, "high")
    return ibis.cases((low == 1, True), (high == 1, ibis.null("boolean")), else_=False)


@condition.register(events.EncounterTypeCoded)
@condition.register(events.EncounterClassIs)
def _(word: events.EncounterTypeCoded | events.EncounterClassIs, facts: Facts) -> Any:
    return _surely(facts.field(word, "low") == 1)


@condition.register
def _(word: problems.Problems, facts: Facts) -> Any:
    return facts.field(word, "n").notnull()


@condition.register
def _(word: problems.ProblemsCoded, facts: Facts) -> Any:
    return _surely(facts.field(word.problems, "low") == 1)


@condition.register
def _(word: values.LatestReading, facts: Facts) -> Any:
    return _day(word, facts).notnull()


@condition.register
def _(word: values.ReadingAtMost, facts: Facts) -> Any:
    return _all_in(word.reading, [values.Range(highest=limit) for limit in word.limits], facts)


@condition.register
def _(word: values.ReadingIs, facts: Facts) -> Any:
    return _all_in(word.reading, word.ranges, facts)


@condition.register
def _(word: values.ReadingNoEarlier, facts: Facts) -> Any:
    own, other = _day(word.reading, facts), _day(word.other, facts)
    return own.notnull() & (other.isnull() | _surely(own >= other))


@condition.register
def _(word: statuses.LatestStatus, facts: Facts) -> Any:
    return facts.field(word, "n").notnull()


@condition.register
def _(word: statuses.StatusIs, facts: Facts) -> Any:
    low, high = facts.field(word.latest, "low"), facts.field(word.latest, "high")
    return ibis.cases(
        (low.isnull() | (low > word.highest) | (high < word.lowest), False),
        ((low >= word.lowest) & (high <= word.highest), True),
        else_=ibis.null("boolean"),
    )


def _all_in(reading: values.LatestReading, ranges: Iterable[values.Range], facts: Facts) -> Any:
    met = (_in_range(values.LatestValue(reading, place), one, facts) for place, one in enumerate(ranges))
    return reduce(lambda left, right: left & right, met)


def _in_range(leaf: values.LatestValue, one: values.Range, facts: Facts) -> Any:
    """Null where the value may lie in the range and out of it; false where there is none."""
    low, high = facts.field(leaf, "low"), facts.field(leaf, "high")
    out, within = low.isnull(), []
    if one.highest is not None:
        out = out | (low > one.highest if one.or_equal else low >= one.highest)
        within.append(high <= one.highest if one.or_equal else high < one.highest)
    if one.lowest is not None:
        out = out | (high < one.lowest if one.or_equal else high <= one.lowest)
        within.append(low >= one.lowest if one.or_equal else low > one.lowest)
    surely = reduce(lambda left, right: left & right, within)
    return ibis.cases((out, False), (surely, True), else_=ibis.null("boolean"))


def _day(reading: values.LatestReading, facts: Facts) -> Any:
    return facts.field(values.LatestValue(reading, 0), "last_date")


def _years(born: Any, day: Any) -> Any:
    """Completed years; somebody born on 29 February completes a year on 1 March of a common year."""
    still_to_come = day.month() * 100 + day.day() < born.month() * 100 + born.day()
    return day.year() - born.year() - still_to_come.ifelse(1, 0)


def _within(day: Any, start: Any, end: Any) -> Any:
    return _surely((day >= ibis.literal(start)) & (day <= ibis.literal(end)))

"""What a word is given and does not take is refused by name, whichever word it is, with what to write instead."""

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import hi_fhir.measures as language
from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures import (
    EVER,
    ByAge,
    ByDecile,
    ByEthnicity,
    Example,
    Person,
    Quantity,
    Stratifier,
    aged,
    at_least_of,
    blood_pressure,
    encounter,
    ethnic_group,
    imd_decile,
    latest_of,
    latest_reading,
    months,
    observed,
    occasions,
    prescribed,
    problems,
    registered,
    sex,
    value_set,
    weeks,
)
from tests.support.defining import SOUND

STATIN, LDL = value_set("statin"), value_set("ldl")
STATUSES = tuple(value_set(f"mrc-{grade}") for grade in (1, 2, 3))
records, reading = observed(STATIN, EVER), latest_reading(Quantity(LDL, "mmol/L", (0.1, 30)), within=months(12))
graded = latest_of(*STATUSES, within=EVER)


def callables() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Whatever a definition may call: the words, and what can be asked of what they give."""
    for name in language.__all__:
        if callable(one := getattr(language, name)):
            yield name, one
    for name, one in vars(blood_pressure).items():
        if not name.startswith("_") and inspect.isfunction(one) and one.__module__ == blood_pressure.__name__:
            yield name, one
    for thing in (records, records.first, records.latest, reading, graded, encounter(), problems(), Person()):
        for name, method in inspect.getmembers(thing, inspect.ismethod):
            if not name.startswith("_"):
                yield f"{type(thing).__name__}.{name}", method


CALLABLES = dict(callables())
PARAMETERS = [
    (name, parameter)
    for name, one in CALLABLES.items()
    for parameter, stated in inspect.signature(one).parameters.items()
    if stated.kind is not stated.VAR_POSITIONAL
]


class Foreign:
    """Nothing that any word takes."""


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS, ids=lambda one: str(one))
def test_every_word_refuses_what_it_does_not_take_by_the_name_of_the_parameter(name: str, parameter: str) -> None:
    with pytest.raises(DefinitionError, match=rf"takes .* as `{parameter}`, not a Foreign"):
        CALLABLES[name](**{parameter: Foreign()})


@pytest.mark.parametrize("name", CALLABLES)
def test_every_word_names_what_it_does_not_know(name: str) -> None:
    with pytest.raises(DefinitionError, match="takes no `nonsense`"):
        CALLABLES[name](nonsense=1)


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (lambda: prescribed("our-statin", months(6)), 'not the text "our-statin". Write value_set("our-statin").'),
        (lambda: prescribed(STATIN, 12), "not the number 12. Write months(12), weeks(12) or days(12)."),
        (lambda: prescribed(STATIN), "prescribed needs `within`: EVER, IN_PERIOD, months(6)"),
        (lambda: Quantity("our-ldl", "mmol/L", (0.1, 30)), "Quantity takes a value set as `value_set`, not the text"),
        (lambda: Quantity(LDL, "mmol/L", (20, 0.1)), "plausible values of ldl from 20 to 0.1: there are none."),
        (lambda: latest_reading(Quantity(LDL, "%", (1, 2)), EVER), "Write within= before it."),
        (lambda: latest_reading(within=EVER), "quantities of latest_reading: 0 is too few"),
        (lambda: reading.at_most(2.0, 2.6), "the reading is of ldl, and 2 are given."),
        (lambda: reading.at_least(2.0, 2.6), "the reading is of ldl, and 2 are given."),
        (lambda: reading.between(2.6, 2.0), "values from 2.6 to 2: there are none. Write the lower first."),
        (lambda: reading.no_earlier_than(LDL), 'takes latest_reading(...) as `other`, not the value set "ldl"'),
        (lambda: records.on_or_after(records.latest), "write .after(OTHERS.latest, within=months(12))"),
        (lambda: records.on_or_after(records), "Write .first behind them"),
        (lambda: records.before(records.first, EVER), ".before takes months(6) or days(14) as `within`, not EVER."),
        (lambda: records.around(STATIN, months(1)), "Ask for a record with one of its codes"),
        (lambda: records.after(records, weeks(2), weeks(4)), "days or months after from 28 to 14: there are none."),
        (lambda: records.at_least_times(0), "times: 0 is too few"),
        (lambda: records.twice(days_apart=-7), "days apart: -7 is too few"),
        (lambda: records.first.at_age(17, 5), "ages from 17 to 5: there are none"),
        (lambda: records.latest.at_age(), "ages have a lowest or a highest: say one of them."),
        (lambda: records.first.within(months(-1)), "months: -1 is too few"),
        (lambda: observed(STATIN, months(30_000)), "months: 30000 is more than 200 years. Write EVER."),
        (lambda: observed(STATIN, weeks(30_000)), "days: 210000 is more than 200 years. Write EVER."),
        (lambda: occasions(records.latest, at_most=1), "not the latest of records (.latest)."),
        (lambda: registered() & STATIN, '`&` takes a word as `other`, not the value set "statin". Ask for a record'),
        (lambda: registered() & aged, "not aged without brackets. Write aged(...)."),
        (lambda: at_least_of(registered(), registered()), "at_least_of takes a whole number as `count`"),
        (lambda: at_least_of(2, registered()), "at_least_of: 2 of 1 words cannot be asked for"),
        (lambda: aged(), "ages have a lowest or a highest"),
        (lambda: aged(74, 40), "ages from 74 to 40: there are none"),
        (lambda: aged(40, 74, 80), "aged is given too much. It takes at_least, at_most."),
        (lambda: aged(40, at_least=40), "aged is given one thing twice."),
        (lambda: aged(True), "not True."),
        (lambda: sex(), "sex is given nothing, and nobody has that. Say one of female, male"),
        (lambda: ethnic_group("chinese"), "ethnic_group: 'chinese' is not one of white, mixed"),
        (lambda: imd_decile(0), "imd_decile: 0 is not one of 1, 2"),
        (lambda: latest_of(within=EVER), "statuses of latest_of: 0 is too few"),
        (lambda: graded.between(STATUSES[2], STATUSES[0]), "latest_of: mrc-3 comes after mrc-1. Write the lower first"),
        (lambda: Person(born="1970-06-15"), "Write date(1970, 6, 15)."),
        (lambda: Person(born="June"), "Write a day, such as date(2027, 4, 1)."),
        (lambda: Person().observed(STATIN, datetime(2025, 1, 1, tzinfo=UTC)), "takes a day or nothing as `on`, not an"),
        (lambda: Person().measured(LDL, 1, None, "mmol/L"), "Write the name before unit, comparator, at, as `unit=`."),
        (lambda: Example("one", Person, "outside"), "not Person without brackets. Write Person(...)."),
    ],
)
def test_a_mistake_is_told_with_what_to_write(say: Callable[[], object], message: str) -> None:
    with pytest.raises(DefinitionError) as told:
        say()

    assert message in str(told.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"next_review": "2027-04-01"}, 'ProportionMeasure takes a day as `next_review`, not the text "2027-04-01"'),
        ({"numerator": records.latest}, "Say something of that day, such as .at_age(at_most=17)."),
        ({"numerator": records.first}, "such as .at_age(at_most=17) or .within(months(12))."),
        ({"denominator": STATIN}, 'takes a word or nothing as `denominator`, not the value set "statin". Ask for a'),
        ({"examples": SOUND.examples[0]}, "Put brackets around it and a comma behind it: (one,)."),
        ({"caveats": "one"}, "Put brackets around it and a comma behind it: (one,)."),
        ({"version": 1}, "takes a text as `version`, not the number 1."),
    ],
)
def test_a_mistake_in_a_measure_is_told_with_what_to_write(changes: dict[str, Any], message: str) -> None:
    from dataclasses import replace

    with pytest.raises(DefinitionError) as told:
        replace(SOUND, **changes)

    assert message in str(told.value)


@pytest.mark.parametrize(
    ("rule", "strata", "message"),
    [
        (ByAge((0, 75)), ("0-74", "75+"), "2 strata for 2 steps"),
        (ByAge((75, 0)), ("75+", "0-74", "unknown"), "do not ascend"),
        (ByDecile((5, 10)), ("one", "two", "three", "unknown"), "4 strata for 2 steps"),
        (ByEthnicity("ethnic_group_2021"), ("white", "unknown"), "its strata have not-stated, refused, not-known"),
    ],
)
def test_strata_that_are_not_those_of_their_rule_are_refused(rule: Any, strata: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Stratifier("ours", "1", "Ours", rule, strata)


def test_the_records_of_one_day_may_be_looked_for_near_others() -> None:
    assert records.before(records.first, within=weeks(0)).from_offset.days == 0

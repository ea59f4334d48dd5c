"""A fault of a definition is named, with what to do about it."""

from dataclasses import replace
from datetime import date

import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.measures import (
    Example,
    Person,
    Quantity,
    checks,
    latest_reading,
    months,
    observed,
    registered,
    value_set,
    worked,
)
from hi_fhir.measures.stratifiers import SEX
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.windows import EVER
from hi_fhir.terminology.catalogue import load
from tests.support.defining import SOUND
from tests.support.evaluations import a_count


def measured_in(unit: str) -> Word:
    return latest_reading(Quantity(value_set("lipids"), unit, (0.1, 20.0)), within=months(12)).at_most(2.0)


def faults(**changes) -> list[str]:
    return checks.faults([replace(SOUND, **changes)], load())


def test_a_sound_definition_has_none() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": "Smoking_Ever"}, "Smoking_Ever: the id is not kebab-case"),
        ({"source": " "}, "smoking-ever-recorded: source is empty"),
        ({"improvement": "up"}, "improvement 'up' is not one of increase, decrease"),
        ({"numerator": observed(value_set("snuff"), EVER)}, "no value set is called snuff"),
        ({"stratifiers": (SEX, SEX)}, "the stratifier sex appears twice"),
        ({"examples": SOUND.examples * 2}, "two examples are called 'recorded'"),
        ({"examples": SOUND.examples[:1]}, "the examples do not show both"),
    ],
)
def test_a_fault_is_named(changes, fault) -> None:
    assert any(fault in found for found in faults(**changes))


def test_an_example_that_ends_elsewhere_is_named_with_both_places(tmp_path) -> None:
    wrong = replace(SOUND, examples=(Example("not recorded", Person(), "numerator"),))

    assert worked.failures(connect(tmp_path / "spill"), tmp_path, [wrong], load()) == [
        "smoking-ever-recorded, example 'not recorded': denominator, not numerator"
    ]


def test_an_example_in_the_unit_of_its_definition_is_a_reading(tmp_path) -> None:
    lipids, january = value_set("lipids"), date(2025, 1, 10)
    sound = replace(
        SOUND,
        numerator=measured_in("mmol/L"),
        examples=(
            Example("at the threshold", Person().measured(lipids, 2.0, january, unit="mmol/L"), "numerator"),
            Example("in words", Person().measured(lipids, 2.0, january, unit="mmol/l"), "numerator"),
            Example("of one dimension", Person().measured(lipids, 2000.0, january, unit="umol/L"), "numerator"),
            Example("above it", Person().measured(lipids, 2.1, january, unit="mmol/L"), "denominator"),
            Example("a mass", Person().measured(lipids, 77.3, january, unit="mg/dL"), "denominator"),
        ),
    )

    assert worked.failures(connect(tmp_path / "spill"), tmp_path, [sound], load()) == []


def test_an_outcome_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'winner' is not one of outside, initial-population"):
        Example("a typing error", Person(), "winner")


def test_a_measure_has_the_populations_of_its_kind() -> None:
    with pytest.raises(ValueError, match="register: a cohort measure has no numerator"):
        a_count(numerator=registered())
    with pytest.raises(ValueError, match="smoking-ever-recorded: a proportion measure has a numerator"):
        replace(SOUND, numerator=None)


def test_the_examples_of_a_count_show_who_is_counted_and_who_is_not() -> None:
    inside, outside = Example("in", Person(), "initial-population"), Example("out", Person(practice=None), "outside")

    assert checks.faults([a_count(examples=(inside, outside))], load()) == []
    for some in ((inside,), (outside,), ()):
        (fault,) = checks.faults([a_count(examples=some)], load())
        assert fault == "register: the examples do not show both somebody who is counted and somebody who is not."

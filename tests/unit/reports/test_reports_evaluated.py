"""Which code lists decide which population of a measure."""

from dataclasses import replace

import msgspec
import pytest

from hi_fhir.core.errors import NotFoundError
from hi_fhir.measures import EVER, clinical_event, registry, value_set
from hi_fhir.reports.evaluated import EvaluatedMeasure, code_lists, evaluated_measures
from tests.support.evaluations import a_reference

CHECK = "learning-disability-health-check"


def states(**of: str) -> dict[str, str]:
    """State by population, where the value sets named have the states given and all others are full."""
    (measure,) = registry.load([CHECK])
    reference = a_reference(measure, "full")
    sets = [
        msgspec.structs.replace(one, state=of.get(one.id.replace("-", "_"), "full")) for one in reference.value_sets
    ]
    worst = next(iter(of.values()), "full")
    changed = msgspec.structs.replace(reference, value_sets=sets, state=worst)
    return {population: state for (_, population), state in code_lists(evaluated_measures([changed])).items()}


def test_a_register_rests_on_its_own_code_lists_alone() -> None:
    found = states(learning_disability_health_check="missing")
    assert (found["initial_population"], found["denominator"], found["undetermined"]) == ("full", "full", "full")
    assert (found["numerator"], found["denominator_exception"]) == ("missing", "missing")


def test_all_rests_on_the_code_lists_of_the_register() -> None:
    assert set(states(learning_disability="missing").values()) == {"missing"}


def test_a_denominator_of_its_own_rests_on_its_own_code_lists_too() -> None:
    (measure,) = registry.load([CHECK])
    narrower = replace(measure, denominator=clinical_event(value_set("health-action-plan"), EVER))
    reference = a_reference(narrower, "full")
    sets = [
        msgspec.structs.replace(one, state="missing" if one.id == "health-action-plan" else "full")
        for one in reference.value_sets
    ]
    found = code_lists(
        [EvaluatedMeasure(narrower, msgspec.structs.replace(reference, value_sets=sets, state="missing"))]
    )
    told = {population: state for (_, population), state in found.items()}
    assert told["initial_population"] == "full"
    assert {told[name] for name in ("denominator", "undetermined", "numerator")} == {"missing"}


def test_a_measure_without_code_lists_is_full() -> None:
    (measure,) = registry.load(["ethnicity-recorded"])
    assert set(code_lists(evaluated_measures([a_reference(measure)])).values()) == {"full"}


def test_a_measure_that_is_gone_is_named() -> None:
    (measure,) = registry.load([CHECK])
    gone = msgspec.structs.replace(a_reference(measure), id="long-gone")
    with pytest.raises(NotFoundError, match="long-gone"):
        evaluated_measures([gone])

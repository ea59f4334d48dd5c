"""What an evaluation says of a measure: the worst state of its code lists, why, and what nobody has seen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_type_hints

import msgspec
import pytest

from hi_fhir.cohorts.inputs import People, Resolution
from hi_fhir.measures import EVER, clinical_event, observed, registry, value_set
from hi_fhir.measures.digests import definition_digest
from hi_fhir.measures.evaluation import measure_reference, people_counts
from hi_fhir.measures.model import Measure
from hi_fhir.terminology.catalogue import Terminology, load
from hi_fhir.terminology.code_systems import CodeSystems
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.value_sets import ValueSet

MEASURE = replace(
    registry.load(["ethnicity-usable"])[0],
    numerator=observed(value_set("a"), EVER) & clinical_event(value_set("b"), EVER),
    caveats=("the threshold",),
)


def terminology(states: Mapping[str, str], **changes: object) -> Terminology:
    sets = {
        id_: replace(
            ValueSet(id_, "2024", id_, state, "the list ended", False, frozenset({Coding("s", "1")})), **changes
        )
        for id_, state in states.items()
    }
    return Terminology(CodeSystems({}), sets, {}, {})


@pytest.mark.parametrize(
    ("a", "b", "worst"),
    [
        ("full", "full", "full"),
        ("full", "outdated", "outdated"),
        ("demonstration", "outdated", "demonstration"),
        ("partial", "demonstration", "partial"),
        ("missing", "partial", "missing"),
    ],
)
def test_a_measure_is_in_the_worst_state_of_its_value_sets(a: str, b: str, worst: str) -> None:
    assert measure_reference(MEASURE, terminology({"a": a, "b": b})).state == worst


@pytest.mark.parametrize(("a", "b"), [("full", "demonstration"), ("demonstration", "missing")])
def test_one_made_up_value_set_makes_a_measure_a_demonstration_whatever_the_other_lacks(a: str, b: str) -> None:
    assert measure_reference(MEASURE, terminology({"a": a, "b": b})).is_demonstration


def test_a_measure_without_made_up_value_sets_is_no_demonstration() -> None:
    assert not measure_reference(MEASURE, terminology({"a": "full", "b": "missing"})).is_demonstration


def test_why_a_measure_is_not_in_a_full_state_is_told_by_value_set() -> None:
    reference = measure_reference(MEASURE, terminology({"a": "full", "b": "outdated"}))

    assert reference.reasons == ["b is outdated: the list ended"]
    assert [(one.id, one.version, one.state) for one in reference.value_sets] == [
        ("a", "2024", "full"),
        ("b", "2024", "outdated"),
    ]


def test_what_was_not_seen_in_a_source_is_told() -> None:
    reference = measure_reference(MEASURE, terminology({"a": "full", "b": "full"}, unverified=True))

    assert reference.unverified == ["the threshold", "codes of a", "codes of b"]


def test_a_measure_without_value_sets_is_full() -> None:
    [plain] = registry.load(["ethnicity-usable"])

    reference = measure_reference(plain, terminology({}))

    assert (reference.state, reference.reasons, reference.value_sets) == ("full", [], [])


def test_what_resolving_found_is_kept_as_its_counts_alone() -> None:
    people = {name: {} if kind is not int else 1 for name, kind in get_type_hints(People).items()}
    resolution = msgspec.convert({**people, "areas": [], "notes": [], "versions": {"rule/records": "1"}}, Resolution)

    assert msgspec.to_builtins(people_counts(resolution)) == people


@pytest.mark.parametrize("measure", registry.load(), ids=lambda measure: measure.id)
def test_a_reference_carries_what_a_report_says_of_the_measure(measure: Measure) -> None:
    reference = measure_reference(measure, load())

    assert (reference.id, reference.version, reference.rule_set) == (measure.id, measure.version, measure.rule_set)
    assert (reference.state == "full") == (reference.reasons == [])


def test_a_reference_says_of_a_measure_what_its_definition_says() -> None:
    for measure in registry.load():
        reference = measure_reference(measure, load())
        told = (reference.id, reference.version, reference.title, reference.rule_set, reference.source)
        assert told == (measure.id, measure.version, measure.title, measure.rule_set, measure.source)
        assert reference.improvement == measure.improvement
        assert reference.definition == definition_digest(measure)

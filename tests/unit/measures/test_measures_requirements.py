"""What a pull asks for, worked out from the words: types, and codes with those that maps take to them."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from hi_fhir.measures import (
    EVER,
    aged,
    blood_pressure,
    clinical_event,
    months,
    observed,
    registered,
    registry,
    value_set,
)
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.requirements import measure_needs, scope, value_sets
from hi_fhir.measures.words.base import Word
from hi_fhir.terminology.catalogue import Terminology, load
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.systems import READ_V2, SNOMED

SMOKING = value_set("smoking-status")


def texts(codings: Iterable[Coding]) -> set[str]:
    """Codes as a scope has them."""
    return set(map(str, codings))


@pytest.fixture(scope="module")
def terminology() -> Terminology:
    return load()


def a_measure(numerator: Word, **changes: Word) -> Measure:
    plain = registry.load(["ethnicity-usable"])[0]
    return replace(plain, initial_population=registered(), numerator=numerator, **changes)


def test_people_their_registrations_and_organisations_are_always_asked_for_whole(terminology: Terminology) -> None:
    types = scope([a_measure(aged(at_least=16))], terminology).types

    assert {type_ for type_, tokens in types.items() if tokens is None} == {"Patient", "EpisodeOfCare", "Organization"}


def test_ethnicity_is_always_asked_for_where_practices_record_it(terminology: Terminology) -> None:
    types = scope([a_measure(aged(at_least=16))], terminology).types

    for type_ in ("Condition", "Observation", "Procedure"):
        assert set(types[type_]) == texts(terminology.ethnicity().meanings)


def test_codes_are_the_preimage_of_the_value_set_in_the_types_that_the_word_reads(terminology: Terminology) -> None:
    types = scope([a_measure(observed(SMOKING, months(12)))], terminology).types

    assert texts(terminology.preimage("smoking-status")) <= set(types["Observation"])
    assert not texts(terminology.preimage("smoking-status")) & set(types["Condition"])


def test_old_codes_are_asked_for_beside_current_ones(terminology: Terminology) -> None:
    types = scope([a_measure(clinical_event(value_set("hypertension"), EVER))], terminology).types

    for type_ in ("Condition", "Observation", "Procedure"):
        assert {f"{SNOMED}|38341003", f"{READ_V2}|G20.."} <= set(types[type_])


def test_a_reading_is_asked_for_with_the_panel_that_carries_it(terminology: Terminology) -> None:
    types = scope([a_measure(blood_pressure.clinic(months(12)))], terminology).types

    assert texts(terminology.value_set("systolic-blood-pressure").codes) <= set(types["Observation"])
    assert texts(terminology.value_set("blood-pressure-panel").codes) <= set(types["Observation"])
    assert not texts(terminology.value_set("systolic-blood-pressure-home").codes) & set(types["Observation"])


def test_a_reading_at_home_is_asked_for_with_the_panel_too(terminology: Terminology) -> None:
    types = scope([a_measure(blood_pressure.home(months(12)))], terminology).types

    assert texts(terminology.value_set("systolic-blood-pressure-home").codes) <= set(types["Observation"])
    assert texts(terminology.value_set("blood-pressure-panel").codes) <= set(types["Observation"])


def test_the_value_sets_of_a_measure_are_named_in_order_and_a_type_that_is_read_whole_is_none() -> None:
    (of_encounters,) = registry.load(["encounter-reason-coded"])
    (of_checks,) = registry.load(["severe-mental-illness-six-checks"])

    assert value_sets(of_encounters) == ()
    assert value_sets(registry.load(["encounter-class-coded"])[0]) == ("encounter-class",)
    assert list(value_sets(of_checks)) == sorted(set(value_sets(of_checks)))
    assert len(value_sets(of_checks)) > 6


def test_what_a_measure_of_coding_counts_is_asked_for_whole(terminology: Terminology) -> None:
    for measure in ("encounter-reason-coded", "encounter-type-coded", "encounter-class-coded"):
        types = scope(registry.load([measure]), terminology).types
        assert types["Encounter"] is None
        assert (types["Condition"] is None) == (measure == "encounter-reason-coded")


def test_a_type_that_one_measure_reads_whole_is_asked_for_whole_whatever_codes_others_read_of_it(
    terminology: Terminology,
) -> None:
    of_codes = a_measure(clinical_event(value_set("hypertension"), EVER))
    types = scope([*registry.load(["encounter-reason-coded"]), of_codes], terminology).types

    assert {type_ for type_ in ("Condition", "Encounter", "Observation") if types[type_] is None} == {
        "Condition",
        "Encounter",
    }


def test_type_1_opt_outs_are_asked_for_only_where_the_policy_goes_by_them(terminology: Terminology) -> None:
    measures = [a_measure(registered())]
    opt_out = texts(terminology.preimage("type-1-opt-out")) | texts(terminology.preimage("type-1-opt-out-withdrawn"))

    without = scope(measures, terminology, "applied-upstream").types["Observation"]
    by_code = scope(measures, terminology, "type-1-by-code").types["Observation"]

    assert not opt_out & set(without)
    assert set(by_code) - set(without) == opt_out


def test_more_measures_ask_for_more_and_never_for_less(terminology: Terminology) -> None:
    one, all_ = scope(registry.load(["smoking-status-recorded"]), terminology), scope(registry.load(), terminology)

    for type_, tokens in one.types.items():
        assert all_.types[type_] is None or set(tokens or ()) <= set(all_.types[type_] or ())


def test_tokens_and_types_are_in_order_so_that_a_pull_has_one_name(terminology: Terminology) -> None:
    types = scope(registry.load(), terminology).types

    assert list(types) == sorted(types)
    assert all(list(tokens) == sorted(set(tokens)) for tokens in types.values() if tokens is not None)


def test_every_population_is_looked_at(terminology: Terminology) -> None:
    measure = a_measure(
        observed(SMOKING, EVER),
        denominator_exclusion=~clinical_event(value_set("bmi"), EVER),
        denominator_exception=blood_pressure.care_adjustments(),
    )

    assert {"smoking-status", "bmi", "hypertension-invitation", "hypertension"} <= set(value_sets(measure))
    assert ("Observation", "smoking-status") in measure_needs(measure)
    assert ("Condition", "smoking-status") not in measure_needs(measure)

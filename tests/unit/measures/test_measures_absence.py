"""What of a measure is told where a source left something out, and what is withheld with which reason."""

from dataclasses import replace

import pytest

from hi_fhir.measures import (
    EVER,
    aged,
    at_least_of,
    birth_date_recorded,
    clinical_event,
    deprivation_linked,
    diagnosed,
    encounter,
    ethnicity_consistent,
    ethnicity_stated,
    months,
    nhs_number_verified,
    observed,
    registered,
    registration_begun,
    registry,
    sex,
    value_set,
)
from hi_fhir.measures.absence import absences, unheard, wanting, withheld, withheld_strata
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.silence import OF_PEOPLE, can_hold, rests_on
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS, UNKNOWN, ByWords, Stratifier
from hi_fhir.measures.words import completeness, population
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.events import AgeAtRecord
from hi_fhir.tables.standing import Standing, TypeState

TYPES = ("Condition", "EpisodeOfCare", "Encounter", "Observation", "Organization", "Patient", "Procedure")
TABLES = {"Condition": "condition", "Observation": "observation", "Procedure": "procedure", "Encounter": "encounter"}
SMOKING, ILLNESS = value_set("smoking-status"), value_set("severe-mental-illness")
OF_RECORDS = ("denominator_exception", "numerator")
ALL = ("initial_population", "denominator", *OF_RECORDS, "undetermined")


def a_measure(first: Word, numerator: Word, exception: Word | None = None) -> Measure:
    (plain,) = registry.load(["ethnicity-usable"])
    return replace(plain, initial_population=first, numerator=numerator, denominator_exception=exception)


def a_breakdown(*words: Word) -> Stratifier:
    strata = (*(f"stratum-{number}" for number in range(len(words))), "others", UNKNOWN)
    return Stratifier("ours", "1", "Ours", ByWords(words), strata)


SMOKERS = a_measure(
    registered() & aged(at_least=16), observed(SMOKING, EVER), clinical_event(value_set("hypertension"), EVER)
)
REGISTER = a_measure(registered() & diagnosed(ILLNESS), observed(SMOKING, EVER))
HEARD = {"smoking-status": 9}


def told(
    measure: Measure, heard: dict[str, dict[str, int]] | None = None, **types: str
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Type to standing to what is withheld. types: standings other than understood."""
    judged = [Standing("elm", type_, types.get(type_, TypeState.UNDERSTOOD)) for type_ in TYPES]
    spoken = {"Observation": HEARD, "Condition": {"hypertension": 4, "severe-mental-illness": 4}} | (heard or {})
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in absences(measure, judged, {"elm": spoken}, {"A1": ["elm"], "A2": ["oak"], "A3": ["elm", "oak"]}):
        assert (one.source, one.practices) == ("elm", ("A1", "A3"))
        found.setdefault(one.type, {})[one.standing] = one.populations
    return found


def test_what_a_denominator_of_its_own_rests_on_is_withheld_with_all_that_is_decided_in_it() -> None:
    narrower = replace(REGISTER, denominator=encounter())

    assert told(narrower, {"Encounter": {"": 3}}, Encounter=TypeState.OVER_LIMIT) == {
        "Encounter": {TypeState.OVER_LIMIT: ("denominator", "numerator", "undetermined")}
    }


def test_where_all_was_understood_nothing_is_withheld() -> None:
    assert told(SMOKERS) == told(REGISTER) == {}


@pytest.mark.parametrize("standing", [TypeState.NOT_UNDERSTOOD, TypeState.OVER_LIMIT])
def test_losses_of_the_numerators_type_withhold_it_and_what_is_decided_after_it(standing: str) -> None:
    assert told(SMOKERS, Observation=standing) == {"Observation": {standing: OF_RECORDS}}


def test_losses_of_an_exceptions_type_withhold_it_alone() -> None:
    assert told(SMOKERS, Procedure=TypeState.OVER_LIMIT) == {
        "Procedure": {TypeState.OVER_LIMIT: ("denominator_exception",)}
    }


@pytest.mark.parametrize("type_", ["Patient", "EpisodeOfCare", "Organization"])
def test_losses_of_what_people_are_counted_by_withhold_everything(type_: str) -> None:
    assert set(told(SMOKERS, **{type_: TypeState.OVER_LIMIT})[type_][TypeState.OVER_LIMIT]) == set(ALL)


@pytest.mark.parametrize("standing", [TypeState.NOT_UNDERSTOOD, TypeState.OVER_LIMIT, TypeState.NOT_OFFERED])
def test_a_register_of_a_diagnosis_is_unknown_and_not_empty_without_conditions(standing: str) -> None:
    assert set(told(REGISTER, Condition=standing)["Condition"][standing]) == set(ALL) - {"denominator_exception"}


def test_what_was_lost_is_told_beside_what_was_silent() -> None:
    smokers = a_measure(registered(), observed(SMOKING, EVER) & ethnicity_stated())
    assert told(smokers, heard={"Observation": {}}, Procedure=TypeState.OVER_LIMIT) == {
        "Observation": {TypeState.NOTHING: ("numerator",)},
        "Procedure": {TypeState.OVER_LIMIT: ("numerator",)},
    }


def test_a_register_is_told_without_procedures_which_may_hold_its_codes_too() -> None:
    assert told(REGISTER, Procedure=TypeState.NOT_OFFERED) == {}


def test_a_numerator_whose_only_type_is_not_offered_is_withheld() -> None:
    assert told(SMOKERS, heard={"Observation": {}}, Observation=TypeState.NOT_OFFERED) == {
        "Observation": {TypeState.NOT_OFFERED: OF_RECORDS}
    }


def test_a_numerator_of_whose_codes_no_record_came_is_withheld_whatever_else_the_type_holds() -> None:
    for heard in ({}, {"systolic-blood-pressure": 900}):
        assert told(SMOKERS, heard={"Observation": heard}) == {"Observation": {TypeState.NOTHING: OF_RECORDS}}


def test_one_silent_alternative_leaves_the_other_to_be_told() -> None:
    either = a_measure(registered(), observed(SMOKING, EVER) | clinical_event(ILLNESS, EVER))
    both = a_measure(registered(), observed(SMOKING, EVER) & clinical_event(ILLNESS, EVER))
    silent = {"Condition": {}, "Observation": {}, "Procedure": {"severe-mental-illness": 1}}
    assert told(either, heard=silent) == {}
    assert told(both, heard=silent)["Observation"] == {TypeState.NOTHING: ("numerator",)}


def test_encounters_are_heard_of_whatever_their_reasons() -> None:
    of_encounters = a_measure(registered() & encounter(), encounter().with_coded_reason())
    assert told(of_encounters, heard={"Encounter": {"": 3}}) == {}
    assert "initial_population" in told(of_encounters)["Encounter"][TypeState.NOTHING]


BY_ILLNESS = a_breakdown(diagnosed(ILLNESS))
STRATA = BY_ILLNESS.strata


def told_of_strata(
    by: Stratifier, heard: dict[str, dict[str, int]] | None = None, **types: str
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Type to standing to the strata that are withheld of a measure of everybody. types: as `told`."""
    everybody = replace(a_measure(registered(), ethnicity_stated()), stratifiers=(by,))
    judged = [Standing("elm", type_, types.get(type_, TypeState.UNDERSTOOD)) for type_ in TYPES]
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in absences(everybody, judged, {"elm": heard or {}}, {"A1": ["elm"], "A2": ["oak"]}):
        if one.stratifier == by.id:
            assert one.populations == ()
            found.setdefault(one.type, {})[one.standing] = one.strata
    return found


def test_strata_are_told_where_the_source_speaks_of_what_decides_them() -> None:
    assert told_of_strata(BY_ILLNESS, {"Observation": {ILLNESS.id: 1}}) == {}


def test_strata_of_whose_codes_no_record_came_are_withheld_each_and_not_counted_as_nobody() -> None:
    silent = {type_: {TypeState.NOTHING: STRATA} for type_ in ("Condition", "Observation", "Procedure")}
    assert told_of_strata(BY_ILLNESS) == silent
    assert told_of_strata(BY_ILLNESS, {"Condition": {"hypertension": 900}}) == silent


@pytest.mark.parametrize("standing", [TypeState.NOT_UNDERSTOOD, TypeState.OVER_LIMIT, TypeState.NOT_OFFERED])
def test_strata_of_a_diagnosis_are_unknown_without_conditions(standing: str) -> None:
    heard = {"Observation": {ILLNESS.id: 1}, "Condition": {ILLNESS.id: 0 if standing == TypeState.NOT_OFFERED else 3}}
    assert told_of_strata(BY_ILLNESS, heard, Condition=standing) == {"Condition": {standing: STRATA}}


def test_what_withholds_a_stratum_withholds_no_population_and_no_other_breakdown() -> None:
    everybody = replace(a_measure(registered(), ethnicity_stated()), stratifiers=(*CORE_STRATIFIERS, BY_ILLNESS))
    judged = [Standing("elm", type_, TypeState.UNDERSTOOD) for type_ in TYPES]
    absent = absences(everybody, judged, {}, {"A1": ["elm"]})

    assert withheld(absent)["ethnicity-usable", "A1"] == {}
    assert withheld_strata(absent) == {
        ("ethnicity-usable", "A1"): {(BY_ILLNESS.id, stratum): TypeState.NOTHING for stratum in STRATA}
    }


def test_a_population_is_told_or_not_whatever_breakdowns_read() -> None:
    smokers = replace(SMOKERS, stratifiers=(BY_ILLNESS,))
    judged, heard = [Standing("elm", type_, TypeState.UNDERSTOOD) for type_ in TYPES], {"Observation": {ILLNESS.id: 9}}
    found, without = (absences(one, judged, {"elm": heard}, {"A1": ["elm"]}) for one in (smokers, SMOKERS))
    assert [one for one in found if one.stratifier is None] == without != []


def test_the_first_word_that_is_not_told_withholds_its_stratum_and_those_after_it() -> None:
    by = a_breakdown(observed(SMOKING, EVER), clinical_event(ILLNESS, EVER))
    heard = {"Observation": HEARD}
    assert told_of_strata(by, heard, Procedure=TypeState.OVER_LIMIT)["Procedure"] == {
        TypeState.OVER_LIMIT: by.strata[1:]
    }


def test_a_stratum_of_those_without_a_record_is_withheld_with_the_silence_that_would_make_it_all() -> None:
    by = a_breakdown(~observed(SMOKING, EVER))
    assert told_of_strata(by) == {"Observation": {TypeState.NOTHING: by.strata}}


def test_a_breakdown_by_age_needs_no_record() -> None:
    assert told_of_strata(a_breakdown(aged(75, None))) == {}


def test_a_source_that_no_registered_person_is_from_withholds_nothing() -> None:
    judged = [Standing("elm", type_, TypeState.NOT_UNDERSTOOD) for type_ in TYPES]
    assert absences(SMOKERS, judged, {}, {"A2": ["oak"]}) == []


def test_of_several_reasons_the_gravest_stands() -> None:
    judged = [
        *(Standing("elm", type_, TypeState.NOT_OFFERED) for type_ in TYPES),
        *(Standing("oak", type_, TypeState.NOT_UNDERSTOOD) for type_ in TYPES),
    ]
    found = withheld(absences(SMOKERS, judged, {}, {"A1": ["elm"], "A3": ["elm", "oak"]}))
    assert found["ethnicity-usable", "A1"]["numerator"] == TypeState.NOT_OFFERED
    assert found["ethnicity-usable", "A3"]["numerator"] == TypeState.NOT_UNDERSTOOD


def test_a_measure_is_told_of_the_types_that_it_rests_on_alone() -> None:
    judged = [Standing("elm", type_, TypeState.NOT_OFFERED) for type_ in TYPES]
    plain = a_measure(registered(), aged(at_least=16))
    assert [one.type for one in wanting(plain, judged)] == ["EpisodeOfCare", "Organization", "Patient"]
    assert "Encounter" not in [one.type for one in wanting(SMOKERS, judged)]
    assert wanting(SMOKERS, [Standing("elm", "Procedure", TypeState.NOTHING)]) == []


def test_value_sets_of_which_no_record_came_are_named() -> None:
    assert unheard(SMOKERS, "elm", {"elm": {"Procedure": {"hypertension": 1}}}) == ["smoking-status"]
    assert unheard(SMOKERS, "elm", {}) == ["hypertension", "smoking-status"]


def test_a_type_that_is_read_whole_is_named_where_nothing_of_it_came() -> None:
    of_encounters = a_measure(registered() & encounter(), observed(SMOKING, EVER))
    assert unheard(of_encounters, "elm", {"elm": {"Observation": HEARD}}) == ["Encounter"]
    assert unheard(of_encounters, "elm", {"elm": {"Observation": HEARD, "Encounter": {"": 3}}}) == []


def test_every_word_about_a_person_says_which_types_settle_it() -> None:
    named = (*vars(population).values(), *vars(completeness).values())
    about_people = {one for one in named if isinstance(one, type) and issubclass(one, Word)}
    assert (about_people - {Word}) | {AgeAtRecord} == OF_PEOPLE.keys()


@pytest.mark.parametrize(
    ("word", "types"),
    [
        (registered(), {"Patient", "EpisodeOfCare", "Organization"}),
        (registration_begun(months(9)), {"Patient", "EpisodeOfCare", "Organization"}),
        (aged(at_least=16), {"Patient"}),
        (ethnicity_stated(), {"Patient", "Condition", "Observation", "Procedure"}),
        (ethnicity_consistent(), {"Patient", "Condition", "Observation", "Procedure"}),
        (birth_date_recorded(), {"Patient"}),
        (nhs_number_verified(), {"Patient"}),
        (deprivation_linked(), {"Patient"}),
    ],
)
def test_a_word_about_a_person_rests_on_the_records_that_settle_it(word: Word, types: set[str]) -> None:
    assert rests_on(word) == types


def test_a_record_after_the_first_of_another_needs_both() -> None:
    plan, check = clinical_event(ILLNESS, EVER), observed(SMOKING, EVER)
    assert can_hold(plan.on_or_after(check.first), {"Procedure"})
    assert not can_hold(plan.on_or_after(check.first), {"Observation"})
    assert not can_hold(check.on_or_after(plan.first), {"Observation"})


def test_what_is_counted_among_several_needs_all_of_them() -> None:
    one_of_two = at_least_of(1, observed(SMOKING, EVER), sex("female"))
    assert can_hold(one_of_two, {"Condition"})
    assert not can_hold(one_of_two, {"Observation"})
    assert can_hold(observed(SMOKING, EVER) | sex("female"), {"Observation"})


def test_what_is_denied_of_a_silent_type_may_hold() -> None:
    silent = {"Observation"}
    assert not can_hold(observed(SMOKING, EVER), silent)
    assert can_hold(~observed(SMOKING, EVER), silent)
    assert rests_on(~observed(SMOKING, EVER)) == silent

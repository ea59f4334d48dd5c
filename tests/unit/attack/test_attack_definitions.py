"""What an attacker has from definitions and published classifications, against what the project itself says of them."""

from datetime import date

import pytest

from hi_fhir.attack.reading.definitions import conditions_of, same_people
from hi_fhir.attack.relations.nesting import coarser
from hi_fhir.disclosure.hierarchy import nested_strata
from hi_fhir.measures import ProportionMeasure, aged, registered, registry, sex
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS, Stratifier
from hi_fhir.terminology.catalogue import load
from tests.support.telling import Telling

URL = "https://hi-fhir.example/fhir/Measure/"


def reported(*ids: str) -> Telling:
    telling = Telling()
    for measure in registry.load(ids):
        telling.report(measure=f"{URL}{measure.id}", version=measure.version)
    return telling


def test_measures_of_everybody_registered_count_the_same_people() -> None:
    same = same_people(reported("deprivation-linked", "ethnicity-recorded").reports)
    deprivation, ethnicity = (
        next(own for (url, _), own in same.who.items() if url.endswith(id_))
        for id_ in ("deprivation-linked", "ethnicity-recorded")
    )
    assert deprivation["initial_population"] == deprivation["denominator"] == ethnicity["denominator"]
    assert deprivation["numerator"] != ethnicity["numerator"]
    assert same.registered == ethnicity["denominator"]
    assert same_people(reported("learning-disability-health-check").reports).registered is None


def test_a_numerator_lies_in_that_of_another_measure_that_it_asks_for_too() -> None:
    same = same_people(reported("learning-disability-health-check", "ethnicity-recorded").reports)
    check, ethnicity = (
        next(own for (url, _), own in same.who.items() if url.endswith(id_))
        for id_ in ("health-check", "ethnicity-recorded")
    )
    assert (check["numerator"], ethnicity["numerator"]) in same.within
    assert (check["denominator"], ethnicity["denominator"]) in same.within
    assert (check["numerator"], check["denominator"]) not in same.within


def test_nothing_is_known_of_a_measure_in_another_version() -> None:
    telling = Telling().report(measure=f"{URL}ethnicity-recorded", version="1900.1")
    assert same_people(telling.reports).who == {}


def test_who_is_an_exception_is_not_in_the_numerator() -> None:
    measure = ProportionMeasure(
        **dict.fromkeys(("id", "version", "title", "description", "rule_set", "source", "reviewed_by"), ""),
        next_review=date(2030, 1, 1),
        initial_population=registered() & aged(at_least=18),
        numerator=sex("female"),
        denominator_exception=aged(at_least=80),
    )
    found = conditions_of(measure)
    assert (False, sex("female")) in found["denominator_exception"]
    assert found["denominator"] < found["numerator"]
    assert not found["numerator"] <= found["denominator_exception"]


@pytest.mark.parametrize(
    "one", [one for one in CORE_STRATIFIERS if isinstance(one, Stratifier)], ids=lambda one: one.id
)
def test_strata_lie_in_coarser_ones_as_the_project_has_it(one: Stratifier) -> None:
    groups = {letter: category.group_2021 for letter, category in load().ethnicity().categories.items()}
    nested = nested_strata([one for one in CORE_STRATIFIERS if isinstance(one, Stratifier)], groups)
    for stratum in one.strata:
        assert set(coarser(one.id, stratum)) == set(nested.get((one.id, stratum), ()))

"""The Measure resource of a definition."""

from dataclasses import replace
from typing import Any

import pytest

from hi_fhir.measures import aged, registry, sex
from hi_fhir.measures.model import Measure
from hi_fhir.reports.checks import check_resource
from hi_fhir.reports.definitions import measure_resource
from tests.support.evaluations import a_count
from tests.support.reporting import SETTINGS, a_measure, released_reports

BASE = "https://example.invalid/fhir"


@pytest.mark.parametrize("measure", registry.load(), ids=lambda measure: measure.id)
def test_every_measure_has_a_resource_that_says_what_it_counts(measure: Measure) -> None:
    resource = measure_resource(BASE, measure)
    check_resource(resource)
    assert (resource["url"], resource["version"]) == (f"{BASE}/Measure/{measure.id}", measure.version)
    (group,) = resource["group"]
    codes = [population["code"]["coding"][0]["code"] for population in group["population"]]
    assert codes[:2] == ["initial-population", "denominator"]
    assert codes[-1] == "numerator"
    assert ("denominator-exception" in codes) == (measure.denominator_exception is not None)
    assert all(population["criteria"]["expression"] for population in group["population"])
    assert len(group["stratifier"]) == 2 + len(measure.stratifiers)


def test_a_population_is_told_as_a_sentence() -> None:
    (measure,) = registry.load(["smoking-status-recorded"])
    first = measure_resource(BASE, measure)["group"][0]["population"][0]
    assert first["criteria"] == {
        "language": "text/plain",
        "expression": "registered on the reference date and aged 16 or over at the period's end",
    }


def test_a_threshold_that_was_not_seen_in_the_rule_set_is_marked_wherever_it_is_told() -> None:
    (measure,) = registry.load(["hypertension-treated-to-target-80-and-over"])
    resource = measure_resource(BASE, measure)
    assert "(145/85 or lower at home [U])" in resource["description"]
    assert (
        "diastolic blood pressure home at most 85 mm[Hg] [U]"
        in resource["group"][0]["population"][-1]["criteria"]["expression"]
    )


@pytest.mark.parametrize("measure", registry.load(), ids=lambda measure: measure.id)
def test_every_doubt_about_a_measure_is_told(measure: Measure) -> None:
    told = measure_resource(BASE, measure).get("disclaimer", "")
    assert bool(told) == bool(measure.caveats)
    assert all(f"[U] {caveat}" in told for caveat in measure.caveats)


def test_a_measure_is_experimental_until_a_clinician_has_reviewed_it() -> None:
    measure = replace(a_measure(), reviewed_by="not yet reviewed by a clinician")
    reviewed = replace(measure, reviewed_by="Clinical safety officer")
    assert [measure_resource(BASE, one)["experimental"] for one in (measure, reviewed)] == [True, False]


def test_a_measure_has_every_stratifier_that_its_reports_carry() -> None:
    def codes(group: dict[str, Any]) -> list[object]:
        found = (stratifier.get("code") for stratifier in group["stratifier"])
        return [code[0] if isinstance(code, list) else code for code in found]

    report = released_reports("icb").reports["QZ1"]
    assert codes(measure_resource(SETTINGS.base, a_measure())["group"][0]) == codes(report["group"][0])


def test_a_crossing_is_made_of_components() -> None:
    (measure,) = registry.load(["ethnicity-recorded"])
    crossing = measure_resource(BASE, measure)["group"][0]["stratifier"][-1]
    assert [part["code"]["text"] for part in crossing["component"]] == [
        "Ethnic group, five groups of the census of 2021",
        "Deprivation quintile, 1 most deprived",
    ]


def test_a_narrower_denominator_and_a_numerator_exclusion_are_told_as_sentences() -> None:
    measure = replace(a_measure(), denominator=aged(at_least=18), numerator_exclusion=sex("male"))
    populations = measure_resource(BASE, measure)["group"][0]["population"]
    told = {one["code"]["coding"][0]["code"]: one["criteria"]["expression"] for one in populations}
    assert told["denominator"] == "aged 18 or over at the period's end"
    assert (list(told)[-1], told["numerator-exclusion"]) == ("numerator-exclusion", "sex male")


def test_a_count_is_a_cohort_of_one_population() -> None:
    resource = measure_resource(BASE, a_count())
    check_resource(resource)
    assert resource["scoring"]["coding"][0]["code"] == "cohort"
    assert "improvementNotation" not in resource
    (population,) = resource["group"][0]["population"]
    assert population["criteria"]["expression"] == "registered on the reference date"

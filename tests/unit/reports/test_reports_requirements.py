"""What a measure is worked out from: no record that decides it is left out, and those of other days and codes are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hi_fhir.core.days import Period
from hi_fhir.fhir.resources import round_trip
from hi_fhir.measures import IN_PERIOD, clinical_event, encounter, months, observed, problems, registry, season
from hi_fhir.measures import value_set as named
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.requirements import ALWAYS, measure_needs, panels
from hi_fhir.measures.render.sight import sights
from hi_fhir.measures.words.base import Word
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.terminology.catalogue import load

Json = dict[str, Any]
BASE = "https://hi-fhir.example/fhir"
YEAR = Period(date(2024, 4, 1), date(2025, 3, 31))
TERMINOLOGY = load()
MEASURES = registry.load()
SERVED = {f"{one['url']}|{one['version']}" for one in served_artifacts(BASE, MEASURES, TERMINOLOGY)}
ETHNICITY = "codes-of-ethnicity"


def library(measure: Measure, period: Period = YEAR) -> Json:
    found = MeasureRequirements(BASE, [measure], TERMINOLOGY).library(
        f"{BASE}/Measure/{measure.id}", measure.version, period
    )
    assert found is not None
    return found


def required(word: Word, period: Period = YEAR) -> list[tuple[Any, ...]]:
    """Type, value set, path and days of what a measure of this numerator needs beyond what each does."""
    measure = replace(MEASURES[0], numerator=word, stratifiers=())
    found = [_told(one) for one in library(measure, period)["dataRequirement"]]
    return [one for one in found if one[0] not in ALWAYS and one[1] != ETHNICITY]


def _told(one: Json) -> tuple[Any, ...]:
    value_set = one["codeFilter"][0]["valueSet"].rpartition("/")[2].partition("|")[0] if "codeFilter" in one else None
    days = [(days["path"], *days["valuePeriod"].values()) for days in one.get("dateFilter", ())]
    return (one["type"], value_set, *(days[0] if days else ()))


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.id)
def test_all_that_a_measure_needs_is_asked_for_by_what_is_served(measure: Measure) -> None:
    found = library(measure)
    round_trip(found)
    asked = {_told(one)[:2] for one in found["dataRequirement"]}
    whole = {type_ for type_, value_set in asked if value_set is None}
    needed = measure_needs(measure) | {
        (type_, panel) for type_, value_set in measure_needs(measure) if value_set for panel in panels(value_set)
    }

    assert {*ALWAYS} <= whole
    assert all(need in asked or need[0] in whole for need in needed)
    assert {("Condition", ETHNICITY), ("Observation", ETHNICITY), ("Procedure", ETHNICITY)} <= {
        *asked,
        *((type_, ETHNICITY) for type_ in whole),
    }
    named_there = {filter_["valueSet"] for one in found["dataRequirement"] for filter_ in one.get("codeFilter", ())}
    related = [one["resource"] for one in found["relatedArtifact"]]
    assert named_there <= set(related) <= SERVED | {f"{BASE}/Measure/{measure.id}|{measure.version}"}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.id)
def test_what_is_looked_at_is_what_is_needed(measure: Measure) -> None:
    assert {one.need for one in sights(measure.words())} == measure_needs(measure)


DATED = ("effective", "issued")
YEAR_OF = ("2024-04-01", "2025-03-31")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (observed(named("bmi"), months(12)), [("effective", *YEAR_OF), ("issued", *YEAR_OF)]),
        (
            observed(named("bmi"), season((9, 1), (3, 31))),
            [(p, "2024-09-01", "2025-03-31") for p in ("effective", "issued")],
        ),
    ],
)
def test_a_window_is_asked_for_by_each_element_that_dates(word: Word, expected: Sequence[tuple[str, ...]]) -> None:
    assert required(word) == [("Observation", "bmi", *days) for days in expected]


def test_what_is_of_any_day_is_asked_for_without_days() -> None:
    word = clinical_event(named("hypertension"), months(240))
    assert [one[2] for one in required(word)] == ["onset", "recordedDate", "effective", "issued", "performed"]
    assert required(registry.load(["hypertension-treated-to-target-under-80"])[0].initial_population)[0] == (
        "Condition",
        "hypertension",
    )


def test_types_without_codes() -> None:
    assert required(problems(IN_PERIOD)) == [("Condition", None, path, *YEAR_OF) for path in ("onset", "recordedDate")]
    assert required(encounter().with_coded_reason())[-1] == ("Encounter", None, "period", *YEAR_OF)


def test_a_season_is_the_last_that_began() -> None:
    early = Period(date(2024, 4, 1), date(2024, 6, 30))
    told = required(observed(named("bmi"), season((9, 1), (3, 31))), early)
    assert told == [("Observation", "bmi", path, "2023-09-01", "2024-03-31") for path in DATED]


def test_what_is_not_worked_out_here_has_none() -> None:
    requirements = MeasureRequirements(BASE, MEASURES, TERMINOLOGY)
    assert requirements.library(f"{BASE}/Measure/{MEASURES[0].id}", "1999", YEAR) is None
    assert requirements.library(f"{BASE}/Measure/nothing", MEASURES[0].version, YEAR) is None

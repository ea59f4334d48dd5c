"""What the demo tells of its counts: every cell is compared, and what a reader may not see is not shown."""

import pytest

from hi_fhir.demonstration.corrected import find_correction
from hi_fhir.demonstration.main_job import Stratum, _compare, _strata
from hi_fhir.sandbox import render
from hi_fhir.sandbox.people import make_people

KEY = ("measure_id", "practice_id", "stratifier", "stratum", "population")


def a_row(practice: str, count: int) -> dict[str, object]:
    return {**dict(zip(KEY, ("m", practice, "all", "all", "numerator"), strict=True)), "count": count}


def cell(practice: str) -> tuple[str, str, str, str, str]:
    return ("m", practice, "all", "all", "numerator")


@pytest.mark.parametrize(
    ("rows", "truth", "compared"),
    [
        ([a_row("A", 3), a_row("B", 0)], {cell("A"): 3}, (2, 0)),
        ([a_row("A", 3)], {cell("A"): 4}, (1, 1)),
        ([a_row("A", 0)], {cell("A"): 0, cell("B"): 1}, (2, 1)),
        ([a_row("A", 1)], {}, (1, 1)),
    ],
)
def test_every_cell_of_either_side_is_compared_and_the_truth_has_no_zeros(rows, truth, compared) -> None:
    assert _compare(rows, truth) == compared


def test_a_masked_count_and_a_withheld_share_are_shown_as_such() -> None:
    def population(code: str, **count: object) -> dict[str, object]:
        return {"code": {"coding": [{"code": code}]}, **count}

    masked = {"_count": {"extension": [{"url": "data-absent-reason", "valueCode": "masked"}]}}
    strata = [
        {
            "value": {"text": "White"},
            "population": [population("denominator", count=1250), population("numerator", count=625)],
            "measureScore": {"value": 0.5},
        },
        {
            "value": {"text": "Other"},
            "population": [population("denominator", count=10), population("numerator", **masked)],
        },
    ]
    by_ethnicity = {"code": [{"coding": [{"code": "ethnic-group-5"}]}], "stratum": strata}
    crossing = {"stratum": [{"component": []}]}
    by_sex = {"code": [{"coding": [{"code": "sex"}]}], "stratum": []}

    found = _strata({"group": [{"stratifier": [by_sex, by_ethnicity, crossing]}]})

    assert list(found) == [Stratum("White", "1,250", "625", "50%"), Stratum("Other", "10", "masked", "withheld")]


def test_one_blood_pressure_is_corrected_and_nothing_else_of_the_record() -> None:
    people = make_people(150, 1)

    found = find_correction(people)

    assert found is not None
    [before] = [one for person in people for one in render.resources(person) if one["id"] == found.resource["id"]]
    values = [one["component"][0].pop("valueQuantity")["value"] for one in (before, found.resource)]
    assert values == [found.was, found.is_now]
    assert before == found.resource
    assert find_correction(people[:5]) is None

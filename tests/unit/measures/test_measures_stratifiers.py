"""Every person is in exactly one stratum of each stratifier, whatever the record says or leaves out."""

from itertools import product
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.examples import EXAMPLE_PERIOD
from hi_fhir.measures.render.query import Facts
from hi_fhir.measures.render.strata import stratum_index
from hi_fhir.measures.stratifiers import CORE20, CORE_STRATIFIERS, IMD_DECILE, IMD_QUINTILE, Crossing, Stratifier
from hi_fhir.tables.schema import PERSON

SINGLE = tuple(dict.fromkeys(part for one in CORE_STRATIFIERS for part in one.parts))
BY_ID = {one.id: one for one in SINGLE}


def strata(folder: Path, stratifier: Stratifier, people: list[dict[str, object]], imd_year: int = 2025) -> list[str]:
    """The stratum of each person, given as the columns that matter."""
    needed = {
        "registered": True,
        "sex": "female",
        "nhs_number": "absent",
        "restricted": False,
        "language_recorded": True,
    }
    rows = [
        {
            **needed,
            "restricted": False,
            "ethnicity": "not-recorded",
            "deprivation": "linked",
            **one,
            "person_id": f"{number:032x}",
        }
        for number, one in enumerate(people)
    ]
    engine = connect(folder / "spill")
    person = engine.keep("people", pa.Table.from_pylist(rows, schema=PERSON))
    context = EvaluationContext(EXAMPLE_PERIOD, EXAMPLE_PERIOD.end, imd_year)
    found = person.select("person_id", place=stratum_index(stratifier, Facts(person, {}, context))).order_by(
        "person_id"
    )
    assert found.schema()["place"] == ibis.dtype("int8")
    places = engine.query(found)["place"].to_pylist()
    engine.close()
    return [stratifier.strata[number] for number in places]


@pytest.mark.parametrize("stratifier", SINGLE, ids=lambda one: one.id)
def test_every_person_has_exactly_one_stratum(tmp_path: Path, stratifier: Stratifier) -> None:
    columns = {
        "sex": ("female", "male", "other", "unknown", "something else"),
        "age": (None, -1, 0, 13, 14, 130),
        "ethnicity": ("stated", "not-stated", "refused", "not-known", "not-recorded", "something else"),
        "ethnic_group_2021": (None, "white", "something else"),
        "ethnic_category_2001": (None, "S", "Z"),
        "imd_2025_decile": (None, 1, 10),
    }
    people = [dict(zip(columns, one, strict=True)) for one in product(*columns.values())]

    found = strata(tmp_path, stratifier, people)

    assert len(found) == len(people)
    assert len(set(stratifier.strata)) == len(stratifier.strata)


def test_ages_fall_into_the_band_that_begins_with_them(tmp_path: Path) -> None:
    ages = (0, 13, 14, 17, 18, 39, 40, 64, 65, 79, 80, 115, None)

    assert strata(tmp_path, BY_ID["age-band"], [{"age": age} for age in ages]) == [
        "0-13", "0-13", "14-17", "14-17", "18-39", "18-39", "40-64", "40-64", "65-79", "65-79", "80+", "80+", "unknown",
    ]  # fmt: skip


def test_an_unexpected_sex_is_unknown(tmp_path: Path) -> None:
    assert strata(tmp_path, BY_ID["sex"], [{"sex": "other"}, {"sex": "divers"}]) == ["other", "unknown"]


def test_what_is_known_of_ethnicity_is_told_apart(tmp_path: Path) -> None:
    stated = {"ethnicity": "stated", "ethnic_group_2021": "asian", "ethnic_category_2001": "R"}
    people = [stated, *({"ethnicity": one} for one in ("not-stated", "refused", "not-known", "not-recorded"))]

    assert strata(tmp_path, BY_ID["ethnic-group-5"], people)[0] == "asian"
    assert strata(tmp_path, BY_ID["ethnic-category-16"], people) == [
        "R", "not-stated", "refused", "not-known", "not-recorded",
    ]  # fmt: skip


def test_a_stated_ethnicity_without_the_category_asked_for_is_not_known(tmp_path: Path) -> None:
    people = [{"ethnicity": "stated", "ethnic_group_2021": "asian", "ethnic_category_2001": None}]

    assert strata(tmp_path, BY_ID["ethnic-category-16"], people) == ["not-known"]


def test_deciles_lie_within_quintiles_and_the_first_quintile_is_core20(tmp_path: Path) -> None:
    people = [{"imd_2025_decile": decile} for decile in (*range(1, 11), None)]

    deciles, quintiles, core20 = (strata(tmp_path, one, people) for one in (IMD_DECILE, IMD_QUINTILE, CORE20))

    assert deciles == [*map(str, range(1, 11)), "unknown"]
    assert quintiles == ["1", "1", "2", "2", "3", "3", "4", "4", "5", "5", "unknown"]
    assert core20 == ["core20"] * 2 + ["rest"] * 8 + ["unknown"]


def test_the_years_of_deprivation_are_never_mixed(tmp_path: Path) -> None:
    people = [{"imd_2019_decile": 1}, {"imd_2025_decile": 10}]

    assert strata(tmp_path, CORE20, people, imd_year=2019) == ["core20", "unknown"]
    assert strata(tmp_path, CORE20, people, imd_year=2025) == ["unknown", "rest"]


def test_a_crossing_has_every_stratum_of_one_within_every_stratum_of_the_other() -> None:
    [crossing] = [one for one in CORE_STRATIFIERS if isinstance(one, Crossing)]

    assert crossing.id == "ethnic-group-5*imd-quintile"
    assert crossing.strata[:7] == ("white*1", "white*2", "white*3", "white*4", "white*5", "white*unknown", "mixed*1")
    assert len(crossing.strata) == 9 * 6
    assert crossing.version == "2021+1"


def test_the_strata_are_those_of_the_rules() -> None:
    assert {one.id: len(one.strata) for one in CORE_STRATIFIERS} == {
        "sex": 4,
        "age-band": 7,
        "ethnic-group-5": 9,
        "ethnic-category-16": 20,
        "imd-quintile": 6,
        "imd-decile": 11,
        "core20": 3,
        "ethnic-group-5*imd-quintile": 54,
    }

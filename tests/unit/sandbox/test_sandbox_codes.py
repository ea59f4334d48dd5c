"""What the sandbox says of codes, areas and units, held to the data files that the project ships."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hi_fhir.sandbox import overlay
from hi_fhir.sandbox.people import answers, codes, places
from hi_fhir.sandbox.people.model import Code, CodedAnswer
from hi_fhir.sandbox.truth.ethnicity import GROUPS_2021
from hi_fhir.sandbox.truth.evidence import PRESSURES
from hi_fhir.terminology.answers import load_answers
from hi_fhir.terminology.catalogue import Terminology, load

SHIPPED = load()
ANSWERS = load_answers()


@pytest.fixture(scope="module")
def terminology(tmp_path_factory: pytest.TempPathFactory) -> Terminology:
    """What is shipped, with the sandbox's overlay."""
    root = tmp_path_factory.mktemp("overlay")
    folder = root / "terminology" / "value_sets"
    folder.mkdir(parents=True)
    for name, content in overlay.value_sets():
        (folder / name).write_bytes(content)
    return load((Path(root),))


def _all(found: object) -> Iterator[Code]:
    if isinstance(found, Code):
        yield found
    elif isinstance(found, dict):
        yield from _all(tuple(found.values()))
    elif isinstance(found, tuple):
        for one in found:
            yield from _all(one)


CODES = sorted(set(_all(tuple(vars(codes).values()))), key=repr)


def test_each_code_counts_for_the_value_set_that_it_is_said_to(terminology: Terminology) -> None:
    preimages = {id_: terminology.preimage(id_) for id_ in terminology.value_sets}
    for code in CODES:
        own = set(code.codings)
        having = {id_ for id_, known in preimages.items() if own & known}
        expected = {code.means} - {None, "ethnicity"}
        assert having == expected, code


@pytest.mark.parametrize("answer", [*answers.DENIED, *answers.NONE, *answers.ABSENT, *answers.NEITHER])
def test_each_answer_says_what_the_list_of_answers_says(answer: CodedAnswer) -> None:
    match answer.way:
        case "concept":
            said = ANSWERS.of_concept([(system, code, None) for system, code in answer.codings], answer.text or None)
        case "words":
            said = ANSWERS.of_words(answer.text)
        case "boolean":
            said = {"true": None, "false": "denied"}[answer.text]
        case _:
            said = "absent"
    assert answer.says == said


def test_each_code_says_of_ethnicity_what_the_maps_say(terminology: Terminology) -> None:
    meanings = terminology.ethnicity().meanings
    for code in CODES:
        found = {meanings.get(coding) for coding in code.codings} - {None}
        said = {meaning.category_2001 or meaning.state for meaning in found if meaning}
        assert said == {code.says} - {None}, code


def test_the_groups_of_2021_are_those_of_the_mapping() -> None:
    categories = SHIPPED.ethnicity().categories
    assert {letter: category.group_2021 for letter, category in categories.items()} == GROUPS_2021


def test_what_the_sandbox_brings_is_a_demonstration(terminology: Terminology) -> None:
    for id_ in codes.DEMONSTRATED:
        assert SHIPPED.value_set(id_).state in ("missing", "partial")
        assert terminology.value_set(id_).state == "demonstration"


@pytest.mark.parametrize(("year", "count"), [(2019, places.LSOAS_2011), (2025, places.LSOAS_2021)])
def test_ranks_are_the_published_ones(year: int, count: int) -> None:
    table = SHIPPED.ranks(year).table
    published = dict(zip(table["lsoa"].to_pylist(), table["rank"].to_pylist(), strict=True))
    assert len(published) == count
    for place in places.PLACES:
        code, rank = (place.lsoa11, place.rank_2019) if year == 2019 else (place.lsoa21, place.rank_2025)
        assert published[str(code)] == rank


def test_areas_outside_england_have_no_rank() -> None:
    english = {*SHIPPED.ranks(2019).table["lsoa"].to_pylist(), *SHIPPED.ranks(2025).table["lsoa"].to_pylist()}
    for postcode in (*places.WELSH, *places.SCOTTISH):
        assert postcode.place
        assert not {postcode.place.lsoa11, postcode.place.lsoa21} & english


def test_every_decile_of_2025_has_a_place() -> None:
    deciles = {-(-(place.rank_2025 or 0) * 10 // places.LSOAS_2021) for place in places.PLACES}
    assert deciles == set(range(1, 11))


def test_units_of_pressure_are_worth_what_the_data_say() -> None:
    units = SHIPPED.units()
    for unit in PRESSURES.keys() - {None}:
        factor, offset = units.conversion(unit, "mm[Hg]")
        assert (factor, offset) == (pytest.approx(PRESSURES[unit], rel=1e-5), 0)

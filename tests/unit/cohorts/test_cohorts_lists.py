"""Published lists of registered patients: how their files are read, and what ours is beside them."""

from datetime import date
from pathlib import Path

import pytest

from hi_fhir.cohorts.list_files import FIVE_YEARS, five_years, read_lists
from hi_fhir.cohorts.list_imports import import_lists, load_lists
from hi_fhir.cohorts.list_tally import PublishedLists
from hi_fhir.cohorts.lists import ListGroup, told
from hi_fhir.core.errors import TerminologyError
from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder

QUINARY = "PUBLICATION,EXTRACT_DATE,ORG_TYPE,ORG_CODE,ONS_CODE,POSTCODE,SEX,AGE_GROUP_5,NUMBER_OF_PATIENTS\n"
SINGLE = "EXTRACT_DATE,SUB_ICB_LOCATION_CODE,ONS_SUB_ICB_LOCATION_CODE,ORG_CODE,POSTCODE,SEX,AGE,NUMBER_OF_PATIENTS\n"
APRIL = date(2025, 4, 1)


def quinary(*rows: tuple[str, str, str, int], day: str = "01APR2025", kind: str = "GP") -> str:
    """Practice, sex, ages and people."""
    return QUINARY + "".join(
        f"GP_PRAC_PAT_LIST,{day},{kind},{practice},,AA1 1AA,{sex},{ages},{people}\n"
        for practice, sex, ages, people in rows
    )


def published(folder: Path, *texts: str) -> PublishedLists:
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"list-{number}.csv")
        files[-1].write_text(text, encoding="utf-8")
    import_lists(files, folder / "imports")
    lists = load_lists(folder / "imports")
    assert lists is not None
    return lists


BOTH = (("A00001", "FEMALE", "50_54", 200), ("A00001", "MALE", "0_4", 1))


def test_ages_are_in_five_years_of_which_the_last_is_open() -> None:
    assert [five_years(age) for age in (0, 4, 5, 94, 95, 104)] == ["0-4", "0-4", "5-9", "90-94", "95+", "95+"]
    assert len(FIVE_YEARS) == 20


def test_a_file_by_five_years_gives_practices_alone_and_no_sums(tmp_path: Path) -> None:
    text = quinary(*BOTH, ("A00001", "ALL", "ALL", 201), ("A00001", "FEMALE", "ALL", 200))
    text += quinary(("QX1", "FEMALE", "50_54", 9_000), kind="ICB").removeprefix(QUINARY)
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")

    assert read_lists([tmp_path / "list.csv"]) == [
        (APRIL, "A00001", "female", "50-54", 200),
        (APRIL, "A00001", "male", "0-4", 1),
    ]


def test_two_files_by_single_year_are_summed_to_five(tmp_path: Path) -> None:
    for sex in ("FEMALE", "MALE"):
        rows = (("ALL", 6), ("0", 1), ("4", 2), ("95+", 3))
        lines = (f"01-Apr-25,01A,E38,a00001,AA1 1AA,{sex},{age},{people}\n" for age, people in rows)
        (tmp_path / f"{sex}.csv").write_text(SINGLE + "".join(lines), encoding="utf-8")

    assert read_lists([tmp_path / "FEMALE.csv", tmp_path / "MALE.csv"]) == [
        (APRIL, "A00001", sex, ages, 3) for sex in ("female", "male") for ages in ("0-4", "95+")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("practice,people\nA00001,3\n", "no column extract_date, org_code, sex, number_of_patients"),
        (quinary(*BOTH).replace("AGE_GROUP_5", "AGES"), "no column age_group_5 or age"),
        (quinary(*BOTH, day="April"), "line 2: 'April' is not a day"),
        (quinary(*BOTH).replace(",200", ",many"), "line 2: 'many' is not a number of patients"),
        (quinary(*BOTH).replace("50_54", "fifty"), "line 2: 'fifty' is no age"),
        (quinary(*BOTH, BOTH[0]), "line 4: A00001, female, 50_54 is there twice"),
        (quinary(BOTH[0]), "A00001 on 2025-04-01: only female"),
        (quinary(), "no line of a practice"),
    ],
)
def test_a_file_that_is_none_is_refused_by_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")

    with pytest.raises(TerminologyError, match=message):
        import_lists([tmp_path / "list.csv"], tmp_path / "imports")

    assert load_lists(tmp_path / "imports") is None


@pytest.mark.parametrize(
    ("as_of", "nearest"),
    [
        (date(2025, 3, 31), date(2025, 4, 1)),
        (date(2025, 3, 1), date(2025, 3, 1)),
        (date(2025, 5, 2), date(2025, 4, 1)),
        (date(2025, 5, 3), None),
        (date(2025, 1, 28), None),
    ],
)
def test_the_list_of_the_nearest_day_is_taken_if_it_is_of_a_month_near(
    tmp_path: Path, as_of: date, nearest: date | None
) -> None:
    assert published(tmp_path, quinary(*BOTH), quinary(*BOTH, day="2025-03-01")).nearest(as_of) == nearest


def a_group(here: int, published: int, sex: str = "female", ages: str = "50-54") -> ListGroup:
    return ListGroup("A00001", sex, ages, here, published)


@pytest.mark.parametrize(
    ("here", "listed", "apart"),
    [(98, 100, False), (97, 100, True), (102, 100, False), (103, 100, True), (0, 0, False), (1, 0, True)],
)
def test_more_than_two_in_a_hundred_is_apart(here: int, listed: int, apart: bool) -> None:
    assert a_group(here, listed).is_apart is apart


def test_only_groups_of_a_hundred_are_told_of() -> None:
    small, near, far = a_group(50, 99), a_group(1_000, 1_010, "all", "all"), a_group(120, 100, "male", "all")
    assert told([small]) == ("too-small", [])
    assert told([near, small]) == ("agrees", [])
    assert told([near, far, small]) == ("apart", ["male"])
    assert told([a_group(1, 200)]) == ("apart", ["female 50-54"])


def test_registered_people_are_counted_by_their_age_on_the_day_of_publication(tmp_path: Path) -> None:
    lists = published(tmp_path, quinary(*BOTH, ("A00009", "FEMALE", "0_4", 5), ("A00009", "MALE", "0_4", 5)))
    main = SnapshotBuilder()
    main.patient("turns 50 on the day", birth_date=date(1975, 4, 1))
    main.patient("turns 50 the day after", birth_date=date(1975, 4, 2))
    main.patient("born on the day before", birth_date=date(2025, 3, 31), sex="male")
    main.patient("of no age", birth_date=None)
    main.patient("of another sex", sex="other")
    main.patient("not registered", practice=None)
    main.patient("at a practice of which no list is published", practice="A00002")

    compared = resolve_snapshots(tmp_path, main, lists=lists).found.lists

    assert compared is not None
    assert (compared.day, compared.unlisted) == (APRIL, ["A00002"])
    found = {one.name: (one.here, one.published) for one in compared.groups if one.here or one.published}
    assert {one.practice for one in compared.groups} == {"A00001"}
    assert found == {
        "all": (5, 201),
        "female": (3, 200),
        "male": (1, 1),
        "female 45-49": (1, 0),
        "female 50-54": (1, 200),
        "male 0-4": (1, 1),
    }


def test_a_list_of_no_month_near_is_compared_with_nothing(tmp_path: Path) -> None:
    lists = published(tmp_path, quinary(*BOTH, day="2024-01-01"))
    main = SnapshotBuilder()
    main.patient("ann")

    found = resolve_snapshots(tmp_path, main, lists=lists).found

    assert found.lists is not None
    assert (found.lists.day, found.lists.groups) == (None, [])
    assert found.versions["import/registered-patients"] == lists.version


def test_without_a_list_nothing_is_said(tmp_path: Path) -> None:
    main = SnapshotBuilder()
    main.patient("ann")

    found = resolve_snapshots(tmp_path, main).found

    assert found.lists is None
    assert "import/registered-patients" not in found.versions

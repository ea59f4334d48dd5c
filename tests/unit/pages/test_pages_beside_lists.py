"""People here beside the published lists: of whole groups alone, and apart only where no rounding explains it."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from flask.testing import FlaskClient

from hi_fhir.cohorts.list_imports import import_lists
from hi_fhir.cohorts.list_tally import LISTED, PublishedLists
from hi_fhir.cohorts.lists import ListComparison, ListGroup
from hi_fhir.core.audiences import Audience
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.pages.beside_lists import BesideLists, beside_lists
from hi_fhir.pages.population import PEOPLE
from hi_fhir.pages.strata_table import CountShown, Line, StrataTable
from hi_fhir.reports.heads import ReportHead
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from tests.support.paging import PageText, release_for_pages, site_of

RULE = POLICIES[Audience.ICB].own
DAY = date(2025, 4, 1)
AREA = "U99001"


def lists(*rows: tuple[str, str, str, int], day: date = DAY) -> PublishedLists:
    columns = zip(*((day, *row) for row in rows), strict=True)
    return PublishedLists(pa.table(dict(zip(LISTED.names, map(list, columns), strict=True)), schema=LISTED), "1")


def table(id_: str, **counts: tuple[float | None, str]) -> StrataTable:
    lines = [
        Line(name.replace("_", "-"), name, {PEOPLE: CountShown(*told)}, None, None, None, None)
        for name, told in counts.items()
    ]
    return StrataTable(id_, id_, [PEOPLE], lines, is_ratio=False)


def head(*practices: str) -> ReportHead:
    covered = [{"valueReference": {"identifier": {"value": one}, "display": f"Name of {one}"}} for one in practices]
    basis = [{"extension": [{"url": "as-of", "valueDate": "2025-03-31"}]}]
    return ReportHead(
        "https://example.invalid/Measure/a|1", "2025-04-02", {"report-basis": basis, "covered-practice": covered}
    )


def compared(published: int, here: tuple[float | None, str]) -> tuple[bool | None, str]:
    found = beside_lists([table("sex", female=here)], head("A1"), lists(("A1", "female", "40-44", published)), RULE)
    [line] = found.lines
    return line.is_apart, line.told


@pytest.mark.parametrize(
    ("here", "published", "told"),
    [
        ((1000, "shown"), 1000, (False, "+0.0%")),
        ((1020, "shown"), 1000, (False, "+2.0%")),
        ((1021, "shown"), 1000, (True, "+2.1%, over 2 % apart")),
        ((975, "rounded"), 1000, (True, "-2.5%, over 2 % apart")),
        ((100, "rounded"), 104, (False, "-3.8%")),  # 102 would be rounded to 100, and is within 2 %
        ((None, "masked"), 1000, (None, "not given")),
        ((0, "shown"), 0, (False, "agrees")),
        ((10, "rounded"), 0, (True, "over 2 % apart: nobody is listed")),
    ],
)
def test_apart_is_what_no_rounding_explains(
    here: tuple[float | None, str], published: int, told: tuple[bool | None, str]
) -> None:
    assert compared(published, here) == told


def test_bands_of_age_are_compared_where_published_ones_make_them_up() -> None:
    ages = {"14-17": 10, "40-64": 20, "80+": 30, "unknown": 40}
    rows = [
        ("A1", "male", "15-19", 5),
        ("A1", "male", "40-44", 7),
        ("A1", "female", "60-64", 9),
        ("A1", "male", "95+", 4),
    ]
    told = table("age-band", **{name: (float(count), "shown") for name, count in ages.items()})
    found = beside_lists([told], head("A1"), lists(*rows), RULE)
    assert [(line.group, line.published) for line in found.lines] == [("Age 40-64", 16), ("Age 80+", 4)]
    assert found.uneven == ["0-13", "14-17", "18-39"]


def test_the_whole_is_compared_only_where_each_practice_is_listed() -> None:
    everybody = table("all", all=(300.0, "rounded"))
    whole = beside_lists([everybody], head("A1", "A2"), lists(("A1", "male", "0-4", 9), ("A2", "male", "0-4", 1)), RULE)
    assert [line.published for line in whole.lines] == [10]
    part = beside_lists([everybody], head("A1", "A2"), lists(("A1", "male", "0-4", 9), ("A9", "male", "0-4", 1)), RULE)
    assert part == BesideLists(DAY, [], [], ["Name of A2"], part.uneven)


def test_a_list_of_no_month_near_is_compared_with_nothing() -> None:
    old = lists(("A1", "male", "0-4", 9), day=date(2023, 4, 1))
    assert beside_lists([table("all", all=(9.0, "shown"))], head("A1"), old, RULE).day is None


@pytest.fixture
def pages(tmp_path: Path, store: Store) -> FlaskClient:
    groups = [ListGroup("A99001", "all", "all", 400, 500), ListGroup("A99001", "female", "all", 200, 300)]
    release_for_pages(tmp_path, store, ["ethnicity-recorded"], lists=ListComparison(DAY, groups, ["A99002"]))
    return site_of(store, Reader(Audience.ICB), tmp_path).test_client()


def test_a_page_says_that_none_was_imported_and_then_shows_them(pages: FlaskClient, tmp_path: Path) -> None:
    before = pages.get(f"/areas/{AREA}/population").text
    assert "No published lists of registered people were imported" in before
    file = tmp_path / "list.csv"
    rows = [f"GP,01APR2025,{one},{sex},40_44,300" for one in ("A99001", "A99002") for sex in ("MALE", "FEMALE")]
    file.write_text("\n".join(["ORG_TYPE,EXTRACT_DATE,ORG_CODE,SEX,AGE_GROUP_5,NUMBER_OF_PATIENTS", *rows]))
    import_lists([file], tmp_path / "imports")
    found = PageText(pages.get(f"/areas/{AREA}/population").text)
    [everybody] = [row for row in found.rows if row[0] == "Everybody"]
    assert everybody[2] == "1,200"
    assert everybody[3].endswith("over 2 % apart")
    assert "Name of A99001 of 500 in the list, 1 April 2025: over 2 % apart: all, female" in found.text
    assert "Name of A99002, 1 April 2025: not in the list" in found.text

"""What is taken away has the numbers of the reports: a spreadsheet and CSV row by row, a paper as it is laid out."""

import csv
import re
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from hi_fhir.cli.main import cli
from hi_fhir.core.audiences import Audience
from hi_fhir.pages.reading import Shelf
from hi_fhir.pages.taken.area_taken import AreaTaken
from hi_fhir.pages.taken.forms import FORMS
from hi_fhir.pipeline.statistics_of import statistics_of
from hi_fhir.reports.derived.table import Row
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store, open_store
from tests.support.paging import release_for_pages, site
from tests.support.workbooks import sheet

MEASURES = ("ethnicity-recorded", "hypertension-treated-to-target-under-80")
AREA = "U99001"
_DAY_NOUGHT = date(1899, 12, 30)  # of spreadsheets


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    store = open_store(folder / "hi_fhir.sqlite")
    release_for_pages(folder, store, MEASURES)
    store.close()
    return folder


@pytest.fixture(scope="module")
def store(data_dir: Path) -> Store:
    return open_store(data_dir / "hi_fhir.sqlite")


@pytest.fixture(scope="module")
def taken(store: Store) -> AreaTaken:
    with Shelf(store).opened(Reader(Audience.ICB)) as shelf:
        return shelf.taken(AREA, None)


@pytest.fixture(scope="module")
def rows(store: Store) -> list[Row]:
    with store.read() as session:
        return list(statistics_of(session, Audience.ICB, reporters=[AREA]).rows)


def test_a_spreadsheet_has_each_row_with_numbers_as_numbers(taken: AreaTaken, rows: list[Row]) -> None:
    head, *found = sheet(FORMS["xlsx"].make(taken), 2)
    names = dict(head)
    assert list(names.values()) == ["measure_title", *Row._fields]
    assert len(found) == len(rows) > 100
    for cells, row in zip(found, rows, strict=True):
        told = {names[column]: value for column, value in cells.items() if column != "A"}
        days = {name: _DAY_NOUGHT + timedelta(days=told[name]) for name in ("period_start", "period_end")}  # type: ignore[arg-type]
        assert told | days == {name: value for name, value in row._asdict().items() if value is not None}
    assert any(row.state == "masked" for row in rows)


def test_its_notes_say_what_the_numbers_rest_on(taken: AreaTaken) -> None:
    told = {cells["A"]: cells.get("B") for cells in sheet(FORMS["xlsx"].make(taken), 1)}
    assert told["Disclosure policy"] == dict(taken.basis.basis)["Disclosure policy"]
    assert told["Period"] == "1 April 2024 to 31 March 2025"
    assert "1 to 7" in str(told["Masked"])
    assert any(str(name).startswith("Version of ") for name in told)


def test_text_that_a_spreadsheet_would_work_out_is_only_text(taken: AreaTaken) -> None:
    from dataclasses import replace

    row = taken.rows[0]._replace(stratum="=1+1")
    content = FORMS["xlsx"].make(replace(taken, rows=[row]))
    assert "=1+1" in sheet(content, 2)[1].values()


def test_csv_is_what_statistics_gives(taken: AreaTaken, rows: list[Row]) -> None:
    found = list(csv.DictReader(StringIO(FORMS["csv"].make(taken).decode())))
    assert [row["value"] for row in found] == ["" if row.value is None else str(row.value) for row in rows]


def test_a_paper_is_tagged_and_says_its_language_and_the_same_is_made_twice(taken: AreaTaken) -> None:
    content = FORMS["pdf"].make(taken)
    assert content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in content
    assert re.search(rb"/Lang ?\(en-GB\)", content)
    assert content == FORMS["pdf"].make(taken)
    assert FORMS["xlsx"].make(taken) == FORMS["xlsx"].make(taken)


@pytest.mark.parametrize("form", FORMS)
def test_pages_give_each_form_and_another_reader_none(store: Store, taken: AreaTaken, form: str) -> None:
    pages: FlaskClient = site(store, Reader(Audience.ICB))
    response = pages.get(f"/areas/{AREA}/figures.{form}")
    assert (response.status_code, response.data) == (200, FORMS[form].make(taken))
    assert f"hi-fhir-{AREA}-2024-04-01-2025-03-31-icb.{form}" in response.headers["Content-Disposition"]
    other = site(store, Reader(Audience.ICB, frozenset({"A99003"})))
    assert other.get(f"/areas/{AREA}/figures.{form}").status_code == 404


def test_the_command_writes_the_files(data_dir: Path, tmp_path: Path, taken: AreaTaken) -> None:
    arguments = ["export", "--data-dir", str(data_dir), "--area", AREA, "--to", str(tmp_path / "out")]
    result = CliRunner().invoke(cli, [*arguments, "--form", "csv", "--form", "xlsx"])
    assert result.exit_code == 0, result.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == {f"{taken.file_name}.csv", f"{taken.file_name}.xlsx"}
    assert (tmp_path / "out" / f"{taken.file_name}.csv").read_bytes() == FORMS["csv"].make(taken)
    missing = CliRunner().invoke(cli, [*arguments, "--area", "U0"])
    assert missing.exit_code != 0

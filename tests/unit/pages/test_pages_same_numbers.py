"""A number is the same wherever it is met: report, JSON, CSV, spreadsheet, page and paper; one not given is nowhere.

What each place has to say is worked out here from the MeasureReport as the service gives it, for every measure.
"""

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from hi_fhir.cli.main import cli
from hi_fhir.core.audiences import Audience
from hi_fhir.measures import registry
from hi_fhir.measures.model import Measure
from hi_fhir.pages.strata_table import COUNTED
from hi_fhir.reports.concepts import AREAS
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from tests.support.paging import PageText, release_for_pages, site
from tests.support.reporting import extensions, groups_of, parts
from tests.support.workbooks import sheet

pytestmark = pytest.mark.slow

MEASURES = {one.id: one for one in registry.load()}
NOT_GIVEN = {"1 to 7", "held back", "no code list"}
Key = tuple[str, str, str]
"""Stratifier, stratum and what is counted, or `score`."""


@dataclass(frozen=True)
class Place:
    """An area as its reader sees it. reports: by measure, as the service gives them."""

    folder: Path
    pages: FlaskClient
    reader: Reader
    area: str
    reports: Mapping[str, Mapping[str, Any]]

    def told(self, measure: str) -> dict[Key, tuple[float | None, float | None, float | None]]:
        """Each number of a report with its interval, if it has one; None: it is not given."""
        found: dict[Key, tuple[float | None, float | None, float | None]] = {}
        for stratifier, stratum, group in groups_of(dict(self.reports[measure])):
            for population in group["population"]:
                name = population["code"]["coding"][0]["code"].replace("-", "_")
                found[stratifier, stratum, name] = (population.get("count"), None, None)
            if "denominator" in {name for _, _, name in found}:
                score = group.get("measureScore", {}).get("value")
                ends = [parts(one) for one in extensions(group, "score-interval")]
                lower, upper = (ends[0]["lower"], ends[0]["upper"]) if ends else (None, None)
                found[stratifier, stratum, "score"] = (score, lower, upper)
        return found


READERS = {
    "board": (Reader(Audience.ICB, {"QZ1"}), "U99001", ["--audience", "icb"]),
    "practice": (Reader(Audience.PRACTICE, {"A99001"}), "A99001", ["--audience", "practice"]),
}


@pytest.fixture(scope="module", params=READERS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    reader, area, _ = READERS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    store = open_store(folder / "hi_fhir.sqlite")
    release_for_pages(folder, store, list(MEASURES), reader.audience)
    pages = site(store, reader)
    asked = (
        f"/fhir/MeasureReport?reporter.identifier={area}"
        if False
        else f"/fhir/MeasureReport?reporter=ods-{area.lower()}"
    )
    reports: dict[str, Mapping[str, Any]] = {}
    while asked:
        bundle = json.loads(pages.get(asked, headers={"Accept": "application/fhir+json"}).text)
        for entry in bundle["entry"]:
            reports[entry["resource"]["measure"].rpartition("/")[2].partition("|")[0]] = entry["resource"]
        asked = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), "")
    yield Place(folder, pages, reader, area, reports)
    store.close()


def test_every_measure_is_there(place: Place) -> None:
    assert set(place.reports) == set(MEASURES)
    given = [number for id_ in MEASURES for number, _, _ in place.told(id_).values()]
    assert sum(number is not None for number in given) > 1000
    assert any(number is None for number in given)


def as_told(rows: Iterator[Mapping[str, Any]]) -> dict[str, dict[Key, tuple[Any, ...]]]:
    """Rows of a table of statistics as `Place.told` has them, by measure; undetermined people stand in no report."""
    found: dict[str, dict[Key, tuple[Any, ...]]] = {}
    for row in rows:
        kind = row["statistic"]
        if kind == "score" or (kind in COUNTED and kind != "undetermined"):
            numbers = tuple(
                None if row[name] in (None, "") else float(row[name]) for name in ("value", "lower", "upper")
            )
            found.setdefault(row["measure"], {})[row["stratifier"], row["stratum"], kind] = numbers
    return found


def tables(place: Place) -> Iterator[tuple[str, Iterator[Mapping[str, Any]]]]:
    """Each form in which rows are given."""
    text = place.pages.get(f"/areas/{place.area}/figures.csv").text
    yield "CSV", iter(csv.DictReader(StringIO(text)))
    head, *rows = sheet(place.pages.get(f"/areas/{place.area}/figures.xlsx").data, 2)
    names = {str(name): column for column, name in head.items()}
    yield "XLSX", ({name: row.get(column) for name, column in names.items()} for row in rows)
    _, area, own = next(one for one in READERS.values() if one[0] == place.reader)
    asked = ["statistics", "--data-dir", str(place.folder), "--reporter", area, *own, "--json"]
    result = CliRunner().invoke(cli, asked)
    assert result.exit_code == 0, result.output
    yield "JSON", iter(json.loads(result.output))


def test_rows_in_every_form_have_the_numbers_of_the_reports(place: Place) -> None:
    for form, rows in tables(place):
        found = as_told(rows)
        for id_ in MEASURES:
            expected = {key: tuple(map(as_row, numbers)) for key, numbers in place.told(id_).items()}
            assert found[id_] == expected, (form, id_)


def as_row(number: float | None) -> float | None:
    """As rows have it: a share to six decimals."""
    return None if number is None else round(number, 6)


def count_text(number: float | None) -> str | None:
    return None if number is None else f"{number:,.0f}"


def score_text(numbers: tuple[float | None, float | None, float | None]) -> str:
    value, lower, upper = numbers
    return "not given" if value is None else f"{value:.1%} ({lower:.1%} to {upper:.1%})"


def lines(measure: Measure, told: Mapping[Key, tuple[Any, ...]], stratifier: str) -> list[list[str | None]]:
    """What the table of a breakdown says, a line for each group: the share, then counts in order; None: not given."""
    strata = list(dict.fromkeys(stratum for by, stratum, _ in told if by == stratifier))
    known = next((one for one in measure.stratifiers if one.id == stratifier), None)
    order = [one for one in known.strata if one in strata] if known else strata
    names = [one for one in COUNTED if (stratifier, strata[0], one) in told]
    return [
        [score_text(told[stratifier, one, "score"]), *(count_text(told[stratifier, one, name][0]) for name in names)]
        for one in order
    ]


def same(shown: list[str], expected: list[str | None]) -> bool:
    """Whether a line has the numbers, and words in place of each that is not given."""
    return len(shown) == len(expected) and all(
        text in NOT_GIVEN if wanted is None else text == wanted for text, wanted in zip(shown, expected, strict=True)
    )


def page_tables(html: str) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Heads and rows of the tables of a page that are of groups, by what they are called."""
    _, *pieces = re.split(r'<div class="page-table"[^>]*aria-label="([^"]*)">', html)
    found = {}
    for title, piece in zip(pieces[::2], pieces[1::2], strict=True):
        head, *rows = PageText(piece.partition("</table>")[0]).rows
        if head[0] == "Group":
            found[unescape(title)] = head, [[text.strip() for text in row] for row in rows]
    return found


def test_pages_have_the_numbers_of_the_reports(place: Place) -> None:
    for id_, measure in MEASURES.items():
        told = place.told(id_)
        titles = {one.id: one.title for one in measure.stratifiers} | AREAS
        stratifiers = {one: titles[one] for one, _, _ in told if one != "all"}
        html = place.pages.get(f"/areas/{place.area}/measures/{id_}").text
        assert f'<p class="page-figure">{score_text(told["all", "all", "score"])}</p>' in html
        shown = page_tables(html)
        assert sorted(shown) == sorted(stratifiers.values()), id_
        for stratifier, title in stratifiers.items():
            head, rows = shown[title]
            unknown = [place for place, name in enumerate(head) if name == COUNTED["undetermined"]]
            texts = [[text for at, text in enumerate(row) if at and at not in unknown] for row in rows]
            expected = lines(measure, told, stratifier)
            assert len(texts) == len(expected), (id_, stratifier)
            for row, wanted in zip(texts, expected, strict=True):
                assert same(row, wanted), (id_, stratifier, row, wanted)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed: tests/chromium/install.sh")
def test_a_paper_has_the_numbers_of_the_reports(place: Place, tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(place.pages.get(f"/areas/{place.area}/figures.pdf").data)
    laid_out = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "paper.pdf", "-"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    flat = " ".join(laid_out.split())
    for id_, measure in MEASURES.items():
        told = place.told(id_)
        whole = f"{measure.title} {score_text(told['all', 'all', 'score'])}"
        assert whole in flat, id_
        start = flat.index(f"{measure.title} {' '.join(measure.description.split())[:30]}")
        own = flat[start : start + 6000]
        for stratifier in ("core20", "ethnic-group-5"):
            strata = list(dict.fromkeys(stratum for by, stratum, _ in told if by == stratifier))
            for stratum in strata:
                numbers = [told[stratifier, stratum, name][0] for name in ("denominator", "numerator")]
                counts = [re.escape(f"{one:,}") if one is not None else f"(?:{'|'.join(NOT_GIVEN)})" for one in numbers]
                share = re.escape(score_text(told[stratifier, stratum, "score"]))
                assert re.search(" ".join([*counts, share]), own), (id_, stratifier, stratum)

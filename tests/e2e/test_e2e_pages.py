"""The pages in a real browser: by clicking, at any width, without barriers that axe sees, and on paper."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.audiences import Audience
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from tests.support.browsing import WIDTHS, Visitor, chromium, shown, visitor_of
from tests.support.paging import release_for_pages, site_of

pytestmark = pytest.mark.real

MEASURES = ("ethnicity-recorded", "ethnicity-specific", "hypertension-treated-to-target-under-80")
AREA = "/areas/U99001"
PAGES = (
    "/",
    "/?q=nothing-of-that-name",
    AREA,
    f"{AREA}/completeness",
    f"{AREA}/completeness?by=practice",
    f"{AREA}/population",
    f"{AREA}/about",
    f"{AREA}/measures/ethnicity-recorded",
    f"{AREA}/measures/hypertension-treated-to-target-under-80",
    "/measures/hypertension-treated-to-target-under-80",
    "/areas/nothing",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("pages")
    store = open_store(f"sqlite:///{folder / 'hi_fhir.sqlite'}")
    release_for_pages(folder, store, MEASURES)
    with shown() as server:
        server.show(site_of(store, Reader(Audience.ICB)))
        yield server.base
    store.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from chromium()


@pytest.fixture
def visitor(browser: Any, base: str) -> Iterator[Visitor]:
    tab = browser.new_page()
    yield visitor_of(tab, base)
    tab.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_barrier_that_axe_sees_and_asks_nobody_else(visitor: Visitor, path: str) -> None:
    visitor.go(path)
    missing = path == "/areas/nothing"
    assert visitor.axe() == []
    assert [one for one in visitor.told if not (missing and "404" in one)] == []
    assert all(one.startswith(visitor.base) for one in visitor.asked)
    broken = "[...document.images].filter(one => one.loading != 'lazy' && !one.naturalWidth).length"
    assert visitor.tab.evaluate(broken) == 0


@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_a_page_lies_beside_the_window(visitor: Visitor, path: str) -> None:
    for width in WIDTHS:
        visitor.go(path, width)
        assert not visitor.overflows(), (path, width)


def test_in_a_small_window_a_group_and_its_share_are_in_sight_and_the_group_stays_so(visitor: Visitor) -> None:
    visitor.go(f"{AREA}/measures/hypertension-treated-to-target-under-80", 320)
    table = visitor.tab.get_by_role("region", name="Sex", exact=True)
    group, share = (table.locator("tbody tr").first.locator(one).first for one in ("th", "td"))
    assert "%" in share.inner_text()
    assert share.bounding_box()["x"] + share.bounding_box()["width"] < 320
    before = group.bounding_box()["x"]
    table.evaluate("one => { one.scrollLeft = one.scrollWidth }")
    assert share.bounding_box()["x"] < before
    assert group.bounding_box()["x"] == before


@pytest.mark.parametrize("path", [AREA, f"{AREA}/measures/ethnicity-recorded"])
def test_keys_go_through_a_page_in_the_order_of_reading_and_show_where_they_are(visitor: Visitor, path: str) -> None:
    visitor.go(path)
    where = """() => {
      const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
      return [one.tagName, box.top + scrollY, style.outlineStyle + style.boxShadow + style.backgroundColor,
              (one.textContent || one.getAttribute('aria-label') || '').trim()];
    }"""
    visitor.tab.keyboard.press("Tab")
    first = visitor.tab.evaluate(where)
    assert first[3] == "Skip to main content"
    tops = []
    for _ in range(40):
        visitor.tab.keyboard.press("Tab")
        tag, top, look, _ = visitor.tab.evaluate(where)
        if tag == "BODY":
            break
        assert look != "nonenonergba(0, 0, 0, 0)"
        tops.append(top)
    assert len(tops) > 10
    assert tops == sorted(tops)


def test_an_analyst_finds_an_area_its_measures_and_takes_them_away(visitor: Visitor) -> None:
    visitor.go("/")
    visitor.tab.get_by_label("Find a practice, network or board").fill("U99001")
    with visitor.tab.expect_navigation(wait_until="networkidle"):
        visitor.tab.get_by_role("button", name="Find").click()
    visitor.tab.get_by_role("main").get_by_role("link").first.click()
    visitor.tab.wait_for_url(f"**{AREA}")
    for name in ("What is recorded", "People", "About the data", "Gaps and measures"):
        visitor.tab.get_by_role("link", name=name, exact=True).click()
        visitor.tab.locator("[aria-current=page]", has_text=name).wait_for()
    visitor.tab.get_by_role("link", name="Ethnicity recorded").first.click()
    visitor.tab.locator("h1", has_text="Ethnicity recorded").wait_for()
    with visitor.tab.expect_download() as taken:
        visitor.tab.get_by_role("link", name="Download all figures of this page (CSV)").click()
    assert taken.value.suggested_filename == "ethnicity-recorded-U99001.csv"
    visitor.tab.get_by_role("link", name="How it is defined").click()
    visitor.tab.get_by_role("main").get_by_text("Who is counted").first.wait_for()
    assert visitor.told == []


def test_a_page_is_readable_in_forced_colours(visitor: Visitor) -> None:
    visitor.tab.emulate_media(forced_colors="active")
    visitor.go(f"{AREA}/measures/ethnicity-recorded")
    assert visitor.axe() == []
    assert visitor.tab.locator("img.page-chart").first.bounding_box()["height"] > 50


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed: tests/chromium/install.sh")
def test_a_page_on_paper_has_the_numbers_of_the_screen(visitor: Visitor, tmp_path: Path) -> None:
    visitor.go(f"{AREA}/measures/ethnicity-recorded")
    cells = visitor.tab.locator("td").all_inner_texts()
    visitor.tab.pdf(path=str(tmp_path / "page.pdf"), format="A4")
    told = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    shares = [text for text in cells if "%" in text]
    assert len(shares) > 5
    flat = " ".join(told.split())
    assert all(text.split(" ")[0] in flat for text in shares)
    assert "Skip to main content" not in flat


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed: tests/chromium/install.sh")
def test_a_paper_for_a_board_has_the_numbers_of_the_pages(visitor: Visitor, tmp_path: Path) -> None:
    visitor.go(AREA)
    with visitor.tab.expect_download() as taken:
        visitor.tab.get_by_role("link", name="A paper for a board (PDF)").click()
    taken.value.save_as(tmp_path / "paper.pdf")
    told = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "paper.pdf", "-"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    visitor.go(AREA)
    shares = cells(visitor, "All measures")
    visitor.go(f"{AREA}/measures/ethnicity-recorded")
    groups = cells(visitor, "Ethnic group, five groups of the census of 2021")
    assert (len(shares), len(groups)) == (len(MEASURES), 9)
    # Of a group the paper has who could be counted, who was, and the share.
    for texts in [*shares, *([row[0], row[3], row[4], row[1]] for row in groups)]:
        assert re.search(r"\s+".join(map(re.escape, texts)), told), texts


def cells(visitor: Visitor, table: str) -> list[list[str]]:
    """Texts of the rows of a table, by its name."""
    rows = visitor.tab.get_by_role("region", name=table, exact=True).locator("tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]

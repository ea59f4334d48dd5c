"""Pages show what was released to their reader, number by number, and nothing else; they ask no other host."""

import csv
import re
from io import StringIO
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from hi_fhir.core.audiences import Audience
from hi_fhir.pages import wording
from hi_fhir.pipeline.statistics_of import statistics_of
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from tests.support.paging import PageText, release_for_pages, site

MEASURES = ("ethnicity-recorded", "hypertension-treated-to-target-under-80")
BOARD = Reader(Audience.ICB)


@pytest.fixture(scope="module")
def store(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    release_for_pages(tmp_path_factory.mktemp("data"), module_store, MEASURES)
    return module_store


@pytest.fixture(scope="module")
def pages(store: Store) -> FlaskClient:
    return site(store, BOARD)


def shown(pages: FlaskClient, path: str) -> PageText:
    response = pages.get(path)
    assert response.status_code == 200, response.text
    return PageText(response.text)


def test_every_page_is_reached_from_the_first_by_links(pages: FlaskClient) -> None:
    seen: set[str] = set()
    kinds: set[str] = set()
    new = {"/"}
    while new:
        path = new.pop()
        seen.add(path)
        if (".png" in path and "image/png" in kinds) or "/figures." in path:  # made elsewhere, and slow in numbers
            continue
        response = pages.get(path)
        assert response.status_code == 200, path
        kinds.add(response.mimetype)
        if response.mimetype == "text/html":
            found = PageText(response.text)
            assert all(one.startswith(("/", "#")) for one in (*found.links, *found.images)), path
            new |= {urljoin(path, one) for one in found.links if one.startswith("/")} - seen
    assert kinds == {"text/html", "text/csv", "image/png"}
    assert len(seen) > 15


def test_a_definition_says_in_words_when_it_is_looked_at_next_and_what_is_better(pages: FlaskClient) -> None:
    told = shown(pages, f"/measures/{MEASURES[0]}").text
    assert "Next review1 April 2027" in told
    assert "Bettera higher figure" in told


@pytest.mark.parametrize("measure", MEASURES)
def test_a_page_has_each_number_of_its_report_and_nothing_in_place_of_those_not_given(
    pages: FlaskClient, store: Store, measure: str
) -> None:
    found = shown(pages, f"/areas/U99001/measures/{measure}")
    with store.read() as session:
        rows = statistics_of(session, Audience.ICB, measures=[measure], reporters=["U99001"]).rows
    texts = [text for row in found.rows if row[0] != "Group" for text in row[1:]]
    given = [row for row in rows if row.statistic == "score" and row.value is not None and row.stratifier != "all"]
    told = [f"{wording.share(row.value)} ({wording.interval(row.lower, row.upper)})" for row in given]
    assert sorted(text for text in texts if "%" in text) == sorted(told)
    counts = [row for row in rows if row.state is not None and row.stratifier != "all"]
    withheld = [row for row in counts if row.value is None]
    assert texts.count("1 to 7") == sum(row.state == "masked" for row in withheld) > 0
    assert texts.count("held back") == sum(row.state == "suppressed" for row in withheld)
    numbers = sorted(text for text in texts if re.fullmatch(r"[\d,]+", text))
    assert numbers == sorted(wording.people(row.value) for row in counts if row.value is not None)


def test_what_is_taken_away_is_what_is_shown(pages: FlaskClient, store: Store) -> None:
    response = pages.get(f"/areas/U99001/measures/{MEASURES[0]}.csv")
    with store.read() as session:
        table = statistics_of(session, Audience.ICB, measures=[MEASURES[0]], reporters=["U99001"])
    assert response.text == table.to_csv()
    assert {row["reporter"] for row in csv.DictReader(StringIO(response.text))} == {"U99001"}


def test_a_breakdown_without_any_figure_has_its_table_and_no_empty_chart(pages: FlaskClient) -> None:
    page = pages.get(f"/areas/A99001/measures/{MEASURES[1]}").text
    _, _over_time, *breakdowns = page.split("<section>")
    told = {("No group has a figure" in one, "<img" in one, "<table" in one) for one in breakdowns}
    assert told == {(True, False, True), (False, True, True)}


def test_a_chart_is_a_picture_with_a_word_for_each_group(pages: FlaskClient) -> None:
    found = shown(pages, f"/areas/U99001/measures/{MEASURES[0]}")
    chart = next(one for one in found.images if "/sex.svg" in one)
    response = pages.get(chart)
    assert response.mimetype == "image/svg+xml"
    assert {"female", "male"} <= set(re.findall(r">([^<>]+)<", response.text))


@pytest.mark.parametrize(
    "path",
    [
        "/areas/U99009",
        "/areas/U99009/measures/ethnicity-recorded",
        "/areas/U99001/measures/nothing",
        "/areas/U99001/measures/ethnicity-recorded?period=2001-01-01..2001-12-31",
        "/areas/U99001/measures/ethnicity-recorded/nothing.svg",
        "/areas/U99009/measures/ethnicity-recorded.csv",
    ],
)
def test_what_is_not_there_is_said_to_be_missing(pages: FlaskClient, path: str) -> None:
    response = pages.get(path)
    assert response.status_code == 404
    assert "Page not found" in response.text


def test_what_another_may_see_is_as_if_it_were_not_there(store: Store) -> None:
    network = site(store, Reader(Audience.ICB, frozenset({"A99001"})))
    missing = network.get("/areas/U99009").text
    assert "A99001" in network.get("/").text
    for path in ("/areas/A99003", "/areas/A99003/measures/ethnicity-recorded", "/areas/QX1"):
        response = network.get(path)
        assert (response.status_code, response.text) == (404, missing)


def test_pages_have_a_policy_and_what_is_typed_is_only_text(pages: FlaskClient) -> None:
    response = pages.get("/?q=<script>alert(1)</script>")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "<script" not in response.text
    assert "0 of " in response.text


def test_the_stylesheet_asks_no_other_host() -> None:
    import hi_fhir.pages

    style = (Path(hi_fhir.pages.__file__).parent / "static" / "pages.css").read_text()
    assert "nhsuk-table" in style
    assert not re.search(r"https?://|@font-face|@import", style)


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/nowhere", "/areas", "/areas/", "/measures", "/static/nothing.css", "/auth/token"])
def test_who_types_an_unknown_address_sees_a_page_that_says_so(pages: FlaskClient, path: str) -> None:
    response = pages.get(path, headers=BROWSER)
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert response.text == pages.get("/areas/Z99999").text
    assert "style-src 'self'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "", "application/problem+json, text/html;q=0.9"])
def test_a_program_that_asks_for_an_unknown_address_is_told_as_programs_are(pages: FlaskClient, accept: str) -> None:
    response = pages.get("/nowhere", headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_below_the_fhir_base_a_browser_is_told_as_fhir_tells_it(pages: FlaskClient) -> None:
    for path in ("/fhir/nowhere/x", "/fhir/MeasureReport/x/y", "/fhir"):
        response = pages.get(path, headers=BROWSER)
        assert (response.status_code, response.mimetype) == (404, "application/fhir+json")


def test_what_else_is_wrong_is_said_on_a_page_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = site(store, BOARD)
    wrong = pages.post("/areas/U99001", headers=BROWSER)
    assert (wrong.status_code, wrong.mimetype) == (405, "text/html")
    assert "Method Not Allowed" in wrong.text
    assert "GET" in wrong.headers["Allow"]
    stranger = pages.get("/", headers=BROWSER, base_url="http://evil.example")
    assert (stranger.status_code, stranger.mimetype) == (400, "application/problem+json")

    monkeypatch.setattr("hi_fhir.pages.reading.OpenShelf.areas", lambda _: 1 / 0)
    broken = pages.get("/?q=somebody", headers=BROWSER)
    assert (broken.status_code, broken.mimetype) == (500, "text/html")
    assert "this is a fault of hi_fhir; its log says more." in broken.text
    assert "ZeroDivisionError" not in broken.text

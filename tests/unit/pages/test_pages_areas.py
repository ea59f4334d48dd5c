"""What is recorded, who is registered and what the numbers rest on: each as the reports of the area have it."""

import re

import pytest
from flask.testing import FlaskClient

from hi_fhir.core.audiences import Audience
from hi_fhir.measures import registry
from hi_fhir.pages import wording
from hi_fhir.pages.about import data_basis
from hi_fhir.pages.completeness import RULE_SETS
from hi_fhir.pipeline.statistics_of import statistics_of
from hi_fhir.reports.derived.table import Row
from hi_fhir.reports.heads import report_head
from hi_fhir.store.criteria import Reader
from hi_fhir.store.current import current_reports, report_content
from hi_fhir.store.session import Store
from tests.support.paging import PageText, release_for_pages, site

MEASURES = ("ethnicity-recorded", "ethnicity-specific", "hypertension-treated-to-target-under-80")
AREA = "U99001"


@pytest.fixture(scope="module")
def store(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    release_for_pages(tmp_path_factory.mktemp("data"), module_store, MEASURES)
    return module_store


@pytest.fixture(scope="module")
def pages(store: Store) -> FlaskClient:
    return site(store, Reader(Audience.ICB))


@pytest.fixture(scope="module")
def rows(store: Store) -> list[Row]:
    with store.read() as session:
        return list(statistics_of(session, Audience.ICB, reporters=[AREA]).rows)


def page(pages: FlaskClient, path: str) -> PageText:
    response = pages.get(f"/areas/{AREA}/{path}")
    assert response.status_code == 200
    return PageText(response.text)


@pytest.mark.parametrize("by", ["ethnic-group-5", "imd-quintile", "practice"])
def test_what_is_recorded_is_told_of_each_group(pages: FlaskClient, rows: list[Row], by: str) -> None:
    found = {row[0]: [text.strip() for text in row[1:]] for row in page(pages, f"completeness?by={by}").rows[1:]}
    recording = [one for one in registry.load(MEASURES) if one.rule_set in RULE_SETS]
    assert set(found) == {one.title for one in recording}
    assert len(recording) == 2
    for measure in recording:
        of_it = [row for row in rows if row.measure == measure.id and row.stratifier in (by, "all")]
        scores = [row for row in of_it if row.statistic == "score"]
        told = sorted(wording.share(row.value) for row in scores if row.value is not None)
        missing = sum(row.value is None for row in scores)
        texts = found[measure.title]
        assert sorted(text for text in texts if "%" in text) == told
        assert texts.count("not given") == missing


def test_boards_come_before_networks_and_these_before_practices(pages: FlaskClient) -> None:
    links = [one.rpartition("/")[2] for one in PageText(pages.get("/").text).links if one.startswith("/areas/")]
    assert [code[0] for code in links] == sorted((code[0] for code in links), key="QUA".index)
    assert {"Q", "U", "A"} == {code[0] for code in links}


def test_without_plus_groups_people_are_told_so(pages: FlaskClient) -> None:
    told = page(pages, "population").text
    assert "PLUS groups" in told
    assert "None is chosen here" in told


def test_breakdowns_are_those_that_the_area_has(pages: FlaskClient) -> None:
    found = {code: pages.get(f"/areas/{code}/completeness").text for code in ("A99001", AREA, "QZ1")}
    there = {code: ["by=practice" in text, "by=pcn" in text, "by=sex" in text] for code, text in found.items()}
    assert there == {"A99001": [False, False, True], AREA: [True, False, True], "QZ1": [True, True, True]}
    assert pages.get("/areas/A99001/completeness?by=practice").status_code == 404


def test_people_are_those_whom_a_measure_of_everybody_counts(pages: FlaskClient, rows: list[Row]) -> None:
    texts = [row[1] for row in page(pages, "population").rows if row[0] != "Group"]
    counts = [
        row
        for row in rows
        if (row.measure, row.statistic) == ("ethnicity-recorded", "initial_population")
        and row.stratifier != "all"
        and "*" not in row.stratifier
    ]
    numbers = sorted(wording.people(row.value) for row in counts if row.value is not None)
    assert sorted(text for text in texts if re.fullmatch(r"[\d,]+", text)) == numbers
    assert texts.count("1 to 7") == sum(row.state == "masked" for row in counts)


def test_the_data_are_told_as_a_report_tells_them(pages: FlaskClient, store: Store) -> None:
    with store.read() as session:
        reports = current_reports(session, Audience.ICB, reporters=[AREA])
        basis = data_basis([report_head(report_content(session, one.id)) for one in reports])
    assert basis.sources
    assert basis.practices
    assert basis.versions
    found = [tuple(text.strip() for text in row) for row in page(pages, "about").rows]
    for told in (*basis.sources, *basis.basis, *basis.practices, *basis.versions, *basis.people):
        assert tuple(told) in found


@pytest.mark.parametrize("path", ["completeness?by=nothing", "population/nothing.svg", "nothing"])
def test_what_is_not_there_is_missing(pages: FlaskClient, path: str) -> None:
    assert pages.get(f"/areas/{AREA}/{path}").status_code == 404


def test_a_definition_is_there_for_who_has_a_report_of_it(pages: FlaskClient) -> None:
    assert "Ethnicity recorded" in pages.get("/measures/ethnicity-recorded").text
    assert pages.get("/measures/smoking-status-recorded").status_code == 404
    assert pages.get("/measures/nothing").status_code == 404

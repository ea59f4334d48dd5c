"""An area's first page: what moved, what is recorded least, what was not there and what waits for a code list."""

import re
from datetime import date

import msgspec
import pytest
from flask.testing import FlaskClient

from hi_fhir.core.audiences import Audience
from hi_fhir.core.days import Period
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.pages import wording
from hi_fhir.pipeline.statistics_of import statistics_of
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.tables.standing import TypeState
from tests.support.evaluations import an_evaluation
from tests.support.paging import YEAR_BEFORE, PageText, release_for_pages, site

MEASURES = ("ethnicity-recorded", "smoking-status-recorded", "learning-disability-health-check")
AREA = "U99001"


def without_observations() -> dict[str, object]:
    """Fields of an evaluation whose source offers no Observation."""
    there: EvaluationManifest = an_evaluation([])
    standings = [
        msgspec.structs.replace(one, standing=TypeState.NOT_OFFERED) if one.type == "Observation" else one
        for one in there.standings
    ]
    return {"standings": standings, "heard": {}}


@pytest.fixture(scope="module")
def store(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("data")
    policies = an_evaluation([]).policies | {"opt_out": "heeded"}
    first = {"period": Period(date(2022, 4, 1), date(2023, 3, 31)), "as_of": date(2023, 3, 31), "policies": policies}
    release_for_pages(folder, module_store, MEASURES, name="first", seed=2, **first)
    release_for_pages(folder, module_store, MEASURES, name="before", seed=6, **YEAR_BEFORE)
    release_for_pages(folder, module_store, MEASURES, **without_observations())
    return module_store


@pytest.fixture(scope="module")
def pages(store: Store) -> FlaskClient:
    return site(store, Reader(Audience.ICB))


@pytest.fixture(scope="module")
def home(pages: FlaskClient) -> PageText:
    response = pages.get(f"/areas/{AREA}")
    assert response.status_code == 200, response.text
    return PageText(response.text)


def test_its_movements_are_changes_of_the_statistics(home: PageText, store: Store) -> None:
    with store.read() as session:
        rows = statistics_of(session, Audience.ICB, reporters=[AREA]).rows
    changes = [
        row for row in rows if row.statistic == "change" and row.stratifier in ("all", "core20", "ethnic-group-5")
    ]
    given = [row for row in changes if row.lower is not None]
    assert f"{len(given)} changes since the period before were looked at" in home.text
    measures = {one.id: one for one in registry.load(MEASURES)}
    sure = [row for row in given if row.lower > 0 or row.upper < 0]  # type: ignore[operator]
    shown = [row for row in home.rows if len(row) == 4 and row[3] in ("better", "worse")]
    assert len(shown) == min(len(sure), 10) > 0
    told = {(measures[row.measure].title, wording.difference(row, measures[row.measure])) for row in sure}
    assert {(row[0], row[2]) for row in shown} <= told


def test_a_trend_that_breaks_says_why(pages: FlaskClient) -> None:
    earlier = PageText(pages.get(f"/areas/{AREA}?period=2023-04-01..2024-03-31").text).text
    told = earlier.partition("Not told of everybody:")[2].partition("Least recorded")[0]
    assert "Ethnicity recorded; Smoking status recorded. Other opt-outs are heeded" in " ".join(told.split())


def test_what_was_in_quarantine_and_what_is_not_given_is_said(home: PageText) -> None:
    assert "Observation: bad date: 10" in home.text
    assert "Observation: not json: masked" in home.text
    text = " ".join(home.text.split())
    assert re.search(r"Observation of main is not offered \(Name of A99001, Name of A99002\): .*numerator", text)


def test_a_measure_that_waits_for_a_code_list_is_named_with_the_list(home: PageText) -> None:
    told = home.text.partition("Waits for a code list")[2].partition("To take away")[0]
    assert "learning-disability-health-check is missing" in told
    assert "outdated" not in told
    assert "Smoking" not in told


def test_a_period_without_one_before_says_so(pages: FlaskClient) -> None:
    first = pages.get(f"/areas/{AREA}?period=2022-04-01..2023-03-31").text
    assert "There is no period before to compare with." in first

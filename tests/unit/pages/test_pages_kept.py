"""What was worked out once is not worked out again, and is never shown to who may not have it, or any longer."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.pipeline import kept_statistics
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.kept_statistics import LatestUsed
from hi_fhir.pipeline.retract import retract
from hi_fhir.pipeline.statistics_of import statistics_of
from hi_fhir.store import cells
from hi_fhir.store.criteria import Reader
from hi_fhir.store.notices import Notice
from hi_fhir.store.session import Store
from hi_fhir.store.withdrawing import ReportChoice
from tests.support.paging import CLOCK, YEAR_BEFORE, Looking, release_for_pages

MEASURE = "ethnicity-recorded"
AREA, OTHER = "U99001", "U99002"
PATHS = ("", "/completeness", "/population", "/about", f"/measures/{MEASURE}", "/figures.csv", "/population/sex.svg")


@pytest.fixture
def looking() -> Looking:
    return Looking(Reader(Audience.ICB))


@pytest.fixture
def pages(tmp_path: Path, store: Store, looking: Looking) -> FlaskClient:
    release_for_pages(tmp_path, store, [MEASURE], name="before", seed=2, **YEAR_BEFORE)
    release_for_pages(tmp_path, store, [MEASURE])

    made = looking.site(store).test_client()
    assert [made.get(f"/areas/{AREA}{path}").status_code for path in PATHS] == [200] * len(PATHS)
    return made


def csv_of(store: Store) -> str:
    with store.read() as session:
        return statistics_of(session, Audience.ICB, reporters=[AREA]).to_csv()


def test_the_second_time_no_cell_is_read(pages: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pages.get(f"/areas/{AREA}/measures/{MEASURE}").text
    monkeypatch.setattr(cells, "cell_names", lambda *_: pytest.fail("cells are read again"))
    assert pages.get(f"/areas/{AREA}/measures/{MEASURE}").text == first


def test_a_withdrawal_is_seen_at_once(pages: FlaskClient, tmp_path: Path, store: Store) -> None:
    notice = Notice("Its people were sent twice", "Dr Okafor")
    context = RunContext(Config(data_dir=tmp_path), CLOCK, opened=store)
    retract(context, ReportChoice(measure=MEASURE, reporter=AREA, audience=Audience.ICB), notice)
    assert [pages.get(f"/areas/{AREA}{path}").status_code for path in PATHS] == [410] * len(PATHS)
    assert pages.get("/areas/QZ1").status_code == 200


def test_a_period_that_is_withdrawn_is_compared_with_no_more(pages: FlaskClient, tmp_path: Path, store: Store) -> None:
    assert "no period before" not in pages.get(f"/areas/{AREA}").text
    notice = Notice("Its people were sent twice", "Dr Okafor")
    context = RunContext(Config(data_dir=tmp_path), CLOCK, opened=store)
    last_year = YEAR_BEFORE["period"]
    choice = ReportChoice(
        measure=MEASURE, reporter=AREA, audience=Audience.ICB, period=(last_year.start, last_year.end)
    )
    retract(context, choice, notice)
    assert "no period before" in pages.get(f"/areas/{AREA}").text
    assert "There is no period before" in pages.get(f"/areas/{AREA}/measures/{MEASURE}").text


def test_a_new_report_is_shown_at_once(pages: FlaskClient, tmp_path: Path, store: Store) -> None:
    before = pages.get(f"/areas/{AREA}/measures/{MEASURE}.csv").text
    release_for_pages(tmp_path, store, [MEASURE], name="again", seed=5, data_date=CLOCK.now().date())
    after = pages.get(f"/areas/{AREA}/figures.csv").text
    assert after != before
    assert set(after.splitlines()) <= set(csv_of(store).splitlines())


def test_other_rights_hold_from_the_next_request(pages: FlaskClient, looking: Looking) -> None:
    looking.reader = Reader(Audience.ICB, {OTHER})
    assert [pages.get(f"/areas/{AREA}{path}").status_code for path in PATHS] == [404] * len(PATHS)
    assert AREA not in pages.get("/").text
    looking.reader = Reader(Audience.PCN, {AREA})
    assert pages.get(f"/areas/{AREA}").status_code == 404
    looking.reader = Reader(Audience.ICB, {AREA})
    assert pages.get(f"/areas/{AREA}").status_code == 200


def test_what_was_used_longest_ago_goes() -> None:
    held: LatestUsed[str] = LatestUsed(3)
    for key in "abc":
        held.keep(key, key)
    assert held.get("a") == "a"
    held.keep("d", "d", 2)
    assert [held.get(key) for key in "abcd"] == ["a", None, None, "d"]
    held.keep("e", "larger than all", 9)
    assert held.get("e") == "larger than all"


def test_the_same_rows_come_whether_they_were_kept_or_not(
    pages: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_statistics, "_ROWS", 1)  # of a reading of its own, which keeps next to nothing
    of_now = [line for line in csv_of(store).splitlines() if "2023-04-01,2024" not in line.partition(",icb,")[2]]
    assert pages.get(f"/areas/{AREA}/figures.csv").text.splitlines() == of_now

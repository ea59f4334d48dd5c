"""A released report is withdrawn everywhere, says why and who asked, and stays so until that is lifted."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hi_fhir.attack.reading.ledger import read_ledger
from hi_fhir.core.audiences import Audience
from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import NotFoundError, UserError
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.pipeline.retract import RetractManifest, lift, retract
from hi_fhir.pipeline.statistics_of import statistics_of
from hi_fhir.reports.definitions import definitions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.earlier import earlier_rows
from hi_fhir.store.models import ReportRow
from hi_fhir.store.notices import Notice
from hi_fhir.store.session import Store
from hi_fhir.store.withdrawing import ReportChoice
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from tests.support.evaluations import AREAS, write_evaluation
from tests.support.paging import site

AT, LATER = (FixedClock(datetime(2025, month, 3, tzinfo=UTC)) for month in (4, 5))
DAY = date(2025, 3, 31)
NOTICE = Notice("Practice <A> sent its people twice", "Dr Okafor, data controller")
LIFTED = Notice("Its records are right now", "Ms Adeyemi")
MEASURE = "ethnicity-recorded"
ONE = ReportChoice(measure=MEASURE, reporter="A99001", audience=Audience.ICB)


class Service:
    """A data folder with one evaluation, which is released and withdrawn."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.config = Config(data_dir=folder)
        self.store = store
        self.evaluation = folder / "evaluations" / "e1"
        write_evaluation(self.evaluation, measures=[MEASURE], areas=AREAS[:3])

    def context(self, clock: FixedClock) -> RunContext:
        return RunContext(self.config, clock, opened=self.store)

    def release(self, clock: FixedClock = AT) -> ReportManifest:
        folder = self.config.data_dir / "runs" / "1"
        return report(self.context(clock), self.evaluation, Audience.ICB, folder)

    def withdraw(self, choice: ReportChoice = ONE) -> RetractManifest:
        return retract(self.context(LATER), choice, NOTICE)

    def ask(self, path: str) -> Any:
        app = create_app(self.store, LATER, everyone_is(Reader(Audience.ICB)))
        return app.test_client().get(f"/fhir/{path}")


@pytest.fixture
def service(tmp_path: Path, store: Store) -> Service:
    made = Service(tmp_path, store)
    made.release()
    return made


def versions(store: Store) -> dict[tuple[str | None, int], str]:
    with store.read() as session:
        return {(row.organisation, row.version): row.status for row in session.scalars(select(ReportRow))}


def extension(report: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in report["extension"] if one["url"].endswith(f"/{name}")]
    return {part["url"]: next(value for key, value in part.items() if key != "url") for part in found["extension"]}


def test_a_withdrawn_report_has_a_version_without_numbers_that_says_why_and_who_asked(service: Service) -> None:
    [one] = service.withdraw().reports
    assert (one.reporter, one.version, one.already) == ("A99001", 2, False)
    given = service.ask(f"MeasureReport/{one.id}").json
    assert given["status"] == "error"
    assert "group" not in given
    assert "evaluatedResource" not in given
    told = extension(given, "withdrawn")
    assert told == {"reason": NOTICE.reason, "asked-by": NOTICE.asked_by, "on": "2025-05-03"}
    assert "Practice &lt;A&gt; sent its people twice" in given["text"]["div"]
    [url] = [e["url"] for e in given["extension"] if e["url"].endswith("/withdrawn")]
    assert url in [one["url"] for one in definitions(service.config.canonical_base.rstrip("/"), [])]  # all are served
    assert sum(status == "error" for status in versions(service.store).values()) == 1


def test_no_earlier_version_is_given_to_anybody(service: Service) -> None:
    [one] = service.withdraw().reports
    assert service.ask(f"MeasureReport/{one.id}/_history/1").status_code in (404, 410)
    history = service.ask(f"MeasureReport/{one.id}/_history").json
    assert [entry["resource"]["status"] for entry in history["entry"]] == ["error"]
    found = service.ask("MeasureReport?status=complete&_count=50").json
    assert one.id not in [entry["resource"]["id"] for entry in found["entry"]]
    found = service.ask("MeasureReport?status=error").json
    assert [entry["resource"]["id"] for entry in found["entry"]] == [one.id]


def test_withdrawing_again_changes_nothing(service: Service) -> None:
    service.withdraw()
    there = versions(service.store)
    [again] = service.withdraw().reports
    assert (again.version, again.already) == (2, True)
    assert versions(service.store) == there


def test_a_report_stays_withdrawn_until_that_is_lifted_and_then_says_so(service: Service) -> None:
    service.withdraw()
    there = versions(service.store)
    manifest = service.release(LATER)
    assert manifest.withdrawn == 1
    assert versions(service.store) == there
    [path] = [Path(one.path) for one in manifest.reports if one.reporter == "A99001"]
    assert orjson.loads(path.read_bytes())["status"] == "error"
    lifted = lift(service.context(LATER), ONE, LIFTED)
    assert len(lifted.identifiers) == 1
    with pytest.raises(NotFoundError, match="none of the 1 reports is withdrawn"):
        lift(service.context(LATER), ONE, LIFTED)
    manifest = service.release(LATER)
    assert manifest.withdrawn == 0
    now = orjson.loads(path.read_bytes())
    assert now["status"] == "complete"
    assert now["group"]
    assert extension(now, "correction")["reason"] == LIFTED.reason
    assert versions(service.store) == there | {("A99001", 3): "complete"}
    assert service.release(LATER).reports == manifest.reports  # the same again: no new version
    assert versions(service.store) == there | {("A99001", 3): "complete"}


def test_copies_of_runs_are_replaced(service: Service) -> None:
    [path] = (service.config.data_dir / "runs" / "1").glob("reports/icb/ods-a99001/*.json")
    assert orjson.loads(path.read_bytes())["status"] == "complete"
    assert service.withdraw().files == 1
    assert orjson.loads(path.read_bytes())["status"] == "error"


def test_who_was_given_the_counts_knows_them_still(service: Service) -> None:
    with service.store.read() as session:
        before = read_ledger(session, Audience.ICB)
        seen = earlier_rows(session, [Audience.ICB], DAY, ["another"], [("small-numbers", "1")])
    service.withdraw()
    with service.store.read() as session:
        for ever in (False, True):
            now = read_ledger(session, Audience.ICB, ever=ever)
            assert [one.source for one in now.reports] == [one.source for one in before.reports]
            assert len(now.value) == len(before.value)
        after = earlier_rows(session, [Audience.ICB], DAY, ["another"], [("small-numbers", "1")])
    assert after == seen
    assert len(seen) > 1


def test_statistics_say_that_it_is_withdrawn_and_give_no_number(service: Service) -> None:
    service.withdraw()
    with service.store.read() as session:
        rows = [row for row in statistics_of(session, Audience.ICB).rows if row.reporter == "A99001"]
    assert [(row.statistic, row.value) for row in rows] == [("withdrawn", None)]
    assert NOTICE.reason in rows[0].reason
    assert NOTICE.asked_by in rows[0].reason


def test_pages_say_that_it_is_withdrawn_and_give_no_number(service: Service) -> None:
    service.withdraw()
    pages = site(service.store, Reader(Audience.ICB))
    for path in ("", "/completeness", "/population", "/about", f"/measures/{MEASURE}", f"/measures/{MEASURE}.csv"):
        answer = pages.get(f"/areas/A99001{path}")
        assert answer.status_code == 410, path
        assert "Practice &lt;A&gt; sent its people twice" in answer.text
        assert "Dr Okafor" in answer.text
        assert "%" not in answer.text
    assert pages.get("/").status_code == 200
    assert pages.get("/areas/A99002").status_code == 200


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        (ReportChoice(), UserError),
        (ReportChoice(audience=Audience.ICB), UserError),
        (ReportChoice(measure="no-such"), NotFoundError),
        (ReportChoice(reporter="A99001", audience=Audience.PUBLIC), NotFoundError),
        (ReportChoice(measure="%"), NotFoundError),
    ],
)
def test_nothing_is_withdrawn_by_a_choice_that_says_nothing_or_finds_nothing(
    service: Service, choice: ReportChoice, error: type[Exception]
) -> None:
    there = versions(service.store)
    with pytest.raises(error):
        service.withdraw(choice)
    assert versions(service.store) == there


def test_an_evaluation_is_withdrawn_whole(service: Service) -> None:
    done = service.withdraw(ReportChoice(evaluation=service.release().evaluation))
    assert len(done.reports) > 3
    assert {status for (_, version), status in versions(service.store).items() if version == 2} == {"error"}
    assert all(service.ask(f"MeasureReport/{one.id}").json["status"] == "error" for one in done.reports)


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "x" * 1_001, "\x1b[2J"])
def test_a_reason_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="reason is one line"):
        Notice(text, "somebody")

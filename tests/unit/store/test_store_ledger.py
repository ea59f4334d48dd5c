"""Versions are only ever added, and only where the bytes are others."""

import gzip
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from hi_fhir.store import deliveries, ledger
from hi_fhir.store.cells import CellRow, NewCells, report_cells
from hi_fhir.store.deliveries import Delivered
from hi_fhir.store.ledger import NewMeasure, NewOrganisation, NewRelease, NewReport, ReleasedVersion
from hi_fhir.store.models import CellName, CellStateRow, Release, ReleasedCellRow, ReportContent, ReportRow
from hi_fhir.store.session import Store
from tests.support.recording import record_reports

AT, LATER = datetime(2025, 4, 2, 12, tzinfo=UTC), datetime(2025, 5, 2, 12, tzinfo=UTC)
MEASURE = "https://example.invalid/Measure/m"
TARGET = "http://example.invalid/fhir"
RELEASE = NewRelease("e1", "icb", "icb-primary", "1", "digest", {"elm": "2025-04-02", "oak": "2025-04-01"})
CELLS: list[CellRow] = [
    ("sex", "female", "numerator", "rounded", None, 10),
    ("sex", "female", "score", "absent", "small-number", None),
]
REPORT = NewReport(
    id="mr-a",
    identifier_system="urn:example",
    identifier="a",
    measure_url=MEASURE,
    measure_version="1",
    reporter_id="ods-u99001",
    reporter_system="urn:example:ods",
    reporter="U99001",
    status="complete",
    period_start=date(2024, 4, 1),
    period_end=date(2025, 3, 31),
    as_of=date(2025, 3, 31),
    data_date=date(2025, 4, 2),
    content=b"one",
    cells=NewCells.of(CELLS),
)


def record(store: Store, *reports: NewReport, release: NewRelease = RELEASE, at: datetime = AT) -> list[int]:
    with store.write() as session:
        return [one.version.version for one in record_reports(session, release, reports, at)]


def test_unchanged_bytes_make_no_new_version(store: Store) -> None:
    assert record(store, REPORT) == [1]
    assert record(store, REPORT, at=LATER) == [1]
    with store.read() as session:
        assert len(session.scalars(select(ReportRow)).all()) == 1
        assert len(session.scalars(select(Release)).all()) == 1


def test_a_correction_is_a_new_version_and_the_old_one_stays(store: Store) -> None:
    record(store, REPORT)
    corrected = replace(REPORT, content=b"two")
    assert record(store, corrected, release=replace(RELEASE, evaluation_id="e2"), at=LATER) == [2]
    with store.read() as session:
        rows = session.scalars(select(ReportRow).order_by(ReportRow.version)).all()
        assert [(row.is_latest, row.release.evaluation_id) for row in rows] == [(False, "e1"), (True, "e2")]
        assert session.scalars(select(ReportContent.content).order_by(ReportContent.report_id)).all() == [
            b"one",
            b"two",
        ]
        latest = ledger.report_version(session, "a")
        assert latest
        assert (latest.version, latest.content, latest.recorded_at) == (2, b"two", LATER)


def test_going_back_to_old_bytes_is_a_version_of_its_own(store: Store) -> None:
    record(store, REPORT)
    record(store, replace(REPORT, content=b"two"))
    assert record(store, REPORT) == [3]


def test_an_audience_has_what_it_was_given_and_no_other(store: Store) -> None:
    record(store, REPORT)
    record(store, replace(REPORT, content=b"two"))
    record(store, replace(REPORT, identifier="b", id="mr-b"), release=replace(RELEASE, audience="public"))
    with store.read() as session:
        given = ledger.released_versions(session, ["icb"])
        assert [(one.identifier, one.version) for one in given] == [("a", 1), ("a", 2)]
        assert isinstance(given[0], ReleasedVersion)
        assert ledger.released_versions(session, ["pcn"]) == []


def test_a_report_carries_its_audience_and_organisation(store: Store) -> None:
    record(store, REPORT)
    with store.read() as session:
        row = session.scalars(select(ReportRow)).one()
        assert (row.audience, row.organisation) == ("icb", "U99001")
        assert (row.release.audience, row.release.organisation) == ("icb", "U99001")


def test_measures_and_organisations_have_versions_too(store: Store) -> None:
    measure = NewMeasure("m", "https://example.invalid/Measure/m", "1", "active", b"m1")
    organisation = NewOrganisation("ods-a99001", "urn:example:ods", "A99001", b"o1")
    for content in (b"m1", b"m1", b"m2"):
        with store.write() as session:
            ledger.record_measure(session, replace(measure, content=content), AT)
            ledger.record_organisation(session, organisation, AT)
    with store.read() as session:
        found, practice = ledger.measure_version(session, "m"), ledger.organisation_version(session, "ods-a99001")
        assert found
        assert (found.version, found.content) == (2, b"m2")
        assert practice
        assert (practice.version, practice.organisation, practice.audience) == (1, "A99001", "public")


def test_the_last_delivery_to_a_server_is_known(store: Store) -> None:
    record(store, REPORT, replace(REPORT, identifier="b", id="mr-b"))
    with store.write() as session:
        failed = Delivered("a", 1, TARGET, "failed", http_status=503, outcome="http-status")
        sent = Delivered("a", 1, TARGET, "sent", http_status=201, etag='W/"1"', location="MeasureReport/7")
        for delivered in (failed, sent, replace(failed, target="http://example.invalid/other")):
            deliveries.record_delivery(session, delivered, AT)
    with store.read() as session:
        last = deliveries.last_deliveries(session, TARGET)
        assert list(last) == ["a"]
        assert (last["a"].status, last["a"].version, last["a"].http_status) == ("sent", 1, 201)
        assert (last["a"].etag, last["a"].location) == ('W/"1"', "MeasureReport/7")
        assert deliveries.last_deliveries(session, "http://example.invalid/third") == {}


def test_a_failure_after_a_success_is_the_last_delivery(store: Store) -> None:
    record(store, REPORT)
    with store.write() as session:
        deliveries.record_delivery(session, Delivered("a", 1, TARGET, "sent"), AT)
        deliveries.record_delivery(session, Delivered("a", 1, TARGET, "failed"), LATER)
    with store.read() as session:
        assert deliveries.last_deliveries(session, TARGET)["a"].status == "failed"


@pytest.mark.parametrize(
    ("changed", "dates", "told"),
    [
        ({}, {}, None),
        ({}, {"elm": "2025-05-02", "oak": "2025-04-01"}, None),
        ({"as_of": date(2025, 4, 1)}, {}, None),
        ({}, {"elm": "2025-04-01", "oak": "2025-06-01"}, ("elm", "2025-04-02", "2025-04-01")),
        ({"as_of": date(2025, 3, 30)}, {"elm": "2025-06-02"}, (None, "2025-03-31", "2025-03-30")),
        ({}, {"elm": "2025-04-02"}, None),
        ({}, {"elm": "2025-04-02", "oak": "2025-04-01", "ash": "2024-01-01"}, None),
        ({"identifier": "b"}, {"elm": "2024-04-02"}, None),
    ],
)
def test_older_days_of_what_both_have_are_told(
    store: Store, changed: dict[str, Any], dates: dict[str, str], told: tuple[str | None, str, str] | None
) -> None:
    record(store, REPORT)
    offered = replace(RELEASE, data_dates=dates or RELEASE.data_dates)
    with store.read() as session:
        assert ledger.overtaken(session, offered, [replace(REPORT, **changed)]) == ([told] if told else [])


def test_what_is_new_is_told(store: Store) -> None:
    other = replace(REPORT, identifier="b", id="mr-b")
    for reports, new in (([REPORT], [True]), ([REPORT, other], [False, True])):
        with store.write() as session:
            assert [one.is_new for one in record_reports(session, RELEASE, reports, AT)] == new


def test_a_content_is_kept_as_gzip(store: Store) -> None:
    record(store, REPORT)
    with store.read() as session:
        [file] = session.execute(text("SELECT content FROM report_content")).one()

    assert gzip.decompress(file) == REPORT.content


def test_every_cell_is_of_a_report_a_name_and_a_state_that_are_there(store: Store) -> None:
    record(store, REPORT)
    record(store, replace(REPORT, content=b"two"))
    with store.read() as session:
        cells = session.scalars(select(ReleasedCellRow)).all()
        named = {(cell.report_id, cell.cell_name_id, cell.cell_state_id) for cell in cells}
        reports, names, states = (set(session.scalars(select(kind.id))) for kind in (ReportRow, CellName, CellStateRow))

    assert {report for report, _, _ in named} == reports
    assert {name for _, name, _ in named} == names
    assert {state for _, _, state in named} == states


def test_the_cells_of_each_version_are_kept_beside_it(store: Store) -> None:
    changed: list[CellRow] = [("sex", "female", "numerator", "masked", None, None)]
    record(store, REPORT)
    record(store, replace(REPORT, content=b"two", cells=NewCells.of(changed)))
    with store.read() as session:
        assert report_cells(session, "a", 1) == CELLS
        assert report_cells(session, "a", 2) == changed
        assert report_cells(session, "b", 1) == []


@pytest.mark.parametrize(("earlier", "current"), [(date(2025, 4, 1), ["mr-a"]), (date(2025, 4, 3), ["mr-old"])])
def test_one_report_of_a_period_is_current(store: Store, earlier: date, current: list[str]) -> None:
    """Others of the same measure and reporter have identifiers of before, or by another name of the deployment."""
    record(store, replace(REPORT, identifier="old", id="mr-old", data_date=earlier))
    record(store, REPORT)
    record(store, replace(REPORT, identifier="c", id="mr-c", measure_url="https://example.invalid/Measure/other"))
    with store.read() as session:
        found = session.scalars(
            select(ReportRow.resource_id).where(ReportRow.is_current, ReportRow.measure_url == MEASURE)
        )
        assert found.all() == current
        assert len(session.scalars(select(ReportRow).where(ReportRow.is_latest)).all()) == 3

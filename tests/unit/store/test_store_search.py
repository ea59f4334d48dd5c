"""Searches find the latest versions that meet all criteria, a page at a time."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hi_fhir.store import ledger
from hi_fhir.store.cells import NewCells
from hi_fhir.store.criteria import (
    CanonicalMatch,
    DayMatch,
    MeasureCriteria,
    OrganisationCriteria,
    Reader,
    ReportCriteria,
    ReporterMatch,
    TokenMatch,
)
from hi_fhir.store.ledger import NewMeasure, NewOrganisation, NewRelease, NewReport
from hi_fhir.store.pages import AskedPage
from hi_fhir.store.search import (
    read_measure,
    read_organisation,
    read_report,
    search_measures,
    search_organisations,
    search_reports,
)
from hi_fhir.store.session import Store
from tests.support.recording import record_reports

AT = datetime(2025, 4, 2, 12, tzinfo=UTC)
BASE = "https://example.invalid/fhir/Measure"
ICB, PUBLIC = Reader("icb"), Reader("public")
YEAR, QUARTER = (date(2024, 4, 1), date(2025, 3, 31)), (date(2025, 4, 1), date(2025, 6, 30))


def a_report(name: str, measure: str, reporter: str, period: tuple[date, date], content: bytes = b"one") -> NewReport:
    return NewReport(
        id=f"mr-{name}",
        identifier_system="urn:example",
        identifier=name,
        measure_url=f"{BASE}/{measure}",
        measure_version="1",
        reporter_id=f"ods-{reporter.lower()}",
        reporter_system="urn:ods",
        reporter=reporter,
        status="complete",
        period_start=period[0],
        period_end=period[1],
        as_of=period[1],
        data_date=period[1],
        content=content,
        cells=NewCells((), (), (), ()),
    )


@pytest.fixture(scope="module")
def store(module_store: Store) -> Store:
    """For the ICB: reports a (two versions), b and d of one practice, c of another and of a later period.

    For the public e of the second practice, and for the practices themselves f and g of one each.
    """
    with module_store.write() as session:
        icb, public, own = (
            NewRelease("e", audience, "p", "1", "d", {"main": "2025-04-02"})
            for audience in ("icb", "public", "practice")
        )
        first = [
            a_report("a", "m", "A99001", YEAR),
            a_report("b", "n", "A99001", YEAR),
            a_report("c", "m", "A99002", QUARTER),
            a_report("d", "o", "A99001", YEAR),
        ]
        record_reports(session, icb, first, AT)
        record_reports(session, icb, [a_report("a", "m", "A99001", YEAR, b"two")], AT)
        record_reports(session, public, [a_report("e", "n", "A99002", YEAR)], AT)
        exact = [a_report("f", "m", "A99001", YEAR), a_report("g", "n", "A99002", YEAR)]
        record_reports(session, own, exact, AT)
        for id_, version in (("m", "1"), ("n", "2")):
            ledger.record_measure(session, NewMeasure(id_, f"{BASE}/{id_}", version, "active", b"{}"), AT)
        for code in ("A99001", "A99002"):
            ledger.record_organisation(session, NewOrganisation(f"ods-{code.lower()}", "urn:ods", code, b"{}"), AT)
    return module_store


def found(store: Store, criteria: ReportCriteria, reader: Reader = ICB) -> str:
    """Names of the reports found, joined."""
    with store.connect() as connection:
        page = search_reports(connection, reader, criteria, AskedPage(100))
    assert page.total == len(page.resources)
    return "".join(one.id.removeprefix("mr-") for one in page.resources)


def by_period(prefix: str, first: date, last: date) -> ReportCriteria:
    return ReportCriteria(periods=((DayMatch(prefix, first, last),),))


@pytest.mark.parametrize(
    ("criteria", "names"),
    [
        (ReportCriteria(), "abcd"),
        (ReportCriteria(ids=(("mr-a", "mr-c"),)), "ac"),
        (ReportCriteria(ids=(("mr-a", "mr-c"), ("mr-c", "mr-d"))), "c"),
        (ReportCriteria(identifiers=((TokenMatch("urn:example", "b"),),)), "b"),
        (ReportCriteria(identifiers=((TokenMatch(None, "b"),),)), "b"),
        (ReportCriteria(identifiers=((TokenMatch("urn:other", "b"),),)), ""),
        (ReportCriteria(identifiers=((TokenMatch("urn:example", None),),)), "abcd"),
        (ReportCriteria(measures=((CanonicalMatch(f"{BASE}/m", None),),)), "ac"),
        (ReportCriteria(measures=((CanonicalMatch(f"{BASE}/m", "1"), CanonicalMatch(f"{BASE}/n", "1")),)), "abc"),
        (ReportCriteria(measures=((CanonicalMatch(f"{BASE}/m", "2"),),)), ""),
        (ReportCriteria(reporters=((ReporterMatch("ods-a99002", None),),)), "c"),
        (ReportCriteria(reporters=((ReporterMatch(None, TokenMatch("urn:ods", "A99002")),),)), "c"),
        (ReportCriteria(statuses=(("complete",),)), "abcd"),
        (ReportCriteria(statuses=(("pending",),)), ""),
        (ReportCriteria(dates=((DayMatch("eq", date(2025, 6, 1), date(2025, 6, 30)),),)), "c"),
    ],
)
def test_criteria_hold_together_and_values_are_alternatives(store: Store, criteria: ReportCriteria, names: str) -> None:
    assert found(store, criteria) == names


MARCH_31, APRIL_1 = date(2025, 3, 31), date(2025, 4, 1)
CALENDAR_2025 = (date(2025, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("prefix", "first", "last", "names"),
    [
        ("eq", *YEAR, "abd"),
        ("eq", *CALENDAR_2025, "c"),
        ("ne", *CALENDAR_2025, "abd"),
        ("ge", MARCH_31, MARCH_31, "abcd"),
        ("ge", APRIL_1, APRIL_1, "c"),
        ("gt", MARCH_31, MARCH_31, "c"),
        ("le", MARCH_31, MARCH_31, "abd"),
        ("lt", date(2024, 4, 1), date(2024, 4, 1), ""),
        ("sa", MARCH_31, MARCH_31, "c"),
        ("eb", APRIL_1, APRIL_1, "abd"),
        ("ap", MARCH_31, APRIL_1, "abcd"),
    ],
)
def test_periods_are_compared_as_spans_of_days(store: Store, prefix: str, first: date, last: date, names: str) -> None:
    assert found(store, by_period(prefix, first, last)) == names


def test_only_the_latest_version_is_found_and_read(store: Store) -> None:
    with store.connect() as connection:
        (one,) = search_reports(connection, ICB, ReportCriteria(ids=(("mr-a",),)), AskedPage(10)).resources
        assert (one.version, one.content) == (2, b"two")
        assert read_report(connection, ICB, "mr-a") == one
        assert read_report(connection, ICB, "mr-x") is None
        assert read_measure(connection, ICB, "x") is None


@pytest.mark.parametrize(
    ("reader", "reports", "measures", "organisations"),
    [
        (ICB, "abcd", "mn", ["ods-a99001", "ods-a99002"]),
        (PUBLIC, "e", "n", ["ods-a99002"]),
        (Reader("practice", {"A99001"}), "f", "m", ["ods-a99001"]),
        (Reader("practice", {"A99002"}), "g", "n", ["ods-a99002"]),
        (Reader("practice", frozenset()), "", "", []),
        (Reader("pcn"), "", "", []),
    ],
)
def test_a_reader_finds_and_reads_what_was_released_to_it_alone(
    store: Store, reader: Reader, reports: str, measures: str, organisations: list[str]
) -> None:
    assert found(store, ReportCriteria(), reader) == reports
    with store.connect() as connection:
        assert [name for name in "abcdefg" if read_report(connection, reader, f"mr-{name}")] == [*reports]
        assert [one.id for one in search_measures(connection, reader, MeasureCriteria(), AskedPage(9)).resources] == [
            *measures
        ]
        assert [id_ for id_ in "mn" if read_measure(connection, reader, id_)] == [*measures]
        page = search_organisations(connection, reader, OrganisationCriteria(), AskedPage(9))
        assert [one.id for one in page.resources] == organisations
        codes = ("ods-a99001", "ods-a99002")
        assert [id_ for id_ in codes if read_organisation(connection, reader, id_)] == organisations


def test_pages_partition_what_is_found(store: Store) -> None:
    with store.connect() as connection:
        first = search_reports(connection, ICB, ReportCriteria(), AskedPage(3))
        pages = [first, search_reports(connection, ICB, ReportCriteria(), AskedPage(3, after=first.following))]
    assert first.following
    assert pages[1].following is None
    assert [page.total for page in pages] == [4, 4]
    assert [one.id for page in pages for one in page.resources] == ["mr-a", "mr-b", "mr-c", "mr-d"]


def test_measures_are_found_by_url_version_and_status(store: Store) -> None:
    with store.connect() as connection:
        by_url = search_measures(
            connection, ICB, MeasureCriteria(urls=((CanonicalMatch(f"{BASE}/n", "2"),),)), AskedPage(10)
        )
        by_version = search_measures(
            connection, ICB, MeasureCriteria(versions=(("1",),), statuses=(("active",),)), AskedPage(10)
        )
    assert [one.id for one in by_url.resources] == ["n"]
    assert [one.id for one in by_version.resources] == ["m"]


def test_organisations_are_found_by_identifier(store: Store) -> None:
    criteria = OrganisationCriteria(identifiers=((TokenMatch("urn:ods", "A99002"),),))
    with store.connect() as connection:
        [one] = search_organisations(connection, ICB, criteria, AskedPage(10)).resources
        assert one.id == "ods-a99002"
        assert search_organisations(connection, ICB, OrganisationCriteria(ids=(("ods-x",),)), AskedPage(10)).total == 0


def days_apart(id_: str, data_date: date, as_of: date = YEAR[1], **fields: Any) -> NewReport:
    """A report on one measure, reporter and period with an identifier of its own, as there was one for each day."""
    return replace(a_report(id_, "m", "A99001", YEAR), **{"data_date": data_date, "as_of": as_of, **fields})


def test_of_reports_of_one_period_the_newest_is_found_and_whoever_knows_another_finds_that(fresh_store: Store) -> None:
    later, latest = date(2025, 5, 2), date(2025, 6, 2)
    reports = [
        days_apart("j", latest),
        days_apart("k", later),
        days_apart("l", latest, date(2025, 3, 30)),
        days_apart("m", later, period_start=date(2024, 5, 1)),
    ]
    release = NewRelease("e", "icb", "p", "1", "d", {})
    with fresh_store.write() as session:
        record_reports(session, release, reports, AT)
        record_reports(session, replace(release, audience="public"), [days_apart("n", later)], AT)

    assert found(fresh_store, ReportCriteria()) == "jm"
    assert found(fresh_store, ReportCriteria(identifiers=((TokenMatch("urn:example", None),),))) == "jm"
    assert found(fresh_store, ReportCriteria(identifiers=((TokenMatch("urn:example", "k"),),))) == "k"
    assert found(fresh_store, ReportCriteria(ids=(("mr-l", "mr-m"),))) == "lm"
    with fresh_store.connect() as connection:
        assert read_report(connection, ICB, "mr-k")


def test_of_versions_of_one_report_the_last_is_found_whatever_its_days(fresh_store: Store) -> None:
    with fresh_store.write() as session:
        for day in (date(2025, 6, 2), date(2025, 5, 2)):
            report = days_apart("j", day, content=day.isoformat().encode())
            record_reports(session, NewRelease("e", "icb", "p", "1", "d", {}), [report], AT)

    with fresh_store.connect() as connection:
        [one] = search_reports(connection, ICB, ReportCriteria(), AskedPage(9)).resources
    assert (one.version, one.content) == (2, b"2025-05-02")

"""Whose reports a reader has: its own, and those of what belonged to it on the day that they are of."""

from collections.abc import Set
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hi_fhir.core.audiences import Audience
from hi_fhir.store import ledger
from hi_fhir.store.criteria import Reader, ReportCriteria
from hi_fhir.store.memberships import DayMembership, memberships_on, record_memberships
from hi_fhir.store.pages import AskedPage
from hi_fhir.store.readable import readable_reports
from hi_fhir.store.search import read_report, search_reports
from hi_fhir.store.session import Store, open_store
from tests.support.recording import record_reports
from tests.support.released import new_report

AT = datetime(2025, 7, 2, 12, tzinfo=UTC)
MARCH, JUNE = date(2025, 3, 31), date(2025, 6, 30)
REPORTERS = ("A1", "A2", "A3", "A4", "U1", "U2", "Q1", "Q2")
PLACES = [DayMembership("A1", "U1", "Q1"), DayMembership("A2", "U2", "Q1"), DayMembership("A4", None, None)]
IN_MARCH = [*PLACES, DayMembership("A3", "U2", "Q2")]
IN_JUNE = [*PLACES, DayMembership("A3", "U1", "Q1")]


def reports_of(day: date, audience: str) -> list[ledger.NewReport]:
    """One a reporter, named by it and by the month."""
    return [
        replace(
            new_report("m", reporter, audience, f"{reporter} {day} {audience}".encode()),
            id=f"{audience}-{reporter}-{day.month}",
            identifier=f"{audience}-{reporter}-{day.month}",
            period_end=day,
            as_of=day,
        )
        for reporter in REPORTERS
    ]


@pytest.fixture(scope="module")
def store(module_store: Store) -> Store:
    """Two days of four practices, of which A3 went from one board to the other in between and A4 is nowhere.

    U2 has practices of both boards in March.
    """
    with module_store.write() as session:
        for day, memberships in ((MARCH, IN_MARCH), (JUNE, IN_JUNE)):
            record_memberships(session, day, memberships, AT)
            for audience in Audience:
                new = ledger.NewRelease("e", audience, "p", "1", "d", {})
                record_reports(session, new, reports_of(day, audience), AT)
    return module_store


def had(store: Store, reader: Reader) -> dict[int, str]:
    """Month to the reporters whose reports the reader has, as each way to them tells."""
    with store.read() as session:
        readable = readable_reports(session, reader)
        found = search_reports(session.connection(), reader, ReportCriteria(), AskedPage(99))
        assert {one.id for one in found.resources} == readable
        assert found.total == len(readable)
        assert search_reports(session.connection(), reader, ReportCriteria(), AskedPage(0)).total == len(readable)
        for one in (
            f"{audience}-{code}-{day.month}" for audience in Audience for code in REPORTERS for day in (MARCH, JUNE)
        ):
            assert (read_report(session.connection(), reader, one) is not None) == (one in readable)
    by_month: dict[int, list[str]] = {3: [], 6: []}
    for name in readable:
        _, reporter, month = name.split("-")
        by_month[int(month)].append(reporter)
    return {month: " ".join(sorted(codes)) for month, codes in by_month.items()}


@pytest.mark.parametrize(
    ("audience", "organisations", "in_march", "in_june"),
    [
        ("icb", {"Q1"}, "A1 A2 Q1 U1 U2", "A1 A2 A3 Q1 U1 U2"),
        ("icb", {"Q2"}, "A3 Q2 U2", "Q2"),
        ("icb", {"U1"}, "A1 U1", "A1 A3 U1"),
        ("icb", {"U2"}, "A2 A3 U2", "A2 U2"),
        ("icb", {"A3"}, "A3", "A3"),
        ("icb", {"U1", "A2"}, "A1 A2 U1", "A1 A2 A3 U1"),
        ("icb", {"Q9"}, "", ""),
        ("icb", frozenset(), "", ""),
        ("icb", None, " ".join(REPORTERS[:4]) + " Q1 Q2 U1 U2", " ".join(REPORTERS[:4]) + " Q1 Q2 U1 U2"),
        ("public", {"Q2"}, "A3 Q2 U2", "Q2"),
        ("pcn", {"U2"}, "A2 A3 U2", "A2 U2"),
        ("pcn", {"Q1"}, "Q1", "Q1"),
        ("practice", {"A3"}, "A3", "A3"),
        ("practice", {"U1"}, "U1", "U1"),
    ],
)
def test_a_reader_has_what_belonged_to_it_on_the_reference_date(
    store: Store, audience: str, organisations: Set[str] | None, in_march: str, in_june: str
) -> None:
    assert had(store, Reader(Audience(audience), organisations)) == {3: in_march, 6: in_june}


def test_exact_reports_have_no_reader_who_is_not_named() -> None:
    with pytest.raises(ValueError, match="by name alone"):
        Reader(Audience.PRACTICE)


def test_what_a_later_release_says_of_a_day_holds_and_the_earlier_word_is_kept(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'hi_fhir.sqlite'}")
    with store.write() as session:
        record_memberships(session, MARCH, IN_MARCH, AT)
    before = rows(store)
    with store.write() as session:
        record_memberships(session, MARCH, [DayMembership("A3", "U1", "Q1"), *PLACES[:2]], AT)
        record_memberships(session, MARCH, [DayMembership("A3", "U1", "Q1")], AT)
        told = memberships_on(session, MARCH)
    after = rows(store)
    store.close()

    assert told == [*PLACES[:2], DayMembership("A3", "U1", "Q1"), PLACES[2]]
    assert (len(before), len(after)) == (4, 5)
    assert before <= after


def rows(store: Store) -> set[tuple[object, ...]]:
    with store.connect() as connection:
        return {tuple(row) for row in connection.exec_driver_sql("SELECT id, organisation, pcn, icb FROM membership")}

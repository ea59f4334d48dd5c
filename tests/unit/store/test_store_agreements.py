"""Agreements: on which days one covers a practice's numbers for an audience, and which reports that leaves."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from hi_fhir.core.audiences import Audience
from hi_fhir.core.successions import Succession
from hi_fhir.store.agreements import (
    NewAgreement,
    NotAgreed,
    add_agreement,
    agreed_reports,
    end_agreement,
    not_agreed,
    practices_behind,
)
from hi_fhir.store.models import ReportRow
from hi_fhir.store.session import Store
from hi_fhir.store.successions import record_successions
from tests.support.released import release

AT = datetime(2026, 4, 1, 9, tzinfo=UTC)
FIRST, LAST = date(2026, 4, 1), date(2027, 3, 31)
YEAR = NewAgreement("A99001", "QX1", (Audience.ICB,), "DES", "UK GDPR Article 6(1)(e)", "DPIA-1", FIRST, LAST)


def lacking(store: Store, day: date, audience: Audience = Audience.ICB) -> list[NotAgreed]:
    with store.read() as session:
        return not_agreed(session, {"A99001"}, audience, day)


@pytest.fixture
def agreement(store: Store) -> str:
    with store.write() as session:
        return add_agreement(session, YEAR, AT)


@pytest.mark.parametrize("day", [FIRST, date(2026, 12, 24), LAST])
def test_it_covers_its_days_both_ends_included(store: Store, agreement: str, day: date) -> None:
    assert lacking(store, day) == []


@pytest.mark.parametrize(("day", "lapsed"), [(date(2026, 3, 31), None), (date(2027, 4, 1), LAST)])
def test_before_and_after_there_is_none_and_when_it_lapsed_is_told(
    store: Store, agreement: str, day: date, lapsed: date | None
) -> None:
    assert lacking(store, day) == [NotAgreed("A99001", lapsed)]


def test_it_covers_the_audiences_that_it_names(store: Store, agreement: str) -> None:
    assert lacking(store, FIRST, Audience.PUBLIC) == [NotAgreed("A99001", None)]


def test_it_can_be_ended_once_and_another_takes_its_place(store: Store, agreement: str) -> None:
    with store.write() as session:
        assert end_agreement(session, agreement, datetime(2026, 6, 30, 23, 30, tzinfo=UTC))
        assert not end_agreement(session, agreement, AT)
        assert not end_agreement(session, "nothing", AT)
    in_london = date(2026, 7, 1)
    assert lacking(store, in_london) == [NotAgreed("A99001", in_london)]
    with store.write() as session:
        add_agreement(session, YEAR, AT)
    assert lacking(store, in_london) == []


def test_a_report_is_told_of_while_whom_it_covers_agree(store: Store, agreement: str) -> None:
    released = release(store, reporters=("A99001", "A99002"), measures=("sex-recorded",))
    with store.read() as session:
        rows = {row.organisation: row.id for row in session.scalars(select(ReportRow))}
        assert agreed_reports(session, rows.values(), FIRST) == {rows["A99001"]}
        assert agreed_reports(session, rows.values(), date(2027, 4, 1)) == set()
        assert practices_behind(session, [one.identifier for one in released.reports]) == {"A99001", "A99002"}


@pytest.mark.parametrize(
    ("followed_by", "agreed", "before", "after"),
    [
        (("A99003",), "A99001", [], [NotAgreed("A99001", None, "A99003")]),
        (("A99003",), "A99003", [NotAgreed("A99001", None)], []),
        (("A99003", "A99004"), "A99003", [NotAgreed("A99001", None)], [NotAgreed("A99001", None, "A99004")]),
    ],
    ids=["its own is over", "its successor's counts", "each of several agrees"],
)
def test_for_a_practice_that_ended_whoever_follows_it_agrees(
    store: Store, followed_by: tuple[str, ...], agreed: str, before: list[NotAgreed], after: list[NotAgreed]
) -> None:
    """A day before the succession, on the day and a day after."""
    year = replace(YEAR, practice=agreed, start=date(2025, 4, 1))
    with store.write() as session:
        record_successions(session, [Succession("A99001", one, FIRST) for one in followed_by], AT)
        add_agreement(session, year, AT)
    assert lacking(store, date(2026, 3, 31)) == before
    assert lacking(store, FIRST) == lacking(store, date(2026, 4, 2)) == after


def test_when_a_successor_s_agreement_lapsed_is_told(store: Store) -> None:
    with store.write() as session:
        record_successions(session, [Succession("A99001", "A99003", FIRST)], AT)
        add_agreement(session, replace(YEAR, practice="A99003"), AT)
    assert lacking(store, date(2027, 4, 1)) == [NotAgreed("A99001", LAST, "A99003")]


def test_exact_reports_of_a_practice_for_itself_need_none(store: Store) -> None:
    release(store, reporters=("A99001",), measures=("sex-recorded",), audience="practice")
    with store.read() as session:
        [row] = session.scalars(select(ReportRow.id))
        assert agreed_reports(session, [row], FIRST) == {row}

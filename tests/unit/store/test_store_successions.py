"""Who has the reports of an organisation that ended: by the day, by the audience, and by what was imported last."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hi_fhir.core.audiences import Audience
from hi_fhir.core.successions import Succession
from hi_fhir.store import ledger
from hi_fhir.store.criteria import Reader
from hi_fhir.store.memberships import DayMembership, record_memberships
from hi_fhir.store.readable import readable_reports
from hi_fhir.store.session import Store
from hi_fhir.store.succession_models import SuccessionRow
from hi_fhir.store.successions import end_of, organisations_here, reader_on, record_successions
from tests.support.recording import record_reports
from tests.support.released import new_report

AT = datetime(2026, 4, 10, 12, tzinfo=UTC)
BEFORE, MERGED, AFTER = date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 2)
FOLLOWS = [
    Succession("Q1", "QX", MERGED),
    Succession("Q2", "QX", MERGED),
    Succession("A1", "A3", MERGED),
    Succession("U4", "U1", MERGED),
    Succession("Q8", "Q9", MERGED),
    Succession("Q8", "QX", MERGED),
]
"""Two boards and two networks became one, a practice went up in its neighbour, and a board was divided."""
PLACES = {
    BEFORE: [
        DayMembership("A1", "U1", "Q1"),
        DayMembership("A2", "U2", "Q1"),
        DayMembership("A3", "U1", "Q1"),
        DayMembership("A4", "U4", "Q2"),
        DayMembership("A5", "U5", "Q8"),
    ],
    AFTER: [DayMembership("A2", "U2", "QX"), DayMembership("A3", "U1", "QX"), DayMembership("A4", "U1", "QX")],
}
BY = ("A1", "A2", "A3", "A4", "A5", "U1", "U2", "U4", "U5", "Q1", "Q2", "Q8", "Q9", "QX")


def reports_of(day: date, audience: str) -> Iterable[ledger.NewReport]:
    for by in BY:
        id_ = f"{audience}-{by}-{day.month}"
        yield replace(
            new_report("m", by, audience, f"{id_}".encode()), id=id_, identifier=id_, period_end=day, as_of=day
        )


@pytest.fixture(scope="module")
def store(module_store: Store) -> Store:
    with module_store.write() as session:
        for day, places in PLACES.items():
            record_memberships(session, day, places, AT)
            for audience in Audience:
                new = ledger.NewRelease("e", audience, "p", "1", "d", {})
                record_reports(session, new, list(reports_of(day, audience)), AT)
        record_successions(session, FOLLOWS, AT)
    return module_store


def had(store: Store, audience: str, code: str, day: date) -> tuple[str, str]:
    """By whom the reports are that it has, of 31 March and of 2 April."""
    with store.read() as session:
        found = readable_reports(session, reader_on(session, Reader(Audience(audience), {code}), day).reader)
    by = [name.split("-") for name in sorted(found)]
    return tuple(" ".join(one for _, one, month in by if month == wanted) for wanted in ("3", "4"))


OF_BOTH = "A1 A2 A3 A4 Q1 Q2 QX U1 U2 U4"
OF_QX = "A2 A3 A4 Q1 Q2 QX U1 U2"


@pytest.mark.parametrize(
    ("audience", "code", "before", "after"),
    [
        ("icb", "QX", ("QX", "A2 A3 A4 QX U1 U2"), (OF_BOTH, OF_QX)),
        ("public", "QX", ("QX", "A2 A3 A4 QX U1 U2"), (OF_BOTH, OF_QX)),
        ("icb", "Q1", ("A1 A2 A3 Q1 U1 U2", "Q1"), ("", "")),
        ("icb", "Q2", ("A4 Q2 U4", "Q2"), ("", "")),
        ("icb", "U1", ("A1 A3 U1", "A3 A4 U1"), ("A1 A3 A4 U1 U4", "A3 A4 U1 U4")),
        ("pcn", "U1", ("A1 A3 U1", "A3 A4 U1"), ("A1 A3 A4 U1 U4", "A3 A4 U1 U4")),
        ("icb", "U4", ("A4 U4", "U4"), ("", "")),
        ("icb", "A3", ("A3", "A3"), ("A1 A3", "A1 A3")),
        ("practice", "A3", ("A3", "A3"), ("A3", "A3")),
        ("practice", "A1", ("A1", "A1"), ("", "")),
        ("icb", "Q8", ("A5 Q8 U5", "Q8"), ("", "")),
        ("icb", "Q9", ("Q9", "Q9"), ("Q9", "Q9")),
        ("icb", "U5", ("A5 U5", "U5"), ("A5 U5", "U5")),
        ("icb", "U2", ("A2 U2", "A2 U2"), ("A2 U2", "A2 U2")),
    ],
)
def test_who_has_what_the_day_before_on_the_day_and_the_day_after(
    store: Store, audience: str, code: str, before: tuple[str, str], after: tuple[str, str]
) -> None:
    assert had(store, audience, code, BEFORE) == before
    assert had(store, audience, code, MERGED) == had(store, audience, code, AFTER) == after


def test_what_a_practice_that_closed_reported_is_read_by_its_network_and_board_still(store: Store) -> None:
    """And by the board that follows its board."""
    for code in ("U1", "QX"):
        assert "A1" in had(store, "icb", code, AFTER)[0].split()
        assert "A1" not in had(store, "icb", code, AFTER)[1].split()


def test_of_several_organisations_those_that_are_left_read_on(store: Store) -> None:
    with store.read() as session:
        today = reader_on(session, Reader(Audience.ICB, {"Q1", "U5"}), MERGED)
        nobody = reader_on(session, Reader(Audience.ICB), MERGED)
    assert today.reader.reached == ["U5"]
    assert (today.is_over, [one.code for one in today.ended]) == (False, ["Q1"])
    assert (nobody.is_over, nobody.reader.reached) == (False, None)


def test_who_somebody_is_does_not_go_by_what_it_reaches(store: Store) -> None:
    reader = Reader(Audience.ICB, {"QX"})
    with store.read() as session:
        today = reader_on(session, reader, MERGED).reader
    assert today == reader
    assert today.named == ["QX"] != today.reached


def test_a_reader_is_over_when_the_last_of_its_organisations_is(store: Store) -> None:
    with store.read() as session:
        ends = [
            end_of(session, Reader(Audience.ICB, codes)) for codes in ({"Q1"}, {"Q1", "Q2"}, {"Q1", "QX"}, set(), None)
        ]
    assert ends == [MERGED, MERGED, None, None, None]


def test_known_here_is_of_whom_anything_is_kept(store: Store) -> None:
    with store.read() as session:
        assert organisations_here(session) == set(BY)


def test_what_was_imported_last_holds_and_the_word_before_is_kept(store: Store) -> None:
    later = [FOLLOWS[0], Succession("Q2", "QX", AFTER)]
    with store.write() as session:
        record_successions(session, later, AT)
        record_successions(session, later, AT)
    try:
        assert had(store, "icb", "Q2", MERGED) == ("A4 Q2 U4", "Q2")
        assert had(store, "icb", "A1", MERGED) == ("A1", "A1")
        with store.read() as session:
            rows = session.query(SuccessionRow).all()
            assert (len(rows), sum(row.is_latest for row in rows)) == (len(FOLLOWS) + 1, 2)
    finally:
        with store.write() as session:
            record_successions(session, FOLLOWS, AT)

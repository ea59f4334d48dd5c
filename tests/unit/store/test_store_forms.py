"""What asks alike has one form, and so one statement."""

from datetime import date

import pytest

from hi_fhir.store.criteria import CanonicalMatch, DayMatch, Reader, ReportCriteria, TokenMatch
from hi_fhir.store.forms import form_of

ICB = Reader("icb")
DAY, NEXT = date(2025, 3, 31), date(2025, 4, 1)


def asked(system: str | None, value: str | None, prefix: str = "ge", day: date = DAY) -> ReportCriteria:
    return ReportCriteria(
        identifiers=((TokenMatch(system, value),),),
        measures=((CanonicalMatch("m", None), CanonicalMatch("n", "1")),),
        periods=((DayMatch(prefix, day, day),),),
    )


def test_values_are_not_of_the_form() -> None:
    form, values = form_of(ICB, asked("urn:x", "a"))
    again, others = form_of(ICB, asked("urn:y", "b", day=NEXT))
    assert form == again
    assert hash(form) == hash(again)
    assert [*values.values()] == ["urn:x", "a", "m", "n", "1", DAY, DAY]
    assert [*others.values()] == ["urn:y", "b", "m", "n", "1", NEXT, NEXT]


@pytest.mark.parametrize("other", [asked(None, "a"), asked("urn:x", None), asked("urn:x", "a", "le"), ReportCriteria()])
def test_what_is_asked_is_of_the_form(other: ReportCriteria) -> None:
    assert form_of(ICB, other)[0] != form_of(ICB, asked("urn:x", "a"))[0]


def test_how_many_organisations_ask_is_of_the_form_and_which_is_not() -> None:
    (one, _), (another, values) = (form_of(Reader("icb", {code}), ReportCriteria()) for code in ("QX1", "QX2"))
    two, _ = form_of(Reader("icb", {"QX1", "QX2"}), ReportCriteria())
    everyone, _ = form_of(ICB, ReportCriteria())
    nobody, _ = form_of(Reader("icb", frozenset()), ReportCriteria())

    assert one == another
    assert [*values.values()] == ["QX2"]
    assert len({one, two, everyone, nobody}) == 4

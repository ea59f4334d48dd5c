"""What asks alike has one form, and so one statement."""

from datetime import date

import pytest

from hi_fhir.store.criteria import CanonicalMatch, DayMatch, ReportCriteria, TokenMatch
from hi_fhir.store.forms import form_of

DAY, NEXT = date(2025, 3, 31), date(2025, 4, 1)


def asked(system: str | None, value: str | None, prefix: str = "ge", day: date = DAY) -> ReportCriteria:
    return ReportCriteria(
        identifiers=((TokenMatch(system, value),),),
        measures=((CanonicalMatch("m", None), CanonicalMatch("n", "1")),),
        periods=((DayMatch(prefix, day, day),),),
    )


def test_values_are_not_of_the_form() -> None:
    form, values = form_of(asked("urn:x", "a"))
    again, others = form_of(asked("urn:y", "b", day=NEXT))
    assert form == again
    assert hash(form) == hash(again)
    assert [*values.values()] == ["urn:x", "a", "m", "n", "1", DAY, DAY]
    assert [*others.values()] == ["urn:y", "b", "m", "n", "1", NEXT, NEXT]


@pytest.mark.parametrize("other", [asked(None, "a"), asked("urn:x", None), asked("urn:x", "a", "le"), ReportCriteria()])
def test_what_is_asked_is_of_the_form(other: ReportCriteria) -> None:
    assert form_of(other)[0] != form_of(asked("urn:x", "a"))[0]

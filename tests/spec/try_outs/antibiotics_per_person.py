"""Antibiotics: on how many days in 12 months adults were prescribed any, by person; of one person 10 at most."""

from datetime import date

from hi_fhir.measures import (
    Example,
    Person,
    RatioMeasure,
    aged,
    clinical_event,
    months,
    occasions,
    prescribed,
    registered,
    value_set,
)

ANTIBIOTIC, CYSTIC_FIBROSIS = value_set("antibiotic"), value_set("cystic-fibrosis")
FIRST, LAST = date(2024, 4, 1), date(2025, 3, 31)


def given(*days: date) -> Person:
    person = Person()
    for day in days:
        person = person.prescribed(ANTIBIOTIC, day)
    return person


ten_days = tuple(date(2024, 6, day) for day in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10))

MEASURE = RatioMeasure(
    id="antibiotics-per-person",
    version="1",
    title="Antibiotics per person",
    description="Days on which adults were prescribed an antibiotic in the 12 months to the reference date, by person.",
    rule_set="try-out",
    source="made up",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    improvement="decrease",
    initial_population=registered() & aged(18, None),
    denominator_exclusion=clinical_event(CYSTIC_FIBROSIS, months(12)),
    numerator=occasions(prescribed(ANTIBIOTIC, months(12)), at_most=10),
    examples=(
        Example("once", given(FIRST), "numerator", times=1),
        Example("twice on one day", given(LAST, LAST), "numerator", times=1),
        Example("on two days", given(FIRST, LAST), "numerator", times=2),
        Example("one before the 12 months", given(date(2024, 3, 31), LAST), "numerator", times=1),
        Example("ten times", given(*ten_days), "numerator", times=10),
        Example("more often than counts", given(*ten_days, FIRST, LAST), "numerator", times=10),
        Example("never", Person(), "denominator"),
        Example("excluded", given(FIRST).diagnosed(CYSTIC_FIBROSIS, LAST), "exclusion"),
        Example("no adult", Person(born=date(2010, 1, 1)).prescribed(ANTIBIOTIC, FIRST), "outside"),
        Example("no birth date", Person(born=None).prescribed(ANTIBIOTIC, FIRST), "undetermined"),
    ),
)

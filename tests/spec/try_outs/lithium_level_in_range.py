"""Lithium: of people prescribed it in 6 months, the share whose latest level in 4 months is in the range."""

from datetime import date

from hi_fhir.measures import (
    Example,
    Person,
    ProportionMeasure,
    Quantity,
    latest_reading,
    months,
    prescribed,
    registered,
    value_set,
)

LITHIUM, LEVEL = value_set("lithium"), value_set("lithium-level")
level = latest_reading(Quantity(LEVEL, "mmol/L", (0.01, 10)), within=months(4))
WINTER, LATER = date(2025, 2, 1), date(2025, 2, 2)
patient = Person().prescribed(LITHIUM, date(2025, 1, 10))


def measured(value: float, on: date = WINTER, unit: str | None = "mmol/L") -> Person:
    return patient.measured(LEVEL, value, on, unit=unit)


MEASURE = ProportionMeasure(
    id="lithium-level-in-range",
    version="1",
    title="Lithium level in range",
    description="People prescribed lithium in 6 months whose latest level in 4 months is from 0.4 to 1.0 mmol/L.",
    rule_set="try-out",
    source="made up",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & prescribed(LITHIUM, months(6)),
    numerator=level.between(0.4, 1.0),
    examples=(
        Example("lowest of the range", measured(0.4), "numerator"),
        Example("below it", measured(0.39), "denominator"),
        Example("highest of the range", measured(1.0), "numerator"),
        Example("above it", measured(1.01), "denominator"),
        Example("without a unit", measured(0.6, unit=None), "numerator"),
        Example("in umol/L", measured(600, unit="umol/L"), "numerator"),
        Example("another unit", measured(0.6, unit="kg"), "denominator"),
        Example("the latest decides", measured(0.6).measured(LEVEL, 1.2, LATER, unit="mmol/L"), "denominator"),
        Example("on the first of 4 months", measured(0.6, date(2024, 12, 1)), "numerator"),
        Example("the day before", measured(0.6, date(2024, 11, 30)), "denominator"),
        Example("on the reference date", measured(0.6, date(2025, 3, 31)), "numerator"),
        Example("the day after", measured(0.6, date(2025, 4, 1)), "denominator"),
        Example("no level", patient, "denominator"),
        Example("prescribed on the first of 6 months", Person().prescribed(LITHIUM, date(2024, 10, 1)), "denominator"),
        Example("prescribed the day before", Person().prescribed(LITHIUM, date(2024, 9, 30)), "outside"),
        Example("a draft", Person().prescribed(LITHIUM, WINTER, status="draft"), "outside"),
        Example("stopped since", Person().prescribed(LITHIUM, WINTER, status="stopped"), "denominator"),
    ),
)

"""Cholesterol: of people with cardiovascular disease who are on a statin, the share treated to target in 12 months."""

from datetime import date

from hi_fhir.measures import (
    Example,
    Person,
    ProportionMeasure,
    Quantity,
    diagnosed,
    latest_reading,
    months,
    prescribed,
    registered,
    value_set,
)  # fmt: skip

DISEASE, STATIN = value_set("cardiovascular-disease"), value_set("statin")
LDL, NON_HDL = value_set("ldl-cholesterol"), value_set("non-hdl-cholesterol")
JANUARY, MARCH = date(2025, 1, 10), date(2025, 3, 10)

ldl, non_hdl = (latest_reading(Quantity(one, "mmol/L", (0.1, 30)), within=months(12)) for one in (LDL, NON_HDL))
ill = Person().diagnosed(DISEASE, date(2015, 1, 1))
treated = ill.prescribed(STATIN, JANUARY)


def measured(value: float, on: date = JANUARY, unit: str = "mmol/L") -> Person:
    return treated.measured(LDL, value, on, unit=unit)


MEASURE = ProportionMeasure(
    id="cholesterol-to-target-on-a-statin",
    version="1",
    title="Cholesterol to target on a statin",
    description="People on a statin whose latest LDL is 2.0 mmol/L or lower or, measured no earlier, non-HDL 2.6.",
    rule_set="try-out",
    source="made up",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & diagnosed(DISEASE),
    denominator=prescribed(STATIN, months(6)),
    numerator=(ldl.at_most(2.0) & ldl.no_earlier_than(non_hdl)) | (non_hdl.at_most(2.6) & non_hdl.no_earlier_than(ldl)),
    examples=(
        Example("LDL at its target", measured(2.0), "numerator"),
        Example("LDL above it", measured(2.1), "denominator"),
        Example("non-HDL at its target", treated.measured(NON_HDL, 2.6, JANUARY, unit="mmol/L"), "numerator"),
        Example("non-HDL above it", treated.measured(NON_HDL, 2.7, JANUARY, unit="mmol/L"), "denominator"),
        Example("either of one day", measured(2.1).measured(NON_HDL, 2.6, JANUARY, unit="mmol/L"), "numerator"),
        Example("the later decides", measured(1.9).measured(NON_HDL, 2.7, MARCH, unit="mmol/L"), "denominator"),
        Example("on the first of 12 months", measured(2.0, date(2024, 4, 1)), "numerator"),
        Example("the day before", measured(2.0, date(2024, 3, 31)), "denominator"),
        Example("no reading", treated, "denominator"),
        Example("on a statin since the first of 6 months", ill.prescribed(STATIN, date(2024, 10, 1)), "denominator"),
        Example("until the day before", ill.prescribed(STATIN, date(2024, 9, 30)), "initial-population"),
        Example("no statin", ill.measured(LDL, 1.5, JANUARY, unit="mmol/L"), "initial-population"),
        Example("no disease", Person().prescribed(STATIN, JANUARY), "outside"),
    ),
)

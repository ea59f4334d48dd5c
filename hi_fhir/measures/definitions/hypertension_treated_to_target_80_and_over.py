"""Blood pressure treated to target in people of 80 or over with hypertension.

Of registered people on the hypertension register, the share whose latest reading in the 12 months to the reference date
is 150/90 mmHg or lower, or 145/85 or lower where it was taken at home. No reading: not met.
"""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, aged, blood_pressure, months, registered
from hi_fhir.measures.blood_pressure import HYPERTENSION, NO_AMBULATORY, NOT_TO_MARCH, PRESSURE_DECLINED

JANUARY = date(2025, 1, 10)


def someone(born: date = date(1940, 1, 1)) -> Person:
    return Person(born=born).diagnosed(HYPERTENSION, on=date(2015, 1, 1))


MEASURE = ProportionMeasure(
    id="hypertension-treated-to-target-80-and-over",
    version="2025.2",
    title="Hypertension treated to target, 80 or over",
    description=(
        "People aged 80 or over with hypertension whose latest blood pressure in the 12 months to the reference date "
        "is 150/90 mmHg or lower (145/85 or lower at home [U])."
    ),
    rule_set="QOF HYP009",
    source="Quality and Outcomes Framework, indicator HYP009, as implementers describe it",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & aged(at_least=80) & blood_pressure.on_hypertension_register(),
    numerator=blood_pressure.target_met(
        at_clinic=(150, 90), at_home=(145, 85), within=months(12), home_unverified=True
    ),
    denominator_exception=blood_pressure.care_adjustments(),
    caveats=(
        "the threshold for home readings, 145/85, was not seen in the rule set's own text",
        NO_AMBULATORY,
        NOT_TO_MARCH,
    ),
    examples=(
        Example("at the threshold", someone().blood_pressure(150, 90, JANUARY), "numerator"),
        Example("above it", someone().blood_pressure(151, 90, JANUARY), "denominator"),
        Example("home at its threshold", someone().blood_pressure(145, 85, JANUARY, home=True), "numerator"),
        Example("home above its threshold", someone().blood_pressure(145, 86, JANUARY, home=True), "denominator"),
        Example("80 on the last day of the period", someone(born=date(1945, 3, 31)), "denominator"),
        Example("79 on the last day of the period", someone(born=date(1945, 4, 1)), "outside"),
        Example("blood pressure declined", someone().observed(PRESSURE_DECLINED, JANUARY), "exception"),
        Example("no reading", someone(), "denominator"),
    ),
)

"""Blood pressure recorded: of registered people of 45 or over, the share with a reading in the last five years.

A reading has a plausible systolic and diastolic value of one day, at the clinic or at home.
"""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, aged, blood_pressure, months, registered

JUNE = date(2024, 6, 1)

MEASURE = ProportionMeasure(
    id="blood-pressure-recorded",
    version="2026.1",
    title="Blood pressure recorded",
    description="People aged 45 or over with a plausible blood pressure in the 60 months to the reference date.",
    rule_set="QOF BP002",
    source="Quality and Outcomes Framework, indicator BP002, as implementers describe it",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & aged(at_least=45),
    numerator=blood_pressure.clinic(months(60)) | blood_pressure.home(months(60)),
    caveats=(
        "personalised care adjustments are not made: whoever declined a reading counts as without one",
        blood_pressure.NOT_TO_MARCH,
        blood_pressure.NO_AMBULATORY,
    ),
    examples=(
        Example("at the clinic", Person().blood_pressure(150, 95, JUNE), "numerator"),
        Example("at home", Person().blood_pressure(130, 80, JUNE, home=True), "numerator"),
        Example("never", Person(), "denominator"),
        Example("an implausible value", Person().blood_pressure(130, 300, JUNE), "denominator"),
        Example("on the first of the 60 months", Person().blood_pressure(130, 80, date(2020, 4, 1)), "numerator"),
        Example("the day before", Person().blood_pressure(130, 80, date(2020, 3, 31)), "denominator"),
        Example("the day after the period", Person().blood_pressure(130, 80, date(2025, 4, 1)), "denominator"),
        Example("45 on the last day of the period", Person(born=date(1980, 3, 31)), "denominator"),
        Example("45 the day after", Person(born=date(1980, 4, 1)), "outside"),
        Example("no birth date", Person(born=None), "undetermined"),
    ),
)

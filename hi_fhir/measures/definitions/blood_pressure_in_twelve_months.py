"""Blood pressure in twelve months: of registered people of 45 or over, the share with a reading in the last year.

A reading has a plausible systolic and diastolic value of one day, at the clinic or at home.
"""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, aged, blood_pressure, months, registered

JUNE = date(2024, 6, 1)

MEASURE = ProportionMeasure(
    id="blood-pressure-in-twelve-months",
    version="2026.1",
    title="Blood pressure in twelve months",
    description="People aged 45 or over with a plausible blood pressure in the 12 months to the reference date.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & aged(at_least=45),
    numerator=blood_pressure.clinic(months(12)) | blood_pressure.home(months(12)),
    caveats=("the 12 months are our own choice", blood_pressure.NO_AMBULATORY),
    examples=(
        Example("at the clinic", Person().blood_pressure(150, 95, JUNE), "numerator"),
        Example("at home", Person().blood_pressure(130, 80, JUNE, home=True), "numerator"),
        Example("never", Person(), "denominator"),
        Example("an implausible value", Person().blood_pressure(130, 300, JUNE), "denominator"),
        Example("on the first of the 12 months", Person().blood_pressure(130, 80, date(2024, 4, 1)), "numerator"),
        Example("the day before", Person().blood_pressure(130, 80, date(2024, 3, 31)), "denominator"),
        Example("on the reference date", Person().blood_pressure(130, 80, date(2025, 3, 31)), "numerator"),
        Example("the day after", Person().blood_pressure(130, 80, date(2025, 4, 1)), "denominator"),
        Example("45 on the last day of the period", Person(born=date(1980, 3, 31)), "denominator"),
        Example("45 the day after", Person(born=date(1980, 4, 1)), "outside"),
        Example("no birth date", Person(born=None), "undetermined"),
        Example("no birth date, not registered", Person(born=None, practice=None), "outside"),
    ),
)

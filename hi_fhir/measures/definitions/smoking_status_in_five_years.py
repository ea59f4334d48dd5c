"""Smoking status in five years: of registered people of 16 or over, the share of whom it is recorded."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, aged, months, observed, registered, value_set

SMOKING = value_set("smoking-status")

MEASURE = ProportionMeasure(
    id="smoking-status-in-five-years",
    version="2026.1",
    title="Smoking status in five years",
    description="People aged 16 or over with a smoking status recorded in the 60 months to the reference date.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    caveats=("the age and the 60 months are our own choice",),
    initial_population=registered() & aged(at_least=16),
    numerator=observed(SMOKING, months(60)),
    examples=(
        Example("recorded on the reference date", Person().observed(SMOKING, date(2025, 3, 31)), "numerator"),
        Example("recorded on the first of the 60 months", Person().observed(SMOKING, date(2020, 4, 1)), "numerator"),
        Example("recorded the day before", Person().observed(SMOKING, date(2020, 3, 31)), "denominator"),
        Example("recorded the day after", Person().observed(SMOKING, date(2025, 4, 1)), "denominator"),
        Example("undated", Person().observed(SMOKING, None), "denominator"),
        Example("not known", Person().observed(SMOKING, date(2025, 1, 1), negation="absent"), "denominator"),
        Example("16 on the last day of the period", Person(born=date(2009, 3, 31)), "denominator"),
        Example("16 the day after", Person(born=date(2009, 4, 1)), "outside"),
        Example("no birth date", Person(born=None), "undetermined"),
        Example("no birth date, not registered", Person(born=None, practice=None), "outside"),
    ),
)

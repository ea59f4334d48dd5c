"""Alcohol consumption in five years: of registered people of 18 or over, the share of whom it is recorded."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, aged, months, observed, registered, value_set

ALCOHOL = value_set("alcohol")

MEASURE = ProportionMeasure(
    id="alcohol-in-five-years",
    version="2026.1",
    title="Alcohol consumption in five years",
    description="People aged 18 or over with alcohol consumption recorded in the 60 months to the reference date.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    caveats=("the age and the 60 months are our own choice",),
    initial_population=registered() & aged(at_least=18),
    numerator=observed(ALCOHOL, months(60)),
    examples=(
        Example("recorded on the reference date", Person().observed(ALCOHOL, date(2025, 3, 31)), "numerator"),
        Example("recorded on the first of the 60 months", Person().observed(ALCOHOL, date(2020, 4, 1)), "numerator"),
        Example("recorded the day before", Person().observed(ALCOHOL, date(2020, 3, 31)), "denominator"),
        Example("recorded the day after", Person().observed(ALCOHOL, date(2025, 4, 1)), "denominator"),
        Example("undated", Person().observed(ALCOHOL, None), "denominator"),
        Example("not known", Person().observed(ALCOHOL, date(2025, 1, 1), negation="absent"), "denominator"),
        Example("18 on the last day of the period", Person(born=date(2007, 3, 31)), "denominator"),
        Example("18 the day after", Person(born=date(2007, 4, 1)), "outside"),
        Example("no birth date", Person(born=None), "undetermined"),
        Example("no birth date, not registered", Person(born=None, practice=None), "outside"),
    ),
)

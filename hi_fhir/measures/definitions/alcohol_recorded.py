"""Alcohol recorded: of registered adults, the share with a record of how much they drink in the last 12 months."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, aged, months, observed, registered, value_set

ALCOHOL = value_set("alcohol")

MEASURE = ProportionMeasure(
    id="alcohol-recorded",
    version="2026.1",
    title="Alcohol recorded",
    description="People aged 18 or over with alcohol consumption recorded in the 12 months to the reference date.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & aged(at_least=18),
    numerator=observed(ALCOHOL, months(12)),
    caveats=("age and months are our own choice, so that people can be compared: no rule asks it of everybody",),
    examples=(
        Example("recorded on the reference date", Person().observed(ALCOHOL, date(2025, 3, 31)), "numerator"),
        Example("recorded on the first of the 12 months", Person().observed(ALCOHOL, date(2024, 4, 1)), "numerator"),
        Example("recorded the day before", Person().observed(ALCOHOL, date(2024, 3, 31)), "denominator"),
        Example("recorded the day after the period", Person().observed(ALCOHOL, date(2025, 4, 1)), "denominator"),
        Example("undated", Person().observed(ALCOHOL, None), "denominator"),
        Example("preliminary", Person().observed(ALCOHOL, date(2025, 1, 1), status="preliminary"), "denominator"),
        Example("not known", Person().observed(ALCOHOL, date(2025, 1, 1), negation="absent"), "denominator"),
        Example("none is an amount", Person().observed(ALCOHOL, date(2025, 1, 1), negation="none"), "numerator"),
        Example("never", Person(), "denominator"),
        Example("18 on the last day of the period", Person(born=date(2007, 3, 31)), "denominator"),
        Example("18 the day after", Person(born=date(2007, 4, 1)), "outside"),
        Example("no birth date", Person(born=None), "undetermined"),
    ),
)

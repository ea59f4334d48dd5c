"""Smoking status recorded: of registered people of 16 or over, the share with a status in the last 12 months."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, aged, months, observed, registered, value_set

SMOKING = value_set("smoking-status")

MEASURE = ProportionMeasure(
    id="smoking-status-recorded",
    version="2026.2",
    title="Smoking status recorded",
    description="People aged 16 or over with a smoking status recorded in the 12 months to the reference date.",
    rule_set="hi_fhir smoking status",
    source="our own rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & aged(at_least=16),
    numerator=observed(SMOKING, months(12)),
    examples=(
        Example("recorded on the reference date", Person().observed(SMOKING, date(2025, 3, 31)), "numerator"),
        Example("recorded on the first of the 12 months", Person().observed(SMOKING, date(2024, 4, 1)), "numerator"),
        Example("recorded the day before", Person().observed(SMOKING, date(2024, 3, 31)), "denominator"),
        Example("recorded the day after", Person().observed(SMOKING, date(2025, 4, 1)), "denominator"),
        Example(
            "an earlier reference date moves the 12 months",
            Person().observed(SMOKING, date(2024, 1, 1)),
            "numerator",
            as_of=date(2024, 12, 31),
        ),
        Example("undated", Person().observed(SMOKING, None), "denominator"),
        Example("preliminary", Person().observed(SMOKING, date(2025, 1, 1), status="preliminary"), "denominator"),
        Example("not known", Person().observed(SMOKING, date(2025, 1, 1), negation="absent"), "denominator"),
        Example("denied", Person().observed(SMOKING, date(2025, 1, 1), negation="denied"), "denominator"),
        Example("none is an amount", Person().observed(SMOKING, date(2025, 1, 1), negation="none"), "numerator"),
        Example("16 on the last day of the period", Person(born=date(2009, 3, 31)), "denominator"),
        Example("16 the day after", Person(born=date(2009, 4, 1)), "outside"),
        Example("no birth date", Person(born=None), "undetermined"),
        Example("no birth date, not registered", Person(born=None, practice=None), "outside"),
    ),
)

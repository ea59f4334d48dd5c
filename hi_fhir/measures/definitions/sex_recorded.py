"""Sex recorded: of registered people, the share whose record says female, male or other."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, registered, sex

MEASURE = ProportionMeasure(
    id="sex-recorded",
    version="2026.1",
    title="Sex recorded",
    description="People registered on the reference date whose sex is recorded as female, male or other.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=~sex("unknown"),
    examples=(
        Example("female", Person(sex="female"), "numerator"),
        Example("male", Person(sex="male"), "numerator"),
        Example("other is an answer", Person(sex="other"), "numerator"),
        Example("unknown or not recorded", Person(sex="unknown"), "denominator"),
        Example("not registered", Person(practice=None), "outside"),
    ),
)

"""Sex consistent: of people of whom two patient records say a sex, the share of whom they say the same."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, registered, sex_compared, sex_consistent

MEASURE = ProportionMeasure(
    id="sex-consistent",
    version="2026.1",
    title="Sex consistent",
    description="People registered on the reference date of whom two patient records or more say one sex.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & sex_compared(),
    numerator=sex_consistent(),
    examples=(
        Example("they agree", Person(sex_agrees=True), "numerator"),
        Example("they do not", Person(sex_agrees=False), "denominator"),
        Example("they say other", Person(sex="other", sex_agrees=True), "numerator"),
        Example("the one that speaks for the person does not say", Person(sex="unknown", sex_agrees=True), "numerator"),
        Example("one patient record says it", Person(), "outside"),
        Example("not registered", Person(practice=None, sex_agrees=True), "outside"),
    ),
)

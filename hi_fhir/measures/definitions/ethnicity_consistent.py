"""Ethnicity consistent: of people whose ethnicity two sources state, the share of whom they state the same.

A source is the extension of one patient record, or the latest statement of all clinical records together.
"""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, ethnicity_compared, ethnicity_consistent, registered

MEASURE = ProportionMeasure(
    id="ethnicity-consistent",
    version="2026.1",
    title="Ethnicity consistent",
    description="People registered on the reference date of whose ethnicity two sources or more state one category.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & ethnicity_compared(),
    numerator=ethnicity_consistent(),
    examples=(
        Example("they agree", Person(ethnicity="stated", ethnicity_agrees=True), "numerator"),
        Example("they do not", Person(ethnicity="stated", ethnicity_agrees=False), "denominator"),
        Example("one source alone", Person(ethnicity="stated"), "outside"),
        Example("none", Person(), "outside"),
        Example("not registered", Person(practice=None, ethnicity_agrees=True), "outside"),
    ),
)

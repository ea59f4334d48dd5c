"""Ethnicity usable: of registered people, the share whose ethnicity is stated, so that analysis can use it."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, ethnicity_stated, registered

MEASURE = ProportionMeasure(
    id="ethnicity-usable",
    version="2026.2",
    title="Ethnicity usable",
    description="People registered on the reference date whose ethnicity is stated as a category.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=ethnicity_stated(),
    examples=(
        Example("stated", Person(ethnicity="stated", ethnic_group_2021="white"), "numerator"),
        Example("not stated", Person(ethnicity="not-stated"), "denominator"),
        Example("refused", Person(ethnicity="refused"), "denominator"),
        Example("not known", Person(ethnicity="not-known"), "denominator"),
        Example("not recorded", Person(ethnicity="not-recorded"), "denominator"),
        Example("not registered", Person(practice=None, ethnicity="stated"), "outside"),
    ),
)

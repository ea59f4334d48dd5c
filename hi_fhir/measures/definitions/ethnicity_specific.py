"""Ethnicity specific: of people whose ethnicity is stated, the share whose category is not any other of a kind."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, ethnicity_specific, ethnicity_stated, registered


def someone(category_2001: str, category_2021: str | None = None) -> Person:
    return Person(ethnicity="stated", ethnic_category_2001=category_2001, ethnic_category_2021=category_2021)


MEASURE = ProportionMeasure(
    id="ethnicity-specific",
    version="2026.1",
    title="Ethnicity specific",
    description="People registered on the reference date whose stated ethnicity is not any other of a kind.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & ethnicity_stated(),
    numerator=ethnicity_specific(),
    examples=(
        Example("a category of its own", someone("J"), "numerator"),
        Example("any other White background", someone("C"), "denominator"),
        Example("any other Mixed background", someone("G"), "denominator"),
        Example("any other Asian background", someone("L"), "denominator"),
        Example("any other Black background", someone("P"), "denominator"),
        Example("any other ethnic group", someone("S"), "denominator"),
        Example("Roma, who are among any other White of 2001", someone("C", "white-roma"), "numerator"),
        Example("Arab, who are among any other of 2001", someone("S", "other-arab"), "numerator"),
        Example("any other in both", someone("C", "white-other"), "denominator"),
        Example("not stated", Person(ethnicity="not-stated"), "outside"),
        Example("not recorded", Person(ethnicity="not-recorded"), "outside"),
    ),
)

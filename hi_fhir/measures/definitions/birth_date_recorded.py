"""Birth date recorded: of registered people, the share whose record has a birth date that can be."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, birth_date_recorded, registered

MEASURE = ProportionMeasure(
    id="birth-date-recorded",
    version="2026.1",
    title="Birth date recorded",
    description="People registered on the reference date whose birth date is recorded, if only its year.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=birth_date_recorded(),
    examples=(
        Example("recorded", Person(born=date(1970, 6, 15)), "numerator"),
        Example("not recorded", Person(born=None), "denominator"),
        Example("not registered", Person(practice=None), "outside"),
    ),
)

"""NHS number valid: of registered people, the share whose number is there and right by its check digit."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, nhs_number_valid, registered

MEASURE = ProportionMeasure(
    id="nhs-number-valid",
    version="2026.1",
    title="NHS number valid",
    description="People registered on the reference date whose NHS number is present and valid, verified or not.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=nhs_number_valid(),
    examples=(
        Example("verified", Person(nhs_number="verified"), "numerator"),
        Example("present but not verified", Person(nhs_number="present"), "numerator"),
        Example("invalid", Person(nhs_number="invalid"), "denominator"),
        Example("a placeholder", Person(nhs_number="placeholder"), "denominator"),
        Example("absent", Person(nhs_number="absent"), "denominator"),
        Example("not registered", Person(practice=None, nhs_number="verified"), "outside"),
    ),
)

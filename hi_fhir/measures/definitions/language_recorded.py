"""Language recorded: of registered people, the share whose record names a language that they speak."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, language_recorded, registered

MEASURE = ProportionMeasure(
    id="language-recorded",
    version="2026.1",
    title="Language recorded",
    description="People registered on the reference date whose record names a language that they speak.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=language_recorded(),
    caveats=("what the patient record says alone is read, and no code in clinical records",),
    examples=(
        Example("recorded", Person(language_recorded=True), "numerator"),
        Example("not recorded", Person(), "denominator"),
        Example("not registered", Person(practice=None, language_recorded=True), "outside"),
    ),
)

"""Interpreter recorded: of registered people, the share of whom it is told whether they need an interpreter."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, interpreter_recorded, registered

MEASURE = ProportionMeasure(
    id="interpreter-recorded",
    version="2026.1",
    title="Need of an interpreter recorded",
    description="People registered on the reference date of whom it is recorded whether they need an interpreter.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=interpreter_recorded(),
    caveats=("what the patient record says alone is read, and no code in clinical records",),
    examples=(
        Example("one is needed", Person(interpreter="needed"), "numerator"),
        Example("none is needed", Person(interpreter="not-needed"), "numerator"),
        Example("not recorded", Person(), "denominator"),
        Example("not registered", Person(practice=None, interpreter="needed"), "outside"),
    ),
)

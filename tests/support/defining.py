"""A measure with nothing wrong, for tests that change one thing of it."""

from datetime import date

from hi_fhir.measures import EVER, Example, Person, ProportionMeasure, observed, registered, value_set

SMOKING = value_set("smoking-status")
SMOKER = Person().observed(SMOKING, date(2020, 1, 1))
SOUND = ProportionMeasure(
    id="smoking-ever-recorded",
    version="1",
    title="Smoking ever recorded",
    description="People with a smoking status at any time.",
    rule_set="our own",
    source="our own rule",
    reviewed_by="nobody yet",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=observed(SMOKING, EVER),
    examples=(
        Example("recorded", SMOKER, "numerator"),
        Example("not recorded", Person(), "denominator"),
    ),
)

"""Ethnicity recorded: of registered people, the share whose ethnicity is stated, not stated or refused.

"Not stated" and a refusal achieve; not recorded, and recordings that contradict each other on one day, do not.
"""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, ethnicity_recorded, registered

MEASURE = ProportionMeasure(
    id="ethnicity-recorded",
    version="2022.2",
    title="Ethnicity recorded",
    description="People registered on the reference date whose ethnicity is stated, not stated or refused.",
    rule_set="IIF HI-02 2022/23",
    source="Investment and Impact Fund 2022/23, indicator HI-02, as implementers describe it",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=ethnicity_recorded(),
    examples=(
        Example("stated", Person(ethnicity="stated", ethnic_group_2021="asian"), "numerator"),
        Example("not stated achieves", Person(ethnicity="not-stated"), "numerator"),
        Example("refused achieves", Person(ethnicity="refused"), "numerator"),
        Example("not recorded", Person(ethnicity="not-recorded"), "denominator"),
        Example("contradictory recordings do not achieve", Person(ethnicity="not-known"), "denominator"),
        Example("not registered", Person(practice=None, ethnicity="stated"), "outside"),
    ),
)

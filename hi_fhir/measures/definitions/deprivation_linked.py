"""Deprivation linked: of registered people, the share whose address has a rank of the run's IMD year."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, deprivation_linked, registered

MEASURE = ProportionMeasure(
    id="deprivation-linked",
    version="2026.2",
    title="Deprivation linked",
    description="People registered on the reference date whose address is linked to the index of multiple deprivation.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=deprivation_linked(),
    examples=(
        Example("linked", Person(imd_decile=10), "numerator"),
        Example("not linked", Person(imd_decile=None), "denominator"),
        Example("not registered", Person(practice=None, imd_decile=1), "outside"),
    ),
)

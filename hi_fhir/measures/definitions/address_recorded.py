"""Address recorded: of registered people, the share with a postcode or small area of their home."""

from datetime import date

from hi_fhir.measures import Example, Person, ProportionMeasure, address_recorded, registered

MEASURE = ProportionMeasure(
    id="address-recorded",
    version="2026.1",
    title="Address recorded",
    description="People registered on the reference date whose home address has a postcode or a small area.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=address_recorded(),
    examples=(
        Example("linked to a rank", Person(imd_decile=10), "numerator"),
        Example("a home outside England", Person(unlinked="outside-england"), "numerator"),
        Example("a postcode that no directory has", Person(unlinked="unknown-postcode"), "numerator"),
        Example("no postcode", Person(unlinked="no-postcode"), "denominator"),
        Example("a restricted record", Person(unlinked="restricted"), "undetermined"),
        Example("not registered", Person(practice=None, imd_decile=10), "outside"),
    ),
)

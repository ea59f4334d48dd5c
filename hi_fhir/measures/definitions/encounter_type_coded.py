"""Encounter type coded: of people with an encounter in the period, the share whose latest has a type in SNOMED CT."""

from datetime import UTC, date, datetime

from hi_fhir.measures import IN_PERIOD, Example, Person, ProportionMeasure, encounter, registered

JUNE, JULY = date(2024, 6, 3), date(2024, 7, 3)
MORNING, EVENING = datetime(2024, 6, 3, 8, tzinfo=UTC), datetime(2024, 6, 3, 16, tzinfo=UTC)

latest = encounter(IN_PERIOD)

MEASURE = ProportionMeasure(
    id="encounter-type-coded",
    version="2026.1",
    title="Encounter type coded",
    description="People with an encounter in the period whose latest one has a type in SNOMED CT.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & latest,
    numerator=latest.with_coded_type(),
    examples=(
        Example("coded", Person().encounter(JUNE, type_="snomed"), "numerator"),
        Example("in another system", Person().encounter(JUNE, type_="other"), "denominator"),
        Example("none, or in words", Person().encounter(JUNE), "denominator"),
        Example("a coded reason is no type", Person().encounter(JUNE, reason=True), "denominator"),
        Example(
            "the latest day decides",
            Person().encounter(JUNE, type_="snomed").encounter(JULY, type_="other"),
            "denominator",
        ),
        Example(
            "the latest instant of the day decides",
            Person().encounter(JUNE, type_="snomed", at=MORNING).encounter(JUNE, at=EVENING),
            "denominator",
        ),
        Example(
            "untimed is earlier than timed",
            Person().encounter(JUNE).encounter(JUNE, type_="snomed", at=MORNING),
            "numerator",
        ),
        Example("among equals one suffices", Person().encounter(JUNE, type_="snomed").encounter(JUNE), "numerator"),
        Example("first day of the period", Person().encounter(date(2024, 4, 1), type_="snomed"), "numerator"),
        Example("last day of the period", Person().encounter(date(2025, 3, 31), type_="snomed"), "numerator"),
        Example("the day before", Person().encounter(date(2024, 3, 31), type_="snomed"), "outside"),
        Example("the day after", Person().encounter(date(2025, 4, 1), type_="snomed"), "outside"),
        Example("undated", Person().encounter(None, type_="snomed"), "outside"),
        Example("cancelled", Person().encounter(JUNE, type_="snomed", status="cancelled"), "outside"),
        Example("no encounter", Person(), "outside"),
    ),
)

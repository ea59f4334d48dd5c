"""Encounter class coded: of people with an encounter in the period, the share whose latest has a class of FHIR R4."""

from datetime import UTC, date, datetime

from hi_fhir.measures import IN_PERIOD, Example, Person, ProportionMeasure, encounter, registered, value_set

JUNE, JULY = date(2024, 6, 3), date(2024, 7, 3)
MORNING, EVENING = datetime(2024, 6, 3, 8, tzinfo=UTC), datetime(2024, 6, 3, 16, tzinfo=UTC)

CLASS = value_set("encounter-class")

latest = encounter(IN_PERIOD)

MEASURE = ProportionMeasure(
    id="encounter-class-coded",
    version="2026.1",
    title="Encounter class coded",
    description="People with an encounter in the period whose latest one has a class with a code of FHIR R4's list.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule, by FHIR R4's value set of Encounter.class",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & latest,
    numerator=latest.with_class(CLASS),
    examples=(
        Example("coded", Person().encounter(JUNE, class_=CLASS), "numerator"),
        Example("a code that is not in the list", Person().encounter(JUNE, class_="other"), "denominator"),
        Example("not as R4 has it", Person().encounter(JUNE, class_="unreadable"), "denominator"),
        Example("none", Person().encounter(JUNE), "denominator"),
        Example("a coded type is no class", Person().encounter(JUNE, type_="snomed"), "denominator"),
        Example(
            "the latest day decides",
            Person().encounter(JUNE, class_=CLASS).encounter(JULY, class_="other"),
            "denominator",
        ),
        Example(
            "the latest instant of the day decides",
            Person().encounter(JUNE, class_=CLASS, at=MORNING).encounter(JUNE, at=EVENING),
            "denominator",
        ),
        Example(
            "untimed is earlier than timed",
            Person().encounter(JUNE).encounter(JUNE, class_=CLASS, at=MORNING),
            "numerator",
        ),
        Example("among equals one suffices", Person().encounter(JUNE, class_=CLASS).encounter(JUNE), "numerator"),
        Example("first day of the period", Person().encounter(date(2024, 4, 1), class_=CLASS), "numerator"),
        Example("last day of the period", Person().encounter(date(2025, 3, 31), class_=CLASS), "numerator"),
        Example("the day before", Person().encounter(date(2024, 3, 31), class_=CLASS), "outside"),
        Example("the day after", Person().encounter(date(2025, 4, 1), class_=CLASS), "outside"),
        Example("undated", Person().encounter(None, class_=CLASS), "outside"),
        Example("planned", Person().encounter(JUNE, class_=CLASS, status="planned"), "outside"),
        Example("no encounter", Person(), "outside"),
    ),
)

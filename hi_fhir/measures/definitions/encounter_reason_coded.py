"""Encounter reason coded: of people with an encounter in the period, the share whose latest has a coded reason."""

from datetime import UTC, date, datetime

from hi_fhir.measures import IN_PERIOD, Example, Person, ProportionMeasure, encounter, registered, value_set

JUNE, JULY = date(2024, 6, 3), date(2024, 7, 3)
MORNING, EVENING = datetime(2024, 6, 3, 8, tzinfo=UTC), datetime(2024, 6, 3, 16, tzinfo=UTC)

PROBLEM = value_set("hypertension")

latest = encounter(IN_PERIOD)

MEASURE = ProportionMeasure(
    id="encounter-reason-coded",
    version="2026.1",
    title="Encounter reason coded",
    description="People with an encounter in the period whose latest one carries a coded reason.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & latest,
    numerator=latest.with_coded_reason(),
    examples=(
        Example("coded", Person().encounter(JUNE, reason=True), "numerator"),
        Example("not coded", Person().encounter(JUNE, reason=False), "denominator"),
        Example(
            "the latest day decides",
            Person().encounter(JUNE, reason=True).encounter(JULY, reason=False),
            "denominator",
        ),
        Example(
            "the latest instant of the day decides",
            Person().encounter(JUNE, reason=True, at=MORNING).encounter(JUNE, reason=False, at=EVENING),
            "denominator",
        ),
        Example(
            "untimed is earlier than timed",
            Person().encounter(JUNE, reason=False).encounter(JUNE, reason=True, at=MORNING),
            "numerator",
        ),
        Example(
            "among equals one coded reason suffices",
            Person().encounter(JUNE, reason=True).encounter(JUNE, reason=False),
            "numerator",
        ),
        Example(
            "the reason is a coded problem",
            Person().diagnosed(PROBLEM, date(2015, 1, 1), id_="p").encounter(JUNE, refers_to="p"),
            "numerator",
        ),
        Example(
            "a problem that is over since is a reason",
            Person().diagnosed(PROBLEM, date(2015, 1, 1), "resolved", id_="p").encounter(JUNE, refers_to="p"),
            "numerator",
        ),
        Example("the reason is a problem that is not there", Person().encounter(JUNE, refers_to="p"), "undetermined"),
        Example(
            "the reason is a problem in words",
            Person().diagnosed(None, date(2015, 1, 1), id_="p").encounter(JUNE, refers_to="p"),
            "denominator",
        ),
        Example(
            "a reason of its own beside one that is not there",
            Person().encounter(JUNE, refers_to="p").encounter(JUNE, reason=True),
            "numerator",
        ),
        Example("first day of the period", Person().encounter(date(2024, 4, 1), reason=True), "numerator"),
        Example("last day of the period", Person().encounter(date(2025, 3, 31), reason=True), "numerator"),
        Example("the day before", Person().encounter(date(2024, 3, 31), reason=True), "outside"),
        Example("the day after", Person().encounter(date(2025, 4, 1), reason=True), "outside"),
        Example("undated", Person().encounter(None, reason=True), "outside"),
        Example("planned", Person().encounter(JUNE, reason=True, status="planned"), "outside"),
        Example("no encounter", Person(), "outside"),
    ),
)

"""Problems coded: of people with a problem of the period, the share whose problems of it are all in SNOMED CT codes."""

from datetime import date

from hi_fhir.measures import IN_PERIOD, Example, Person, ProportionMeasure, problems, registered

JUNE, JULY = date(2024, 6, 3), date(2024, 7, 3)

recorded = problems(IN_PERIOD)

MEASURE = ProportionMeasure(
    id="problems-coded",
    version="2026.1",
    title="Problems coded",
    description="People with a diagnosis or problem of the period, all of which have a SNOMED CT code.",
    rule_set="hi_fhir data quality",
    source="our own data-quality rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & recorded,
    numerator=recorded.all_coded(),
    examples=(
        Example("coded", Person().problem(JUNE), "numerator"),
        Example("in words", Person().problem(JUNE, "text"), "denominator"),
        Example("in another system", Person().problem(JUNE, "other"), "denominator"),
        Example("in both", Person().problem(JUNE, "other", id_="p").problem(JUNE, id_="p"), "numerator"),
        Example("one of two in words", Person().problem(JUNE).problem(JULY, "text"), "denominator"),
        Example("one in words the day before", Person().problem(JUNE).problem(date(2024, 3, 31), "text"), "numerator"),
        Example("one in words that is refuted", Person().problem(JUNE).problem(JULY, "text", "refuted"), "numerator"),
        Example("first day of the period", Person().problem(date(2024, 4, 1)), "numerator"),
        Example("last day of the period", Person().problem(date(2025, 3, 31)), "numerator"),
        Example("the day before", Person().problem(date(2024, 3, 31)), "outside"),
        Example("the day after", Person().problem(date(2025, 4, 1)), "outside"),
        Example("undated", Person().problem(None), "outside"),
        Example("none", Person(), "outside"),
    ),
)

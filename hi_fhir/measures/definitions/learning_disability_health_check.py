"""Health check, action plan and ethnicity of people with a learning disability.

Of registered people aged 14 or over with a learning disability, the share who in the period had a health check, then
or later in the period a health action plan, and whose ethnicity is recorded. A plan before the first check does not
count.
"""

from datetime import date

from hi_fhir.measures import (
    EVER,
    IN_PERIOD,
    ContractIndicator,
    Example,
    Person,
    ProportionMeasure,
    aged,
    clinical_event,
    ethnicity_recorded,
    registered,
    value_set,
)

DISABILITY = value_set("learning-disability")
CHECK = value_set("learning-disability-health-check")
CHECK_DECLINED = value_set("learning-disability-health-check-declined")
PLAN = value_set("health-action-plan")
PLAN_DECLINED = value_set("health-action-plan-declined")

check = clinical_event(CHECK, IN_PERIOD)
plan = clinical_event(PLAN, IN_PERIOD)

MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)


def someone(born: date = date(1990, 1, 1), ethnicity: str = "not-stated") -> Person:
    return Person(born=born, ethnicity=ethnicity).diagnosed(DISABILITY, on=date(2000, 1, 1))


MEASURE = ProportionMeasure(
    id="learning-disability-health-check",
    version="2023.1",
    title="Learning disability health check with action plan and ethnicity",
    description=(
        "People aged 14 or over with a learning disability who had a health check and, then or later, a health action "
        "plan in the period, and whose ethnicity is recorded."
    ),
    rule_set="IIF HI-03 2023/24",
    source="Investment and Impact Fund 2023/24, indicator HI-03, as implementers describe it",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & aged(at_least=14) & clinical_event(DISABILITY, EVER),
    numerator=check & plan.on_or_after(check.first) & ethnicity_recorded(),
    denominator_exception=clinical_event(CHECK_DECLINED, IN_PERIOD) | clinical_event(PLAN_DECLINED, IN_PERIOD),
    contract=ContractIndicator(
        contract="Network Contract DES",
        indicator="IIF HI-03",
        years="2023/24 to 2025/26",
        source="Investment and Impact Fund, as implementers describe it; learning disability is in it in 2026/27 too",
        unverified="the indicator's name and thresholds in 2026/27, and the contract's own text in any year",
    ),
    examples=(
        Example("check and plan on one day", someone().observed(CHECK, MAY).observed(PLAN, MAY), "numerator"),
        Example("a check as a Procedure, a plan later", someone().done(CHECK, MAY).done(PLAN, JUNE), "numerator"),
        Example("a plan before the check", someone().done(PLAN, MAY).done(CHECK, JUNE), "denominator"),
        Example(
            "a plan between two checks counts from the first",
            someone().done(CHECK, MAY).done(PLAN, JUNE).done(CHECK, date(2024, 9, 1)),
            "numerator",
        ),
        Example("no plan", someone().done(CHECK, MAY), "denominator"),
        Example(
            "ethnicity not recorded",
            someone(ethnicity="not-recorded").done(CHECK, MAY).done(PLAN, MAY),
            "denominator",
        ),
        Example(
            "check on the first day, plan on the last",
            someone().done(CHECK, date(2024, 4, 1)).done(PLAN, date(2025, 3, 31)),
            "numerator",
        ),
        Example("check the day before the period", someone().done(CHECK, date(2024, 3, 31)), "denominator"),
        Example(
            "plan the day after the period",
            someone().done(CHECK, MAY).done(PLAN, date(2025, 4, 1)),
            "denominator",
        ),
        Example("an undated check is in no period", someone().done(CHECK, None).done(PLAN, MAY), "denominator"),
        Example("a planned check does not count", someone().done(CHECK, MAY, status="preparation"), "denominator"),
        Example("declined", someone().observed(CHECK_DECLINED, MAY), "exception"),
        Example("declined before the period", someone().observed(CHECK_DECLINED, date(2024, 3, 31)), "denominator"),
        Example(
            "declined, then done all the same",
            someone().observed(CHECK_DECLINED, MAY).done(CHECK, JUNE).done(PLAN, JUNE),
            "numerator",
        ),
        Example("14 on the last day of the period", someone(born=date(2011, 3, 31)), "denominator"),
        Example("14 the day after", someone(born=date(2011, 4, 1)), "outside"),
        Example("diagnosis without a date", Person().diagnosed(DISABILITY, on=None), "denominator"),
        Example("diagnosed after the reference date", Person().diagnosed(DISABILITY, on=date(2025, 4, 1)), "outside"),
        Example(
            "no birth date",
            Person(born=None).diagnosed(DISABILITY, on=date(2000, 1, 1)),
            "undetermined",
        ),
        Example("no birth date and no diagnosis", Person(born=None), "outside"),
    ),
)

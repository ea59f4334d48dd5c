"""COPD: of people on the register, the share with an MRC grade in 12 months and this season's influenza vaccine."""

from datetime import date

from hi_fhir.measures import (
    Example,
    Person,
    ProportionMeasure,
    clinical_event,
    diagnosed,
    latest_of,
    months,
    registered,
    season,
    vaccinated,
    value_set,
)  # fmt: skip

COPD, RESOLVED = value_set("copd"), value_set("copd-resolved")
VACCINE, DECLINED = value_set("influenza-vaccine"), value_set("influenza-vaccine-declined")
QUESTION, GRADES = value_set("mrc-grade"), tuple(value_set(f"mrc-{grade}") for grade in (1, 2, 3, 4, 5))
MRC_1, MRC_2, MRC_3, MRC_4, MRC_5 = GRADES
WINTER = season((9, 1), (3, 31))
AUTUMN = date(2024, 10, 1)

patient = Person().diagnosed(COPD, date(2015, 1, 1))
graded, given = patient.observed(MRC_3, AUTUMN), patient.vaccinated(VACCINE, AUTUMN)

MEASURE = ProportionMeasure(
    id="copd-breathlessness-and-influenza",
    version="1",
    title="COPD: breathlessness graded and influenza vaccine given",
    description="People with COPD with an MRC grade in 12 months to the reference date and a vaccine of the season.",
    rule_set="try-out",
    source="made up",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & diagnosed(COPD, unless_resolved_by=RESOLVED),
    numerator=latest_of(*GRADES, within=months(12), answering=QUESTION) & vaccinated(VACCINE, WINTER),
    denominator_exception=clinical_event(DECLINED, WINTER),
    examples=(
        Example("graded and given", graded.vaccinated(VACCINE, AUTUMN), "numerator"),
        Example("graded by an answer", given.answered(QUESTION, MRC_5, AUTUMN), "numerator"),
        Example("asked and not answered", given.observed(QUESTION, AUTUMN), "denominator"),
        Example("graded on the first of 12 months", given.observed(MRC_1, date(2024, 4, 1)), "numerator"),
        Example("graded the day before", given.observed(MRC_1, date(2024, 3, 31)), "denominator"),
        Example("given on 1 September", graded.vaccinated(VACCINE, date(2024, 9, 1)), "numerator"),
        Example("given on 31 August", graded.vaccinated(VACCINE, date(2024, 8, 31)), "denominator"),
        Example("given on 31 March", graded.vaccinated(VACCINE, date(2025, 3, 31)), "numerator"),
        Example("given the day after", graded.vaccinated(VACCINE, date(2025, 4, 1)), "denominator"),
        Example("given in the season before", graded.vaccinated(VACCINE, date(2023, 10, 1)), "denominator"),
        Example("not given", graded.vaccinated(VACCINE, AUTUMN, status="not-done"), "denominator"),
        Example("declined", graded.observed(DECLINED, AUTUMN), "exception"),
        Example("declined last season", graded.observed(DECLINED, date(2024, 1, 1)), "denominator"),
        Example("declined, then given", graded.observed(DECLINED, AUTUMN).vaccinated(VACCINE, AUTUMN), "numerator"),
        Example("resolved", graded.observed(RESOLVED, date(2020, 1, 1)), "outside"),
        Example("no COPD", Person().vaccinated(VACCINE, AUTUMN), "outside"),
    ),
)

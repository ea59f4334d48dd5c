"""Blood pressure treated to target in people of 79 or under with hypertension.

Of registered people on the hypertension register, the share whose latest reading in the 12 months to the reference date
is 140/90 mmHg or lower, or 135/85 or lower where it was taken at home. No reading: not met.
"""

from datetime import UTC, date, datetime

from hi_fhir.measures import Example, Person, ProportionMeasure, aged, blood_pressure, months, registered
from hi_fhir.measures.blood_pressure import (
    HYPERTENSION,
    HYPERTENSION_DECLINED,
    INVITATION,
    MAXIMAL_THERAPY,
    NO_AMBULATORY,
    NOT_TO_MARCH,
    RESOLVED,
    UNSUITABLE,
)

JANUARY, FEBRUARY = date(2025, 1, 10), date(2025, 2, 10)
MORNING, EVENING = datetime(2025, 1, 10, 9, tzinfo=UTC), datetime(2025, 1, 10, 17, tzinfo=UTC)


def someone(born: date = date(1970, 1, 1)) -> Person:
    return Person(born=born).diagnosed(HYPERTENSION, on=date(2015, 1, 1))


MEASURE = ProportionMeasure(
    id="hypertension-treated-to-target-under-80",
    version="2025.2",
    title="Hypertension treated to target, 79 or under",
    description=(
        "People aged 79 or under with hypertension whose latest blood pressure in the 12 months to the reference date "
        "is 140/90 mmHg or lower (135/85 or lower at home)."
    ),
    rule_set="QOF HYP008",
    source="Quality and Outcomes Framework, indicator HYP008, as implementers describe it",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered() & aged(at_most=79) & blood_pressure.on_hypertension_register(),
    numerator=blood_pressure.target_met(at_clinic=(140, 90), at_home=(135, 85), within=months(12)),
    denominator_exception=blood_pressure.care_adjustments(),
    caveats=(NO_AMBULATORY, NOT_TO_MARCH),
    examples=(
        Example("at the threshold", someone().blood_pressure(140, 90, JANUARY), "numerator"),
        Example("systolic above", someone().blood_pressure(141, 80, JANUARY), "denominator"),
        Example("diastolic above", someone().blood_pressure(130, 91, JANUARY), "denominator"),
        Example("no reading", someone(), "denominator"),
        Example(
            "the later reading decides",
            someone().blood_pressure(120, 70, JANUARY).blood_pressure(150, 95, FEBRUARY),
            "denominator",
        ),
        Example(
            "a reading on the first of the 12 months", someone().blood_pressure(130, 80, date(2024, 4, 1)), "numerator"
        ),
        Example("a reading the day before them", someone().blood_pressure(130, 80, date(2024, 3, 31)), "denominator"),
        Example(
            "a reading after the reference date", someone().blood_pressure(130, 80, date(2025, 4, 1)), "denominator"
        ),
        Example(
            "the last of a day decides",
            someone().blood_pressure(135, 80, JANUARY, at=MORNING).blood_pressure(150, 95, JANUARY, at=EVENING),
            "denominator",
        ),
        Example(
            "untimed is earlier than timed",
            someone().blood_pressure(120, 70, JANUARY).blood_pressure(150, 95, JANUARY, at=MORNING),
            "denominator",
        ),
        Example(
            "among equals the lowest of each",
            someone().blood_pressure(150, 80, JANUARY).blood_pressure(138, 95, JANUARY),
            "numerator",
        ),
        Example("home at its threshold", someone().blood_pressure(135, 85, JANUARY, home=True), "numerator"),
        Example("home above its threshold", someone().blood_pressure(136, 80, JANUARY, home=True), "denominator"),
        Example(
            "a later home reading decides",
            someone().blood_pressure(120, 70, JANUARY).blood_pressure(138, 80, FEBRUARY, home=True),
            "denominator",
        ),
        Example(
            "on one day either setting suffices",
            someone().blood_pressure(150, 95, JANUARY).blood_pressure(130, 80, JANUARY, home=True),
            "numerator",
        ),
        Example("implausible", someone().blood_pressure(39, 80, JANUARY), "denominator"),
        Example("a unit that is not a pressure", someone().blood_pressure(120, 70, JANUARY, unit="kg"), "denominator"),
        Example("in kilopascals", someone().blood_pressure(18, 11, JANUARY, unit="kPa"), "numerator"),
        Example("in kilopascals, above", someone().blood_pressure(19, 11, JANUARY, unit="kPa"), "denominator"),
        Example("without a unit", someone().blood_pressure(120, 70, JANUARY, unit=None), "numerator"),
        Example(
            "above 140 is not at or below it",
            someone().blood_pressure(140, 80, JANUARY, bounds=(">", None)),
            "denominator",
        ),
        Example(
            "below 140 and at most 90",
            someone().blood_pressure(140, 90, JANUARY, bounds=("<", "<=")),
            "numerator",
        ),
        Example(
            "below 150 leaves it open", someone().blood_pressure(150, 80, JANUARY, bounds=("<", None)), "undetermined"
        ),
        Example(
            "140 or above leaves it open",
            someone().blood_pressure(140, 80, JANUARY, bounds=(">=", None)),
            "undetermined",
        ),
        Example(
            "open, but the diastolic is above",
            someone().blood_pressure(150, 95, JANUARY, bounds=("<", None)),
            "denominator",
        ),
        Example(
            "a bound among equals",
            someone().blood_pressure(120, 80, JANUARY).blood_pressure(100, 80, JANUARY, bounds=(">", None)),
            "numerator",
        ),
        Example(
            "a bound on a later day is the latest reading",
            someone().blood_pressure(120, 80, JANUARY).blood_pressure(150, 80, FEBRUARY, bounds=("<", None)),
            "undetermined",
        ),
        Example(
            "above what is plausible", someone().blood_pressure(350, 80, JANUARY, bounds=(">", None)), "denominator"
        ),
        Example("denied", Person().observed(HYPERTENSION, on=date(2015, 1, 1), negation="denied"), "outside"),
        Example("answered with none", Person().observed(HYPERTENSION, on=date(2015, 1, 1), negation="none"), "outside"),
        Example("79 on the last day of the period", someone(born=date(1945, 4, 1)), "denominator"),
        Example("80 on the last day of the period", someone(born=date(1945, 3, 31)), "outside"),
        Example("no birth date", Person(born=None).diagnosed(HYPERTENSION, date(2015, 1, 1)), "undetermined"),
        Example("resolved", someone().observed(RESOLVED, on=date(2020, 1, 1)), "outside"),
        Example("resolved on the day of diagnosis", someone().observed(RESOLVED, on=date(2015, 1, 1)), "outside"),
        Example(
            "diagnosed again",
            someone().observed(RESOLVED, on=date(2020, 1, 1)).diagnosed(HYPERTENSION, on=date(2021, 1, 1)),
            "denominator",
        ),
        Example("resolved without a date resolves nothing", someone().observed(RESOLVED, on=None), "denominator"),
        Example(
            "a dated one resolves an undated diagnosis",
            Person().diagnosed(HYPERTENSION, on=None).observed(RESOLVED, on=date(2001, 1, 1)),
            "outside",
        ),
        Example(
            "a condition with status resolved is no diagnosis",
            Person().diagnosed(HYPERTENSION, on=date(2015, 1, 1), status="resolved"),
            "outside",
        ),
        Example("maximal therapy", someone().observed(MAXIMAL_THERAPY, JANUARY), "exception"),
        Example("unsuitable", someone().observed(UNSUITABLE, JANUARY), "exception"),
        Example("declined", someone().observed(HYPERTENSION_DECLINED, date(2024, 4, 1)), "exception"),
        Example("declined too long ago", someone().observed(HYPERTENSION_DECLINED, date(2024, 3, 31)), "denominator"),
        Example(
            "two invitations a week apart",
            someone().done(INVITATION, date(2025, 1, 1)).done(INVITATION, date(2025, 1, 8)),
            "exception",
        ),
        Example(
            "two invitations six days apart",
            someone().done(INVITATION, date(2025, 1, 1)).done(INVITATION, date(2025, 1, 7)),
            "denominator",
        ),
        Example(
            "met although an exception stands",
            someone().observed(UNSUITABLE, JANUARY).blood_pressure(120, 70, JANUARY),
            "numerator",
        ),
        Example("first diagnosed 9 months ago", Person().diagnosed(HYPERTENSION, on=date(2024, 7, 1)), "exception"),
        Example(
            "first diagnosed the day before", Person().diagnosed(HYPERTENSION, on=date(2024, 6, 30)), "denominator"
        ),
        Example(
            "registered within 9 months",
            Person(registered_on=date(2024, 7, 1)).diagnosed(HYPERTENSION, on=date(2015, 1, 1)),
            "exception",
        ),
        Example(
            "registered the day before",
            Person(registered_on=date(2024, 6, 30)).diagnosed(HYPERTENSION, on=date(2015, 1, 1)),
            "denominator",
        ),
        Example(
            "a registration without a start is an old one",
            Person(registered_on=None).diagnosed(HYPERTENSION, on=date(2015, 1, 1)),
            "denominator",
        ),
    ),
)

"""A person's clinical history as records: each topic writes a few, in every way in which practices record it."""

from datetime import date, time, timedelta
from random import Random

from hi_fhir.sandbox.people import codes
from hi_fhir.sandbox.people.choices import (
    Weighted,
    around_period,
    before_period,
    day_between,
    in_period,
    in_surgery_hours,
    long_past,
)
from hi_fhir.sandbox.people.model import (
    AS_OF,
    PERIOD_END,
    PERIOD_START,
    Code,
    Component,
    When,
)
from hi_fhir.sandbox.people.notes import Notes

_DAY = timedelta(days=1)
_NINE_MONTHS_AGO = date(2024, 7, 1)
_WEEK = 7


def write_history(notes: Notes, age: int) -> None:
    """Everything that is recorded of a person of about this age, but for the ethnicity."""
    random = notes.random
    pressure = random.random() < (0.08 if age < 40 else 0.45)
    illness = random.random() < 0.08
    disability = random.random() < 0.1
    if pressure:
        _hypertension(notes)
    if pressure or random.random() < 0.3:
        _blood_pressures(notes)
    if illness:
        _severe_mental_illness(notes)
    if disability:
        _learning_disability(notes)
    _checks(notes, usual=0.3)
    if age >= 12:
        _smoking(notes)
    if illness and random.random() < 0.5:
        _yearly_review(notes)
    _encounters(notes)
    _everything_else(notes)


_DIAGNOSES = Weighted(
    {"problem": 62, "old-code": 6, "unreadable": 4, "new": 8, "twice": 10, "noted": 6, "dated-by-record": 4}
)


def _hypertension(notes: Notes) -> None:
    random = notes.random
    code, when = random.choice(codes.HYPERTENSION), long_past(random)
    match _DIAGNOSES.pick(random):
        case "problem":
            notes.add("Condition", code, when)
        case "old-code":
            notes.add("Condition", random.choice(codes.HYPERTENSION_OLD), when)
        case "unreadable":
            notes.add("Condition", random.choice(codes.HYPERTENSION_UNREADABLE), when)
        case "new":
            when = When(random.choice((_NINE_MONTHS_AGO, _NINE_MONTHS_AGO - _DAY, in_period(random))))
            notes.add("Condition", code, when)
        case "twice":
            notes.add("Condition", code, when)
            notes.add("Condition", random.choice(codes.HYPERTENSION), long_past(random))
        case "noted":
            notes.coded(code, when)
        case "dated-by-record":
            when = When(before_period(random))
            notes.add("Condition", code, None, issued=when)
    if random.random() < 0.1:
        _resolve(notes, codes.HYPERTENSION_RESOLVED, when)
    _hypertension_adjustments(notes)


def _resolve(notes: Notes, code: Code, diagnosed: When | None) -> None:
    """A resolving code before, on or after a diagnosis, or without a date."""
    random = notes.random
    known = diagnosed.day if diagnosed else before_period(random)
    when = random.choice(
        (When(known), When(known - _DAY), When(known + 200 * _DAY), When(known - 200 * _DAY), None, When(AS_OF + _DAY))
    )
    notes.coded(code, when)


def _hypertension_adjustments(notes: Notes) -> None:
    """Personalised care adjustments: therapy, unsuitability, declines and invitations, some too old to count."""
    random = notes.random
    for code in (codes.MAXIMAL_THERAPY, codes.UNSUITABLE, codes.HYPERTENSION_DECLINED, codes.PRESSURE_DECLINED):
        if random.random() < 0.04:
            notes.coded(code, around_period(random))
    if random.random() < 0.12:
        first = in_period(random)
        notes.coded(codes.INVITATION[0], When(first))
        if random.random() < 0.8:
            apart = random.choice((0, _WEEK - 1, _WEEK, _WEEK, 30))
            notes.coded(codes.INVITATION[1], When(first + apart * _DAY))


_VISITS = Weighted({"panel": 36, "separate": 14, "home": 15, "home-panel": 9, "both": 7, "many": 12, "half": 7})
_UNITS: Weighted[str | None] = Weighted(
    {"mm[Hg]": 70, "mmHg": 12, "mm Hg": 3, "millimetres of mercury": 2, "kPa": 4, None: 8, "mmhg": 1}
)
_SYSTOLIC = (108, 118, 126, 130, 134, 135, 136, 138, 140, 141, 144, 145, 146, 150, 151, 158, 172)
_DIASTOLIC = (62, 68, 72, 76, 80, 82, 84, 85, 86, 88, 90, 91, 96, 104)
_IMPLAUSIBLE = ((39.0, 72.0), (351.0, 80.0), (130.0, 19.0), (124.0, 201.0), (13.2, 8.1), (0.0, 0.0))
_MILLIMETRES_A_KILOPASCAL = 7.5006
_AT_THE_EDGE = ((40.0, 20.0), (350.0, 80.0), (130.0, 200.0), (40.0, 76.0))


def _blood_pressures(notes: Notes) -> None:
    random = notes.random
    for _ in range(random.choice((0, 1, 1, 2, 2, 3, 4))):
        _visit(notes, around_period(random))


def _visit(notes: Notes, when: When | None) -> None:
    random = notes.random
    way = _VISITS.pick(random)
    systolic, diastolic, unit = _measured(random)
    match way:
        case "panel":
            _panel(notes, when, systolic, diastolic, unit)
        case "separate":
            notes.observed(random.choice(codes.SYSTOLIC), when, systolic, unit)
            notes.observed(random.choice(codes.DIASTOLIC), when, diastolic, unit)
        case "home":
            notes.observed(codes.SYSTOLIC_HOME, when, systolic, unit)
            notes.observed(codes.DIASTOLIC_HOME, when, diastolic, unit)
        case "home-panel":
            _panel(notes, when, systolic, diastolic, unit, home=True)
        case "both":
            _panel(notes, when, systolic, diastolic, unit)
            _panel(notes, when, *_measured(random), home=True)
        case "many":
            _several_in_a_day(notes)
        case "half":
            notes.observed(random.choice(codes.SYSTOLIC), when, systolic, unit)


def _measured(random: Random) -> tuple[float, float, str | None]:
    """Systolic and diastolic with their unit: in kilopascals the number is another, for the same pressure."""
    systolic, diastolic = _reading(random)
    unit = _UNITS.pick(random)
    if unit == "kPa":
        return round(systolic / _MILLIMETRES_A_KILOPASCAL, 1), round(diastolic / _MILLIMETRES_A_KILOPASCAL, 1), unit
    return systolic, diastolic, unit


def _reading(random: Random) -> tuple[float, float]:
    roll = random.random()
    if roll < 0.06:
        return random.choice(_IMPLAUSIBLE)
    if roll < 0.1:
        return random.choice(_AT_THE_EDGE)
    return float(random.choice(_SYSTOLIC)), float(random.choice(_DIASTOLIC))


def _panel(
    notes: Notes, when: When | None, systolic: float, diastolic: float, unit: str | None, home: bool = False
) -> None:
    random = notes.random
    upper = codes.SYSTOLIC_HOME if home else random.choice(codes.SYSTOLIC)
    lower = codes.DIASTOLIC_HOME if home else random.choice(codes.DIASTOLIC)
    parts = (Component(upper, systolic, unit), Component(lower, diastolic, unit))
    notes.add("Observation", random.choice(codes.PANEL), when, components=parts)


def _several_in_a_day(notes: Notes) -> None:
    """Two or three panels of one day: at different times, at one time, or some without a time."""
    random = notes.random
    day = in_period(random)
    for _ in range(random.choice((2, 2, 3))):
        clock = random.choice((None, time(9, 0), time(9, 0), time(16, 40)))
        _panel(notes, When(day, clock=clock), *_measured(random))


def _severe_mental_illness(notes: Notes) -> None:
    random = notes.random
    when = long_past(random)
    if random.random() < 0.8:
        notes.add("Condition", random.choice(codes.SEVERE_MENTAL_ILLNESS), when)
    else:
        notes.coded(random.choice(codes.SEVERE_MENTAL_ILLNESS), when)
    if random.random() < 0.2:
        _resolve(notes, random.choice(codes.REMISSION), when)
    if random.random() < 0.7:
        systolic, diastolic = _reading(random)
        _panel(notes, around_period(random), systolic, diastolic, _UNITS.pick(random))


def _checks(notes: Notes, usual: float) -> None:
    """Body mass index, HbA1c, lipids and alcohol, each as often as `usual`."""
    random = notes.random
    if random.random() < usual:
        notes.observed(codes.BMI, around_period(random), round(18 + random.random() * 22, 1), "kg/m2")
    if random.random() < usual:
        notes.observed(
            random.choice(codes.GLUCOSE), around_period(random), round(30 + random.random() * 40), "mmol/mol"
        )
    if random.random() < usual:
        notes.observed(random.choice(codes.LIPIDS), around_period(random), round(3 + random.random() * 4, 1), "mmol/L")
    if random.random() < usual:
        notes.observed(random.choice(codes.ALCOHOL), around_period(random), float(int(random.random() * 30)), None)


def _yearly_review(notes: Notes) -> None:
    """All six checks of a severe mental illness on one day, or all but one or two of them."""
    random = notes.random
    when = When(in_period(random), clock=in_surgery_hours(random))
    checks = (codes.BMI, codes.GLUCOSE[0], random.choice(codes.LIPIDS), random.choice(codes.ALCOHOL), codes.SMOKING[2])
    left_out = random.choice((None, None, None, *checks))
    for code in checks:
        if code != left_out:
            notes.observed(code, when)
    if random.random() < 0.8:
        _panel(notes, when, *_reading(random), "mm[Hg]")


def _smoking(notes: Notes) -> None:
    random = notes.random
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        readable = random.random() < 0.95
        notes.observed(random.choice(codes.SMOKING if readable else codes.SMOKING_UNREADABLE), around_period(random))


_REVIEWS = Weighted(
    {"both": 58, "plan-first": 8, "check-only": 10, "plan-only": 4, "declined": 10, "two-checks": 8, "": 14}
)


def _learning_disability(notes: Notes) -> None:
    random = notes.random
    code, when = random.choice(codes.LEARNING_DISABILITY), long_past(random)
    if random.random() < 0.8:
        notes.add("Condition", code, when)
    else:
        notes.coded(code, when)
    check = day_between(random, PERIOD_START, PERIOD_END - 30 * _DAY)
    match _REVIEWS.pick(random):
        case "both":
            notes.coded(codes.HEALTH_CHECK, random.choice((When(check), When(check), around_period(random))))
            notes.coded(codes.ACTION_PLAN, random.choice((When(check), When(check + 30 * _DAY), around_period(random))))
        case "plan-first":
            notes.coded(codes.ACTION_PLAN, When(check))
            notes.coded(codes.HEALTH_CHECK, When(check + _DAY))
        case "check-only":
            notes.coded(codes.HEALTH_CHECK, When(check))
        case "plan-only":
            notes.coded(codes.ACTION_PLAN, When(check))
        case "declined":
            notes.coded(random.choice((codes.HEALTH_CHECK_DECLINED, codes.ACTION_PLAN_DECLINED)), around_period(random))
        case "two-checks":
            notes.coded(codes.HEALTH_CHECK, When(check))
            notes.coded(codes.ACTION_PLAN, When(check + 10 * _DAY))
            notes.coded(codes.HEALTH_CHECK, When(check + 30 * _DAY))


def _encounters(notes: Notes) -> None:
    random = notes.random
    for _ in range(random.choice((0, 0, 2, 5, 7, 10, 13, 16))):
        notes.add("Encounter", _reason(random), around_period(random))
    if random.random() < 0.1:
        day = random.choice((PERIOD_END, PERIOD_END - 3 * _DAY))
        for _ in range(random.choice((2, 3))):
            clock = random.choice((None, time(9, 10), time(9, 10), time(17, 20)))
            notes.add("Encounter", _reason(random), When(day, clock=clock))


def _reason(random: Random) -> Code | None:
    roll = random.random()
    if roll < 0.7:
        return random.choice(codes.REASONS)
    return codes.REASON_UNCODED if roll < 0.82 else None


def _everything_else(notes: Notes) -> None:
    """What no measure reads, so that asking for less than everything shows; and now and then an event of nobody."""
    random = notes.random
    for _ in range(random.choice((0, 1, 2, 3))):
        notes.add("Condition", random.choice(codes.OTHER_CONDITIONS), long_past(random))
    for _ in range(random.choice((8, 10, 14, 18))):
        code, unit, low, high = random.choice(codes.OTHER_OBSERVATIONS)
        notes.observed(code, around_period(random), round(low + random.random() * (high - low), 1), unit)
    for _ in range(random.choice((0, 0, 1, 2))):
        notes.add("Procedure", random.choice(codes.OTHER_PROCEDURES), around_period(random))
    for _ in range(random.choice((0, 1, 3, 5))):
        notes.add("Immunization", random.choice(codes.VACCINES), around_period(random))
    for _ in range(random.choice((0, 2, 5, 10))):
        notes.add("MedicationRequest", random.choice(codes.MEDICINES), around_period(random))
    if random.random() < 0.012:
        notes.add(
            "Observation",
            random.choice(codes.SMOKING),
            When(in_period(random)),
            patient_id=f"{notes.records[0].id}-gone",
        )


_OBJECTIONS = Weighted({"": 93, "stands": 2.5, "undated": 1, "withdrawn": 1.5, "withdrawn-before": 1, "same-day": 1})


def write_opt_out(notes: Notes) -> None:
    """A type 1 opt-out, for some of them withdrawn before, on or after its day."""
    random = notes.random
    way = _OBJECTIONS.pick(random)
    if not way:
        return
    day = before_period(random)
    notes.coded(codes.OPT_OUT, None if way == "undated" else When(day))
    match way:
        case "withdrawn":
            notes.coded(codes.OPT_OUT_WITHDRAWN, When(in_period(random)))
        case "withdrawn-before":
            notes.coded(codes.OPT_OUT_WITHDRAWN, When(day - _DAY))
        case "same-day":
            notes.coded(codes.OPT_OUT_WITHDRAWN, When(day))

"""What each measure makes of a registered person, sentence by sentence of the rules."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from hi_fhir.sandbox.truth.days import within
from hi_fhir.sandbox.truth.ethnicity import NOT_KNOWN, NOT_RECORDED, NOT_STATED, REFUSED
from hi_fhir.sandbox.truth.evidence import Evidence, Visit
from hi_fhir.sandbox.truth.pressure import has_reading, is_target_met
from hi_fhir.sandbox.truth.setting import TruthSetting, Window

INITIAL, DENOMINATOR, NUMERATOR = "initial_population", "denominator", "numerator"
EXCEPTION, UNDETERMINED = "denominator_exception", "undetermined"

_DECLINED = ("blood-pressure-declined", "hypertension-declined")
_WEEK = 7


class Subject(NamedTuple):
    """A registered person. age: None where the birth date is absent. ethnicity: as `ethnicity_of` gives it.

    is_specific, agreement: of the ethnicity, as the functions of these names. is_birth_date_exact: it is known to
    the day. sex: None where the record does not say. sexes: all that the patient records of the person say.
    standing: of the NHS number, as people are told by it. home: as the kind of `deprivation_of`.
    language, interpreter: as the patient record has them.
    """

    age: int | None
    is_birth_date_exact: bool
    sex: str | None
    sexes: tuple[str, ...]
    ethnicity: str
    is_specific: bool
    agreement: bool | None
    standing: str
    home: str
    language: str
    interpreter: str
    registered_since: date | None
    evidence: Evidence
    setting: TruthSetting


Outcome = tuple[str, ...]
"""The populations that count a person."""

_OUTSIDE: Outcome = ()


def outcomes(subject: Subject) -> dict[str, Outcome]:
    """By measure."""
    return {measure: rule(subject) for measure, rule in _RULES.items()}


def _is_recorded(subject: Subject) -> bool:
    return subject.ethnicity not in (NOT_KNOWN, NOT_RECORDED)


def _is_stated(subject: Subject) -> bool:
    return _is_recorded(subject) and subject.ethnicity not in (NOT_STATED, REFUSED)


def _decided(initial: bool | None, numerator: bool | None, exception: bool = False) -> Outcome:
    """initial, numerator: None where an unknown age, a bound or a reason that did not come leaves it open."""
    if initial is None:
        return (UNDETERMINED,)
    if not initial:
        return _OUTSIDE
    if numerator:
        return (INITIAL, DENOMINATOR, NUMERATOR)
    excepted = (EXCEPTION,) if exception else ()
    return (INITIAL, DENOMINATOR, *excepted, *((UNDETERMINED,) if numerator is None else ()))


def _aged(subject: Subject, lowest: int, highest: int, others: bool) -> bool | None:
    """Of this age, and all else that the population asks for (`others`, which is always known)."""
    if not others:
        return False
    return None if subject.age is None else lowest <= subject.age <= highest


def _any_in(evidence: Evidence, value_set: str, window: Window) -> bool:
    return any(within(day, window) for day in evidence.days[value_set])


def _is_diagnosed(evidence: Evidence, diagnosis: str, resolving: str) -> bool:
    """Diagnosed, and no resolving code dated on or after the latest dated diagnosis."""
    diagnoses = evidence.days[diagnosis]
    if not diagnoses:
        return False
    latest = max((day for day in diagnoses if day), default=None)
    return not any(day and (latest is None or day >= latest) for day in evidence.days[resolving])


def _health_check(subject: Subject) -> Outcome:
    evidence, period = subject.evidence, subject.setting.in_period
    checks = [day for day in evidence.days["learning-disability-health-check"] if day and within(day, period)]
    plans = [day for day in evidence.days["health-action-plan"] if day and within(day, period)]
    done = bool(checks) and any(plan >= min(checks) for plan in plans)
    declined = _any_in(evidence, "learning-disability-health-check-declined", period) or _any_in(
        evidence, "health-action-plan-declined", period
    )
    initial = _aged(subject, 14, 200, bool(evidence.days["learning-disability"]))
    return _decided(initial, done and _is_recorded(subject), declined)


def _hypertension(subject: Subject, over: bool) -> Outcome:
    evidence, year = subject.evidence, subject.setting.months(12)
    registered = _is_diagnosed(evidence, "hypertension", "hypertension-resolved")
    if over:
        initial = _aged(subject, 80, 200, registered)
        met = is_target_met(evidence, year, at_clinic=(150, 90), at_home=(145, 85))
    else:
        initial = _aged(subject, 0, 79, registered)
        met = is_target_met(evidence, year, at_clinic=(140, 90), at_home=(135, 85))
    return _decided(initial, met, _is_adjusted(subject))


def _is_adjusted(subject: Subject) -> bool:
    """Whether any exception of the blood pressure measures holds."""
    evidence, year, nine_months = subject.evidence, subject.setting.months(12), subject.setting.months(9)
    refusals = ("hypertension-maximal-therapy", "hypertension-unsuitable", *_DECLINED)
    if any(_any_in(evidence, value_set, year) for value_set in refusals):
        return True
    invited = sorted(day for day in evidence.days["hypertension-invitation"] if day and within(day, year))
    if len(invited) > 1 and (invited[-1] - invited[0]).days >= _WEEK:
        return True
    first = min((day for day in evidence.days["hypertension"] if day), default=None)
    return within(first, nine_months) or within(subject.registered_since, nine_months)


def _observed(subject: Subject, value_set: str, from_age: int, months: int = 12) -> Outcome:
    recorded = _any_in(subject.evidence, value_set, subject.setting.months(months))
    return _decided(_aged(subject, from_age, 200, True), recorded)


def _pressure_recorded(subject: Subject, months: int) -> Outcome:
    return _decided(_aged(subject, 45, 200, True), has_reading(subject.evidence, subject.setting.months(months)))


def _six_checks(subject: Subject) -> Outcome:
    evidence, year = subject.evidence, subject.setting.months(12)
    others = ("bmi", "alcohol", "lipids", "hba1c-or-glucose", "smoking-status")
    done = has_reading(evidence, year) and all(_any_in(evidence, check, year) for check in others)
    return _decided(_is_diagnosed(evidence, "severe-mental-illness", "severe-mental-illness-remission"), done)


def _latest_visits(subject: Subject) -> list[Visit]:
    """Those of the last moment of the period at which there is any."""
    visits = [visit for visit in subject.evidence.visits if within(visit.day, subject.setting.in_period)]
    latest = max(((visit.day, visit.order) for visit in visits), default=None)
    return [visit for visit in visits if (visit.day, visit.order) == latest]


def _encounter_reason(subject: Subject) -> Outcome:
    coded = {visit.is_coded for visit in _latest_visits(subject)}
    return _decided(bool(coded), True if True in coded else None if None in coded else False)


def _encounter_kind(subject: Subject, has_kind: Callable[[Visit], bool]) -> Outcome:
    latest = _latest_visits(subject)
    return _decided(bool(latest), any(map(has_kind, latest)))


def _problems(subject: Subject) -> Outcome:
    found = [coded for day, coded in subject.evidence.problems if within(day, subject.setting.in_period)]
    return _decided(bool(found), all(found))


_RULES: dict[str, Callable[[Subject], Outcome]] = {
    "ethnicity-recorded": lambda one: _decided(True, _is_recorded(one)),
    "ethnicity-usable": lambda one: _decided(True, _is_stated(one)),
    "ethnicity-specific": lambda one: _decided(_is_stated(one), one.is_specific),
    "ethnicity-consistent": lambda one: _decided(one.agreement is not None, one.agreement),
    "birth-date-recorded": lambda one: _decided(True, one.age is not None),
    "birth-date-exact": lambda one: _decided(one.age is not None, one.is_birth_date_exact),
    "sex-consistent": lambda one: _decided(len(one.sexes) > 1, len({*one.sexes}) == 1),
    "sex-recorded": lambda one: _decided(True, one.sex not in (None, "unknown")),
    "language-recorded": lambda one: _decided(True, one.language in ("communication", "words", "extension")),
    "interpreter-recorded": lambda one: _decided(True, bool(one.interpreter)),
    "nhs-number-valid": lambda one: _decided(True, one.standing in ("verified", "present")),
    "nhs-number-verified": lambda one: _decided(True, one.standing == "verified"),
    "address-recorded": lambda one: _decided(True, None if one.home == "restricted" else one.home != "no-postcode"),
    "deprivation-linked": lambda one: _decided(True, one.home == "linked"),
    "learning-disability-health-check": _health_check,
    "hypertension-treated-to-target-under-80": lambda one: _hypertension(one, over=False),
    "hypertension-treated-to-target-80-and-over": lambda one: _hypertension(one, over=True),
    "smoking-status-recorded": lambda one: _observed(one, "smoking-status", 16),
    "bmi-recorded": lambda one: _observed(one, "bmi", 18),
    "alcohol-recorded": lambda one: _observed(one, "alcohol", 18),
    "smoking-status-in-five-years": lambda one: _observed(one, "smoking-status", 16, 60),
    "bmi-in-five-years": lambda one: _observed(one, "bmi", 18, 60),
    "alcohol-in-five-years": lambda one: _observed(one, "alcohol", 18, 60),
    "blood-pressure-recorded": lambda one: _pressure_recorded(one, 60),
    "blood-pressure-in-twelve-months": lambda one: _pressure_recorded(one, 12),
    "severe-mental-illness-six-checks": _six_checks,
    "encounter-reason-coded": _encounter_reason,
    "encounter-type-coded": lambda one: _encounter_kind(one, lambda visit: visit.has_type),
    "encounter-class-coded": lambda one: _encounter_kind(one, lambda visit: visit.has_class),
    "problems-coded": _problems,
}

MEASURES = tuple(sorted(_RULES))
"""Ids of the measures whose numbers the sandbox knows; a measure that is not here has no truth to be held to."""

"""Records that say something else than that what their code names is so, with one value."""

from datetime import time, timedelta
from random import Random

from hi_fhir.sandbox.people import answers, codes
from hi_fhir.sandbox.people.choices import Weighted, around_period, day_between, in_period
from hi_fhir.sandbox.people.model import AS_OF, Code, CodedAnswer, Component, SyntheticPerson, When
from hi_fhir.sandbox.people.notes import Notes

_BOUNDED, _OTHERWISE, _SELDOM, _ASKED = 0.2, 0.15, 0.02, 0.2

_SYSTOLIC = (
    (">", 140),
    (">=", 140),
    ("<=", 140),
    ("<", 140),
    (">", 135),
    ("<=", 150),
    ("<", 151),
    (">", 200),
    (">", 100),
)
_DIASTOLIC = (("<=", 90), ("<", 86), (">=", 90), (">", 90), (">", 85), (">", 40))
_HARDLY = ((">", 350), (">=", 350), ("<", 40), ("<=", 40), (">", 18.7), ("<=", 18.6))
"""Bounds of a systolic at the edges of what can be; the last two are in kilopascals."""


def with_qualified(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with a few such records more; `random` is for them alone, so that all else stays as it was made."""
    notes = Notes(random, [patient.id for patient in person.patients], person.records)
    means = {record.code.means for record in person.records if record.code}
    if random.random() < (_BOUNDED if "hypertension" in means else _SELDOM):
        _bounded_pressures(notes)
    if random.random() < (_OTHERWISE if "hypertension" in means else _SELDOM):
        _pressures_of_another_kind(notes)
    if random.random() < _ASKED:
        _asked(notes)
    return SyntheticPerson(person.patients, tuple(notes.records))


def _bounded_pressures(notes: Notes) -> None:
    """Readings late in the period of which one value or both are bounds, some beside another of the same instant."""
    random = notes.random
    day = day_between(random, AS_OF - timedelta(days=60), AS_OF)
    when = When(day, clock=random.choice((None, time(9, 0))))
    home = random.random() < 0.3
    systolic, diastolic = codes.SYSTOLIC[0], codes.DIASTOLIC[0]
    if home:
        systolic, diastolic = codes.SYSTOLIC_HOME, codes.DIASTOLIC_HOME
    comparator, value = random.choice(_SYSTOLIC if random.random() < 0.8 else _HARDLY)
    unit = "kPa" if value < 30 else "mm[Hg]"
    if random.random() < 0.6:
        lower = Component(diastolic, random.choice((70, 80, 90)), "mm[Hg]")
    else:
        below, limit = random.choice(_DIASTOLIC)
        lower = Component(diastolic, limit, "mm[Hg]", below)
    if random.random() < 0.7:
        parts = (Component(systolic, value, unit, comparator), lower)
        notes.add("Observation", codes.PANEL[0], when, components=parts)
    else:
        notes.add("Observation", systolic, when, value=value, unit=unit, comparator=comparator)
        notes.add("Observation", diastolic, when, value=lower.value, unit=lower.unit, comparator=lower.comparator)
    if random.random() < 0.3:
        notes.add("Observation", systolic, when, value=random.choice((130, 140, 160)), unit="mm[Hg]")


_CONVERTED = {"kilopascals": 7.5006, "Pa": 0.0075006, "cm[H2O]": 0.73556}
"""Unit to millimetres of mercury."""
_OF_NO_PRESSURE = ("/min", "mmol/L", "cm", "points")


def _pressures_of_another_kind(notes: Notes) -> None:
    """A reading late in the period: over the day, or in a seldom unit, or in one that measures no pressure."""
    random = notes.random
    when = When(day_between(random, AS_OF - timedelta(days=90), AS_OF))
    upper, lower = random.choice((118, 134, 138, 142, 148, 156)), random.choice((70, 86, 94))
    unit = random.choice((*_CONVERTED, *_OF_NO_PRESSURE))
    measured = (codes.SYSTOLIC[0], codes.DIASTOLIC[0])
    if random.random() < 0.2:
        measured, unit = codes.AMBULATORY, "mm[Hg]"
    factor = _CONVERTED.get(unit, 1)
    parts = [Component(measured[0], round(upper / factor, 1), unit), Component(measured[1], lower, "mm[Hg]")]
    if random.random() < 0.8:
        parts[1] = Component(measured[1], round(lower / factor, 1), unit)
    notes.add("Observation", codes.PANEL[0], when, components=tuple(parts))


_ASKED_FOR = (
    codes.HYPERTENSION[0],
    codes.HYPERTENSION_RESOLVED,
    codes.SEVERE_MENTAL_ILLNESS[0],
    codes.LEARNING_DISABILITY[0],
    codes.HEALTH_CHECK,
    codes.PRESSURE_DECLINED,
    codes.INVITATION[0],
    codes.OPT_OUT,
    codes.OPT_OUT_WITHDRAWN,
    codes.CATEGORY_SNOMED["92391000000108"],
    codes.REFUSED,
)
_MEASURED = (codes.SMOKING[2], codes.SMOKING[0], codes.BMI, codes.ALCOHOL[0], codes.LIPIDS[0], codes.GLUCOSE[0])
_KINDS = Weighted({"asked": 35, "measured": 25, "questionnaire": 25, "answered": 15})


def _asked(notes: Notes) -> None:
    """A question that is answered with no, none or not known, or so that what it names stands; or several at once."""
    random = notes.random
    match _KINDS.pick(random):
        case "asked":
            notes.add("Observation", random.choice(_ASKED_FOR), around_period(random), answer=_answer(random))
        case "measured":
            notes.add("Observation", random.choice(_MEASURED), around_period(random), answer=_answer(random))
        case "questionnaire":
            parts = tuple(_part(random, code) for code in random.sample((*_ASKED_FOR, *_MEASURED), 3))
            notes.add("Observation", codes.QUESTIONNAIRE, When(in_period(random)), components=parts)
        case "answered":
            asked = random.choice((codes.ETHNICITY_ASKED, codes.SMOKING[1]))
            named = random.choice((codes.CATEGORY_SNOMED["110751000000108"], codes.HYPERTENSION[0]))
            answer = CodedAnswer("concept", named.codings, named.text)
            notes.add("Observation", asked, around_period(random), answer=answer)


def _part(random: Random, code: Code) -> Component:
    return Component(code, None, None, answer=random.choice((None, _answer(random))))


def _answer(random: Random) -> CodedAnswer:
    kinds = (answers.DENIED, answers.DENIED, answers.NONE, answers.ABSENT, answers.NEITHER)
    return random.choice(random.choice(kinds))

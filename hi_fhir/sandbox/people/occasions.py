"""Records that are hard to say when or why of: at several times, on days that cannot be, for a reason elsewhere."""

from datetime import date, time, timedelta
from random import Random

from hi_fhir.sandbox.people import codes
from hi_fhir.sandbox.people.choices import Weighted, day_between, in_period, in_surgery_hours
from hi_fhir.sandbox.people.model import AS_OF, DATA_DATE, Component, Reason, SyntheticPerson, When
from hi_fhir.sandbox.people.notes import Notes

_REFERRED, _TIMED, _NEVER = 0.15, 0.1, 0.12
_DAY = timedelta(days=1)

_OBSERVED = (codes.SMOKING[0], codes.BMI, codes.ALCOHOL[0], codes.LIPIDS[0], codes.GLUCOSE[0])
_NOTED = (
    codes.HYPERTENSION[0],
    codes.HYPERTENSION_RESOLVED,
    codes.SEVERE_MENTAL_ILLNESS[0],
    codes.REMISSION[0],
    codes.LEARNING_DISABILITY[0],
    codes.HEALTH_CHECK,
    codes.OPT_OUT,
    codes.CATEGORY_SNOMED["92391000000108"],
)


def with_occasions(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with a few such records more; `random` is for them alone, so that all else stays as it was made."""
    notes = Notes(random, [patient.id for patient in person.patients], person.records)
    if random.random() < _REFERRED:
        _seen_for_a_reason_elsewhere(notes)
    if random.random() < _TIMED:
        _at_several_times(notes)
    if random.random() < _NEVER:
        _on_no_day(notes)
    return SyntheticPerson(person.patients, tuple(notes.records))


_REASONS = Weighted(
    {"record": 34, "absolute": 6, "elsewhere": 6, "identifier": 6, "contained": 12, "display": 6, "gone": 12}
    | {"another-kind": 8, "beside": 10}
)


def _seen_for_a_reason_elsewhere(notes: Notes) -> None:
    """The last encounter, now and then one of two at once: its reason is a record, within it, elsewhere or nowhere."""
    random = notes.random
    way = _REASONS.pick(random)
    problems = [record for record in notes.records if record.type == "Condition"]
    about, code, reason = None, None, Reason("record", id=f"{notes.records[0].id}-gone")
    match way:
        case "record" | "absolute" | "elsewhere" if problems:
            problem = random.choice(problems)
            about, reason = problem.patient_id, Reason(way, id=problem.id)
        case "contained":
            reason = Reason(way, code=random.choice((codes.REASONS[0], codes.REASON_UNCODED, None)))
        case "display" | "identifier":
            reason = Reason(way)
        case "another-kind":
            reason = Reason("record", "Observation", notes.records[0].id)
        case "beside":
            code = random.choice((codes.REASONS[0], codes.REASON_UNCODED))
    when = When(AS_OF, clock=time(18, random.choice((0, 30))))
    notes.add("Encounter", code, when, status="finished", reason=reason, patient_id=about)
    if random.random() < 0.2:
        notes.add("Encounter", random.choice((codes.REASONS[1], codes.REASON_UNCODED)), when, status="finished")


_NEVER_WAS = (date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 31), date(2200, 1, 1), date(9999, 12, 31))
_HARDLY = (date(1900, 1, 1), DATA_DATE + _DAY, date(2199, 12, 31))
"""Days that can be, though nothing of them is seen or they are the first and the last that can."""


def _at_several_times(notes: Notes) -> None:
    """An Observation that is dated by a Timing: its events in any order, the start of its bounds, or both."""
    random = notes.random
    day = day_between(random, AS_OF - 500 * _DAY, AS_OF)
    timed = (When(day, clock=clock) for clock in (time(0, 30), time(9, 0)))
    events = [*timed, When(day), When(day + 200 * _DAY), When(random.choice(_NEVER_WAS))]
    some = tuple(random.sample(events, random.choice((0, 1, 2, 3))))
    begun = random.choice((day, day - 100 * _DAY, _NEVER_WAS[0]))
    bounds = When(begun) if not some or random.random() < 0.5 else None
    issued = When(in_period(random), clock=in_surgery_hours(random))
    code = codes.PANEL[0] if random.random() < 0.3 else random.choice(_OBSERVED)
    parts = (Component(codes.SYSTOLIC[0], 150, "mm[Hg]"), Component(codes.DIASTOLIC[0], 80, "mm[Hg]"))
    measured = parts if code in codes.PANEL else ()
    notes.add("Observation", code, None, issued=issued, events=some, bounds=bounds, components=measured)


def _on_no_day(notes: Notes) -> None:
    """A record of a day that cannot be, or hardly can, dated by when it was written down or by nothing else."""
    random = notes.random
    when = When(random.choice((*_NEVER_WAS, *_HARDLY)))
    issued = When(in_period(random), clock=in_surgery_hours(random)) if random.random() < 0.5 else None
    match random.choice(("Condition", "Condition", "Observation", "Procedure", "Encounter")):
        case "Encounter":
            notes.add("Encounter", codes.REASON_UNCODED, when)
        case "Procedure":
            notes.add("Procedure", random.choice(_NOTED), when)
        case type_:
            seen = (*_NOTED, *_OBSERVED) if type_ == "Observation" else _NOTED
            notes.add(type_, random.choice(seen), when, issued=issued)

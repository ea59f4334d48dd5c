"""What of a person's records is seen: those that count, up to the reference date, by what their codes mean."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import NamedTuple

from hi_fhir.sandbox.people.codes import SNOMED
from hi_fhir.sandbox.people.model import AS_OF, Code, Component, Record, SyntheticPerson
from hi_fhir.sandbox.truth.days import clock_order, dated
from hi_fhir.sandbox.truth.recorded import counts, recorded

_NOTED = frozenset({"Condition", "Observation", "Procedure"})
_PRESSURES = {
    "systolic-blood-pressure": ("clinic", "systolic"),
    "diastolic-blood-pressure": ("clinic", "diastolic"),
    "systolic-blood-pressure-home": ("home", "systolic"),
    "diastolic-blood-pressure-home": ("home", "diastolic"),
}
_MILLIMETRES = dict.fromkeys((None, "mm[Hg]", "mmHg", "mm Hg", "mmhg", "millimetres of mercury"), 1.0)
PRESSURES = _MILLIMETRES | {"kPa": 7.50062, "kilopascals": 7.50062, "Pa": 0.00750062, "cm[H2O]": 0.735559}
"""Unit of a pressure to how many millimetres of mercury it is; no other unit is one."""
_PLAUSIBLE = {"systolic": (40, 350), "diastolic": (20, 200)}


class Pressure(NamedTuple):
    """What a value in millimetres of mercury allows. order: where it stands among those of its day.

    lowest, highest: the least and the most that it may be. above: it is more than `lowest`, never that itself.
    """

    day: date
    order: tuple[bool, time]
    lowest: float
    above: bool
    highest: float


class Statement(NamedTuple):
    """What a record says of the ethnicity. day: None where undated."""

    day: date | None
    says: str


class Visit(NamedTuple):
    """A dated encounter. is_coded: None where its reason is a record that did not come.

    has_type: one in SNOMED CT. has_class: one of the list of FHIR R4.
    """

    day: date
    order: tuple[bool, time]
    is_coded: bool | None
    has_type: bool
    has_class: bool


@dataclass
class Evidence:
    """days: of the records of each value set, None for an undated one. pressures: by setting and kind.

    problems: the day of each dated Condition, and whether it has a SNOMED CT code.
    """

    days: dict[str, list[date | None]] = field(default_factory=lambda: defaultdict(list))
    pressures: dict[tuple[str, str], list[Pressure]] = field(default_factory=lambda: defaultdict(list))
    statements: list[Statement] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    problems: list[tuple[date, bool]] = field(default_factory=list)


def evidence_of(person: SyntheticPerson, as_of: date = AS_OF) -> Evidence:
    """The evidence that all patient records of a person give together, up to the reference date."""
    evidence = Evidence()
    own = {patient.id for patient in person.patients}
    problems = {one.id: one for one in person.records if one.type == "Condition" and one.status != "entered-in-error"}
    for record in person.records:
        day = dated(record)
        if record.patient_id in own and counts(record) and (day is None or day <= as_of):
            _add(evidence, record, day, problems)
    return evidence


def _add(evidence: Evidence, record: Record, day: date | None, problems: Mapping[str, Record]) -> None:
    if record.type == "Encounter":
        if day is not None:
            evidence.visits.append(_visit(record, day, problems))
    elif record.type in _NOTED:
        if record.type == "Condition" and day is not None:
            evidence.problems.append((day, _is_in_snomed(record.code)))
        for code in recorded(record):
            if code.says:
                evidence.statements.append(Statement(day, code.says))
            elif code.means:
                evidence.days[code.means].append(day)
        if day is not None:
            for part in _values(record):
                _add_pressure(evidence, record, day, part)


def _visit(record: Record, day: date, problems: Mapping[str, Record]) -> Visit:
    kind = record.visit.encounter_class
    return Visit(
        day,
        clock_order(record),
        is_coded=_is_reason_coded(record, problems),
        has_type=_is_in_snomed(record.visit.type),
        has_class=kind is not None and kind.means == "encounter-class",
    )


def _is_in_snomed(code: Code | None) -> bool:
    return code is not None and any(system == SNOMED for system, _ in code.codings)


def _is_reason_coded(record: Record, problems: Mapping[str, Record]) -> bool | None:
    """Whether an encounter's reason, or the Condition that it refers to, has a code. problems: Conditions by id."""
    reason = record.reason
    if _has_code(record.code) or reason is None:
        return _has_code(record.code)
    match reason.way:
        case "display":
            return False
        case "contained":
            return _has_code(reason.code)
        case "record" | "absolute" if reason.type == "Condition" and reason.id in problems:
            return _has_code(problems[reason.id].code)
    return None


def _has_code(code: Code | None) -> bool:
    return code is not None and bool(code.codings)


def _values(record: Record) -> Iterator[Component]:
    if record.code and record.value is not None:
        yield Component(record.code, record.value, record.unit, record.comparator)
    yield from record.components


def _add_pressure(evidence: Evidence, record: Record, day: date, part: Component) -> None:
    named = _PRESSURES.get(part.code.means or "")
    if named is None or part.value is None or part.unit not in PRESSURES:
        return
    value = round(part.value * PRESSURES[part.unit], 9)
    least, most = _PLAUSIBLE[named[1]]
    if _is_plausible(part.comparator, value, least, most):
        found = Pressure(day, clock_order(record), *_allowed(part.comparator, value, least, most))
        evidence.pressures[named].append(found)


def _is_plausible(comparator: str | None, value: float, least: float, most: float) -> bool:
    """Whether any value from the least to the most that are plausible is one that this one allows."""
    match comparator:
        case None:
            return least <= value <= most
        case "<":
            return value > least
        case "<=":
            return value >= least
        case ">":
            return value < most
        case ">=":
            return value <= most
    return True


def _allowed(comparator: str | None, value: float, least: float, most: float) -> tuple[float, bool, float]:
    """From where (and whether only above it) up to where a value lies; a comparator that none knows says nothing."""
    match comparator:
        case None:
            return value, False, value
        case "<" | "<=":
            return least, False, value
        case ">" | ">=":
            return value, comparator == ">", most
    return least, False, most

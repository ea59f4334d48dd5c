"""People of the sandbox made by hand, each with just what a test is about."""

from datetime import date, time
from functools import cache
from typing import Any

from hi_fhir.sandbox.people import codes, make_people
from hi_fhir.sandbox.people.model import (
    Address,
    Code,
    Component,
    NhsNumber,
    Patient,
    Record,
    Registration,
    SyntheticPerson,
    When,
)
from hi_fhir.sandbox.people.places import ENGLISH, PRACTICES

_COUNTS = {"Condition": "active", "Encounter": "finished", "Observation": "final", "Procedure": "completed"}


@cache
def a_thousand() -> tuple[SyntheticPerson, ...]:
    """Not by hand: those of seed 1."""
    return tuple(make_people(1000, seed=1))


def on(day: str, *, precision: str = "day", clock: str | None = None, utc: bool = False) -> When:
    return When(date.fromisoformat(day), precision, time.fromisoformat(clock) if clock else None, utc)


def at_practice(
    number: int = 1, *, start: str | None = "2010-01-01", end: str | None = None, **given: Any
) -> Registration:
    """A registration by generalPractitioner, unless `kind` says otherwise."""
    ends = {"start": on(start) if start else None, "end": on(end) if end else None}
    return Registration(**{"kind": "general-practitioner", "practice": PRACTICES[number - 1], **ends, **given})


def a_patient(**given: Any) -> Patient:
    """Somebody of 50 who is registered at the first practice, lives at a known postcode and has no ethnicity."""
    return Patient(
        **{
            "id": "somebody",
            "nhs_number": NhsNumber("9990000018", "verified"),
            "given": "Ash",
            "family": "Quartz",
            "sex": "female",
            "born": on("1974-06-01"),
            "address": Address(ENGLISH[0]),
            "active": True,
            "death": None,
            "restricted": False,
            "ethnicity": None,
            "registrations": (at_practice(),),
            **given,
        }
    )


def a_record(type_: str, code: Code | None = codes.REASONS[0], *, when: When | None = None, **given: Any) -> Record:
    """A record about `somebody` that counts, in the period unless `when` is given."""
    settled = {"id": "record", "patient_id": "somebody", "status": _COUNTS[type_], **given}
    return Record(**{"type": type_, "code": code, "when": when or on("2024-06-03"), **settled})


def undated(record: Record) -> Record:
    return Record(**{name: getattr(record, name) for name in record.__slots__} | {"when": None})


def a_pressure(
    systolic: float | tuple[str, float],
    diastolic: float | tuple[str, float],
    *,
    home: bool = False,
    unit: str | None = "mm[Hg]",
    **given: Any,
) -> Record:
    """A blood pressure as a panel of two components, each a value or a comparator and a value."""
    upper, lower = (codes.SYSTOLIC_HOME, codes.DIASTOLIC_HOME) if home else (codes.SYSTOLIC[0], codes.DIASTOLIC[0])
    parts = (_measured(upper, systolic, unit), _measured(lower, diastolic, unit))
    return a_record("Observation", codes.PANEL[0], components=parts, **given)


def _measured(code: Code, value: float | tuple[str, float], unit: str | None) -> Component:
    if isinstance(value, tuple):
        return Component(code, value[1], unit, value[0])
    return Component(code, value, unit)


def a_person(*patients: Patient, records: tuple[Record, ...] = ()) -> SyntheticPerson:
    return SyntheticPerson(patients or (a_patient(),), records)

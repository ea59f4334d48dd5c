"""Every trait that people of the sandbox may have is among a thousand of them."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from hi_fhir.sandbox.people import answers, codes
from hi_fhir.sandbox.people.model import (
    DATA_DATE,
    Code,
    CodedAnswer,
    Patient,
    Record,
    Registration,
    SyntheticPerson,
    When,
)
from hi_fhir.sandbox.truth.linked import disagreeing
from hi_fhir.sandbox.truth.merged import merges
from tests.support.sandbox_people import a_thousand

ANSWERS = (*answers.DENIED, *answers.NONE, *answers.ABSENT, *answers.NEITHER)
AS_OF = date(2025, 3, 31)


def _patients() -> Iterator[Patient]:
    return (patient for person in a_thousand() for patient in person.patients)


def _records(type_: str = "") -> Iterator[Record]:
    return (record for person in a_thousand() for record in person.records if type_ in ("", record.type))


def _of_patients(has: Callable[[Patient], object]) -> int:
    return sum(bool(has(patient)) for patient in _patients())


def _of_registrations(has: Callable[[Registration], object]) -> int:
    return _of_patients(lambda patient: any(map(has, patient.registrations)))


def _of_records(has: Callable[[Record], object], type_: str = "") -> int:
    return sum(bool(has(record)) for record in _records(type_))


def _of_people(has: Callable[[SyntheticPerson], object]) -> int:
    return sum(bool(has(person)) for person in a_thousand())


def _by_extension(system_ends: str, code: str = "") -> int:
    def has(patient: Patient) -> bool:
        codings = patient.ethnicity.codings if patient.ethnicity else ()
        return any(system.endswith(system_ends) and code in ("", one) for system, one in codings)

    return _of_patients(has)


def _in_system(code: Code | None, system: str) -> bool:
    return code is not None and any(system == one for one, _ in code.codings)


def _days_disagree(person: SyntheticPerson, same_day: bool) -> bool:
    said = [(r.when.day, r.code.says) for r in person.records if r.code and r.code.says and r.when]
    said = [(day, says) for day, says in said if says and len(says) == 1]
    return any((a == b) == same_day and x != y for a, x in said for b, y in said)


def _readings_in_a_day(person: SyntheticPerson) -> bool:
    timed = Counter(r.when.day for r in person.records if r.components and r.when and r.when.clock)
    return any(count > 1 for count in timed.values())


def _parts_answers(record: Record) -> Iterator[CodedAnswer | None]:
    return (part.answer for part in record.components)


def _unit(unit: str | None) -> int:
    return _of_records(lambda r: any(part.unit == unit for part in r.components))


def _never_was(when: When | None) -> bool:
    return when is not None and not 1900 <= when.day.year < 2200


LIVES: dict[str, Callable[[Patient], tuple[When | None, ...]]] = {
    "a birth": lambda p: (p.born,),
    "a death": lambda p: (p.death.when if p.death else None,),
    "the start of a registration": lambda p: tuple(r.start for r in p.registrations),
    "the end of a registration": lambda p: tuple(r.end for r in p.registrations),
    "the start of a home": lambda p: (p.address.since if p.address else None,),
    "the end of a home": lambda p: (p.address.until if p.address else None,),
}
DETAILS: dict[str, Callable[[Registration], object]] = {
    "regular": lambda r: r.temporary is False,
    "temporary": lambda r: r.temporary,
    "no type": lambda r: r.temporary is None,
    **{status: lambda r, status=status: r.status == status for status in ("active", "inactive", "pending", "leaving")},
    "ended": lambda r: r.end and r.end.day < AS_OF,
}

TRAITS: dict[str, Callable[[], int]] = {
    "ethnicity of England": lambda: _by_extension("England"),
    "ethnicity of Wales": lambda: _by_extension("Wales"),
    "ethnicity of Scotland": lambda: _by_extension("Scotland"),
    "ethnicity of the retired system": lambda: _by_extension("UKCore-EthnicCategory"),
    "ethnicity in SNOMED CT within the extension": lambda: _by_extension("snomed.info/sct"),
    "ethnicity not stated in the extension": lambda: _by_extension("England", "Z"),
    "ethnicity not known in the extension": lambda: _by_extension("England", "99"),
    "ethnicity as an observation": lambda: _of_records(lambda r: r.code and r.code.says, "Observation"),
    "ethnicity as a condition or procedure": lambda: (
        _of_records(lambda r: r.code and r.code.says, "Condition")
        + _of_records(lambda r: r.code and r.code.says, "Procedure")
    ),
    "ethnicity by an old code": lambda: _of_records(
        lambda r: r.code and r.code.says and _in_system(r.code, "http://read.info/readv2")
    ),
    "ethnicity not stated": lambda: _of_records(lambda r: r.code and r.code.says == "not-stated"),
    "ethnicity refused": lambda: _of_records(lambda r: r.code and r.code.says == "refused"),
    "ethnicities that disagree on a day": lambda: _of_people(lambda p: _days_disagree(p, same_day=True)),
    "ethnicities that disagree over time": lambda: _of_people(lambda p: _days_disagree(p, same_day=False)),
    "number verified": lambda: _of_patients(lambda p: p.nhs_number and p.nhs_number.standing == "verified"),
    "number verified in words": lambda: _of_patients(
        lambda p: p.nhs_number and p.nhs_number.standing == "verified-in-words"
    ),
    "number not verified": lambda: _of_patients(lambda p: p.nhs_number and p.nhs_number.standing == "present"),
    "number invalid": lambda: _of_patients(lambda p: p.nhs_number and p.nhs_number.standing == "invalid"),
    "number absent": lambda: _of_patients(lambda p: p.nhs_number is None),
    "registered by an episode": lambda: _of_patients(lambda p: any(r.kind == "episode" for r in p.registrations)),
    "registered by an episode that is over": lambda: _of_patients(
        lambda p: any(r.status == "finished" and r.end is None for r in p.registrations)
    ),
    "restricted by one record of two": lambda: _of_people(lambda p: len({r.restricted for r in p.patients}) > 1),
    "registered as a temporary patient": lambda: _of_patients(lambda p: any(r.temporary for r in p.registrations)),
    "registered by managing organization": lambda: _of_patients(
        lambda p: any(r.kind == "managing-organization" for r in p.registrations)
    ),
    "registered nowhere": lambda: _of_patients(lambda p: not p.registrations),
    "moved": lambda: _of_patients(lambda p: len(p.registrations) > 1 and any(r.end for r in p.registrations)),
    "in two records": lambda: _of_people(lambda p: len(p.patients) > 1),
    "died": lambda: _of_patients(lambda p: p.death and p.death.when and p.death.when.day < AS_OF),
    "died without a date": lambda: _of_patients(lambda p: p.death and p.death.when is None),
    "died after the reference date": lambda: _of_patients(
        lambda p: p.death and p.death.when and p.death.when.day > AS_OF
    ),
    "inactive": lambda: _of_patients(lambda p: p.active is False),
    "restricted": lambda: _of_patients(lambda p: p.restricted),
    "no birth date": lambda: _of_patients(lambda p: p.born is None),
    "a partial birth date": lambda: _of_patients(lambda p: p.born and p.born.precision != "day"),
    "sex other": lambda: _of_patients(lambda p: p.sex == "other"),
    "sex not said": lambda: _of_patients(lambda p: p.sex is None),
    "no address": lambda: _of_patients(lambda p: p.address is None),
    "an unlisted postcode": lambda: _of_patients(
        lambda p: p.address and p.address.postcode and not p.address.postcode.in_directory
    ),
    "a pseudo postcode": lambda: _of_patients(
        lambda p: p.address and p.address.postcode and p.address.postcode.text.startswith("ZZ99")
    ),
    "outside England": lambda: _of_patients(
        lambda p: (
            p.address
            and p.address.postcode
            and p.address.postcode.place
            and (p.address.postcode.place.lsoa21 or "").startswith(("W", "S"))
        )
    ),
    "an address that is no home": lambda: _of_patients(lambda p: p.address and p.address.use not in (None, "home")),
    "an address of no named use": lambda: _of_patients(lambda p: p.address and p.address.use is None),
    "a home that ended": lambda: _of_patients(lambda p: p.address and p.address.until and p.address.until.day < AS_OF),
    **{
        f"an episode of {kind} organisation": lambda kind=kind: _of_registrations(
            lambda r: r.kind == "episode" and r.practice and r.practice.kind == kind
        )
        for kind in ("hospital", "unknown")
    },
    "an episode of a programme": lambda: _of_registrations(lambda r: r.care),
    "an episode of nowhere": lambda: _of_registrations(lambda r: r.practice is None),
    "managed by a hospital": lambda: _of_registrations(
        lambda r: r.kind == "managing-organization" and r.practice and r.practice.kind == "hospital"
    ),
    "a code for no practice": lambda: _of_registrations(lambda r: r.practice and r.practice.kind == "no-practice"),
    "at a branch surgery": lambda: _of_registrations(lambda r: r.practice and r.practice.kind == "branch"),
    "a home since a day": lambda: _of_patients(lambda p: p.address and p.address.since and p.address.since.day < AS_OF),
    "a home to come": lambda: _of_patients(
        lambda p: any(one and one.since and one.since.day > AS_OF for one in (p.address, *p.further))
    ),
    "several homes": lambda: _of_patients(lambda p: p.further and not any(one.until for one in p.further)),
    **{
        f"{what} that cannot be": lambda dates=dates: _of_patients(
            lambda p: any(one and one.day.year in (1, 9999) for one in dates(p))
        )
        for what, dates in LIVES.items()
    },
    "born after the reference date": lambda: _of_patients(lambda p: p.born and AS_OF < p.born.day < date(2100, 1, 1)),
    "as old as can be": lambda: _of_patients(lambda p: p.born and p.born.day.year == 1905),
    **{
        f"registration details: {way}": lambda has=has: _of_registrations(
            lambda r: r.kind == "registration-details" and has(r)
        )
        for way, has in DETAILS.items()
    },
    "registration details of a patient who names no practice": lambda: _of_patients(
        lambda p: {r.kind for r in p.registrations} == {"registration-details"}
    ),
    "a practice by a code of use old": lambda: _of_registrations(lambda r: r.is_old),
    "at a practice that had another code": lambda: _of_registrations(lambda r: r.practice and r.practice.former_code),
    "an area on the record": lambda: _of_patients(lambda p: p.address and p.address.area),
    "a partial date": lambda: _of_records(lambda r: r.when and r.when.precision != "day"),
    "a date by the night before in UTC": lambda: _of_records(lambda r: r.when and r.when.utc),
    "dated by its issue": lambda: _of_records(lambda r: r.when is None and r.issued),
    "undated": lambda: _of_records(lambda r: r.when is None and r.issued is None),
    "entered in error": lambda: _of_records(lambda r: r.status == "entered-in-error"),
    "resolved": lambda: _of_records(lambda r: r.status == "resolved"),
    "remission": lambda: _of_records(lambda r: r.code and r.code.means == "severe-mental-illness-remission"),
    "text alone": lambda: _of_records(lambda r: r.code and not r.code.codings),
    "coded in Read v2": lambda: _of_records(lambda r: _in_system(r.code, "http://read.info/readv2")),
    "coded in CTV3": lambda: _of_records(lambda r: _in_system(r.code, "http://read.info/ctv3")),
    "blood pressure at home": lambda: _of_records(
        lambda r: any(part.code.means == "systolic-blood-pressure-home" for part in r.components)
    ),
    "blood pressure in two observations": lambda: _of_records(
        lambda r: r.code and r.code.means == "diastolic-blood-pressure"
    ),
    "several readings a day": lambda: _of_people(_readings_in_a_day),
    "implausible": lambda: _of_records(
        lambda r: any(part.value is not None and part.value < 19 for part in r.components)
    ),
    **{
        f"a value {comparator} another": lambda comparator=comparator: _of_records(
            lambda r: comparator in (r.comparator, *(part.comparator for part in r.components))
        )
        for comparator in ("<", "<=", ">=", ">")
    },
    **{
        f"answered with {says} by {way}": lambda says=says, way=way: _of_records(
            lambda r: any(one and (one.says, one.way) == (says, way) for one in (r.answer, *_parts_answers(r)))
        )
        for says, way in sorted({(one.says, one.way) for one in ANSWERS}, key=str)
    },
    "a coded answer that means something": lambda: _of_records(
        lambda r: r.answer and r.answer.way == "concept" and r.answer not in ANSWERS
    ),
    "recorded as a component": lambda: _of_records(
        lambda r: any(part.code.means == "smoking-status" and part.answer is None for part in r.components)
    ),
    "an opt-out that is denied": lambda: _of_records(
        lambda r: (
            r.answer
            and r.answer.says == "denied"
            and r.code
            and r.code.means in ("type-1-opt-out", "type-1-opt-out-withdrawn")
        )
    ),
    **{
        f"a reason by {way}": lambda way=way: _of_records(lambda r: r.reason and r.reason.way == way, "Encounter")
        for way in ("record", "absolute", "elsewhere", "identifier", "contained", "display")
    },
    "a reason by a record that is not there": lambda: _of_records(lambda r: r.reason and r.reason.id.endswith("-gone")),
    "a reason by a record of another kind": lambda: _of_records(lambda r: r.reason and r.reason.type == "Observation"),
    "dated by several events": lambda: _of_records(lambda r: len(r.events) > 1),
    "dated by bounds": lambda: _of_records(lambda r: r.bounds and not r.events),
    "on a day that cannot be, written down on one": lambda: _of_records(lambda r: _never_was(r.when) and r.issued),
    "on a day that cannot be": lambda: _of_records(lambda r: _never_was(r.when) and not r.issued),
    "after the day of the data": lambda: _of_records(
        lambda r: r.when and r.when.day > DATA_DATE and not _never_was(r.when)
    ),
    "in kPa": lambda: _unit("kPa"),
    "in a seldom unit of pressure": lambda: _unit("Pa") + _unit("cm[H2O]") + _unit("kilopascals"),
    "in a unit that measures no pressure": lambda: _of_records(
        lambda r: any(part.unit in ("/min", "mmol/L", "cm", "points") for part in r.components)
    ),
    "over the day": lambda: _of_records(lambda r: any(part.code in codes.AMBULATORY for part in r.components)),
    "without a unit": lambda: _unit(None),
    "unit in words": lambda: _unit("millimetres of mercury"),
    "invited": lambda: _of_records(lambda r: r.code and r.code.means == "hypertension-invitation"),
    "declined": lambda: _of_records(lambda r: r.code and (r.code.means or "").endswith("-declined")),
    "encounter without a reason": lambda: _of_records(lambda r: r.code is None, "Encounter"),
    **{
        f"encounter of type {name}": lambda code=code: _of_records(lambda r: r.visit.type == code, "Encounter")
        for name, code in {
            "SNOMED CT": codes.ENCOUNTER_TYPES[0],
            "two systems": codes.ENCOUNTER_TYPE_TWICE,
            "another system": codes.ENCOUNTER_TYPE_OWN,
            "words": codes.ENCOUNTER_TYPE_UNCODED,
            "none": None,
        }.items()
    },
    **{
        f"encounter of class {name}": lambda code=code: _of_records(
            lambda r: r.visit.encounter_class == code, "Encounter"
        )
        for name, code in {
            "R4's list": codes.ENCOUNTER_CLASSES[1],
            "no list": codes.ENCOUNTER_CLASS_UNLISTED,
            "another system": codes.ENCOUNTER_CLASS_OTHER,
            "no system": codes.ENCOUNTER_CLASS_WITHOUT_SYSTEM,
            "words": codes.ENCOUNTER_CLASS_UNCODED,
            "none": None,
        }.items()
    },
    "encounter planned": lambda: _of_records(lambda r: r.status == "planned", "Encounter"),
    "encounter cancelled": lambda: _of_records(lambda r: r.status == "cancelled", "Encounter"),
    "an absolute reference": lambda: _of_records(lambda r: r.reference == "absolute"),
    "a versioned reference": lambda: _of_records(lambda r: r.reference == "versioned"),
    **{
        way: lambda way=way: _of_records(lambda r: r.reference == way)
        for way in ("elsewhere", "by-number", "by-identifier", "contained")
    },
    "a placeholder for a number": lambda: _of_people(
        lambda p: any(one.nhs_number and one.nhs_number.standing == "placeholder" for one in p.patients)
    ),
    "a number that many have": lambda: _of_patients(lambda p: p.nhs_number and p.nhs_number.standing == "shared") - 9,
    **{
        f"links: {word}": lambda word=word: _of_people(lambda p: merges(p).found[word])
        for word in ("merged", "dangling", "loop", "several-survivors", "unreadable-link")
    },
    **{
        f"linked by {kind}": lambda kind=kind: _of_patients(lambda p: any(link.kind == kind for link in p.links))
        for kind in ("replaced-by", "replaces", "refer", "seealso")
    },
    "merged over one who is gone": lambda: _of_people(
        lambda p: merges(p).found["merged"] and any((k.other or "").endswith("-gone") for k in p.patients[0].links)
    ),
    "spoken for by a record that is not the first": lambda: _of_people(
        lambda p: merges(p).speakers[p.patients[0].id] != p.patients[0]
    ),
    "a mistaken birth date": lambda: _of_people(lambda p: bool(disagreeing(p))),
    "about nobody who is there": lambda: _of_people(
        lambda p: any(r.patient_id not in {patient.id for patient in p.patients} for r in p.records)
    ),
    "vaccinated": lambda: _of_records(lambda r: True, "Immunization"),
    "prescribed": lambda: _of_records(lambda r: True, "MedicationRequest"),
    "procedure": lambda: _of_records(lambda r: True, "Procedure"),
}


@pytest.mark.parametrize("trait", TRAITS)
def test_a_thousand_people_have_each_trait(trait: str) -> None:
    assert TRAITS[trait]() >= 3

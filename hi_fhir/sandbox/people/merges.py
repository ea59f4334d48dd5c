"""Patient records that a source says are one person's, in every way in which links say so, or fail to."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hi_fhir.sandbox.people.choices import Weighted
from hi_fhir.sandbox.people.model import (
    PERIOD_START,
    Death,
    Patient,
    PatientLink,
    Record,
    Registration,
    SyntheticPerson,
    When,
)
from hi_fhir.sandbox.people.places import PRACTICES

_IN_THE_OLD_RECORD = 0.4
_KINDS = Weighted(
    {
        "": 94.5,
        "replaced-by": 1,
        "replaces": 0.7,
        "chain": 0.7,
        "gone-between": 0.7,
        "gone": 0.7,
        "unreadable": 0.5,
        "circle": 0.6,
        "several": 0.6,
        "another": 0.6,
    }
)
_SOMEBODY_ELSE = "sandbox-000000"


def with_merges(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with links between records; `random` is for this alone, so that all else stays as it was."""
    first, *others = person.patients
    way = _KINDS.pick(random)
    if others and way in ("circle", "several"):
        return person  # the number may come to be of a record that says nothing any more
    first, *old = _linked(random, way, first)
    records = tuple(_moved(random, one, first, old) for one in person.records)
    return SyntheticPerson((first, *others, *old), records)


def _linked(random: Random, way: str, first: Patient) -> tuple[Patient, ...]:
    """The record and those that are linked to it: it is the survivor, but where several are or none is."""
    gone = f"{first.id}-gone"
    match way:
        case "replaced-by":
            return first, _old(random, first, PatientLink(way, first.id))
        case "replaces":
            old = _old(random, first)
            return replace(first, links=(PatientLink(way, old.id),)), old
        case "chain":
            old = _old(random, first, PatientLink("replaced-by", first.id))
            return first, old, replace(_old(random, first, PatientLink("replaced-by", old.id)), id=f"{old.id}er")
        case "gone-between":
            old = _old(random, first, PatientLink("replaced-by", gone))
            return replace(first, links=(PatientLink("replaces", gone),)), old
        case "gone":
            return (replace(first, links=(PatientLink("replaced-by", gone),)),)
        case "unreadable":
            return (replace(first, links=(PatientLink("replaced-by", None),)),)
        case "circle":
            old = _old(random, first, PatientLink("replaced-by", first.id))
            is_old = random.random() < 0.5
            first = replace(first, active=not is_old, links=(PatientLink("replaced-by", old.id),))
            return first, replace(old, active=is_old)
        case "several":
            is_other = random.random() < 0.5
            other = replace(_old(random, first), id=f"{first.id}-other", active=is_other)
            links = (PatientLink("replaced-by", first.id), PatientLink("replaced-by", other.id))
            return replace(first, active=not is_other), other, _old(random, first, *links)
        case "another":
            return (replace(first, links=(PatientLink(random.choice(("refer", "seealso")), _SOMEBODY_ELSE),)),)
    return (first,)


def _old(random: Random, survivor: Patient, *links: PatientLink) -> Patient:
    """A record of before, with what was right or wrong of the person then."""
    since = When(PERIOD_START + timedelta(days=random.randrange(300)))
    practice = random.choice(PRACTICES)
    kind = random.choice(("episode", "general-practitioner"))
    return replace(
        survivor,
        id=f"{survivor.id}-old",
        nhs_number=None,
        sex=random.choice(("female", "male", "other")),
        born=When(survivor.born.day - timedelta(days=400)) if survivor.born else None,
        active=random.choice((False, False, True)),
        death=Death(None) if random.random() < 0.2 else None,
        ethnicity=None,
        registrations=(Registration(kind, practice, since),),
        links=links,
    )


def _moved(random: Random, record: Record, survivor: Patient, old: list[Patient]) -> Record:
    """Some of the survivor's records were written of an old one, and still are about it."""
    if old and record.patient_id == survivor.id and random.random() < _IN_THE_OLD_RECORD:
        return replace(record, patient_id=random.choice(old).id)
    return record

"""What encounters say of their type and their class: in the code systems that are meant, in others, in words or not."""

from dataclasses import replace
from random import Random

from hi_fhir.sandbox.people import codes
from hi_fhir.sandbox.people.choices import Weighted
from hi_fhir.sandbox.people.model import Code, Record, SyntheticPerson, VisitKind

_TYPES = Weighted({"coded": 68, "twice": 6, "other": 14, "words": 6, "": 6})
_CLASSES = Weighted({"coded": 78, "unlisted": 3, "other": 8, "without-system": 3, "words": 4, "": 4})


def with_visits(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with what their encounters are; `random` is for this alone, so that all else stays as it was."""
    return replace(person, records=tuple(_classified(random, record) for record in person.records))


def _classified(random: Random, record: Record) -> Record:
    if record.type != "Encounter":
        return record
    return replace(record, visit=VisitKind(_type(random), _class(random)))


def _type(random: Random) -> Code | None:
    match _TYPES.pick(random):
        case "coded":
            return random.choice(codes.ENCOUNTER_TYPES)
        case "twice":
            return codes.ENCOUNTER_TYPE_TWICE
        case "other":
            return codes.ENCOUNTER_TYPE_OWN
        case "words":
            return codes.ENCOUNTER_TYPE_UNCODED
    return None


def _class(random: Random) -> Code | None:
    match _CLASSES.pick(random):
        case "coded":
            return random.choice(codes.ENCOUNTER_CLASSES)
        case "unlisted":
            return codes.ENCOUNTER_CLASS_UNLISTED
        case "other":
            return codes.ENCOUNTER_CLASS_OTHER
        case "without-system":
            return codes.ENCOUNTER_CLASS_WITHOUT_SYSTEM
        case "words":
            return codes.ENCOUNTER_CLASS_UNCODED
    return None

"""Where people are cared for otherwise than at their own practice's main surgery, and what records make of it."""

from dataclasses import replace
from random import Random

from hi_fhir.sandbox.people.choices import Weighted, in_period
from hi_fhir.sandbox.people.model import Patient, Registration, SyntheticPerson, When
from hi_fhir.sandbox.people.places import BRANCH, GONE, HOSPITAL, NO_PRACTICE, PRACTICES

_KINDS = Weighted(
    {
        "": 90,
        "programme": 1.5,
        "problem-nowhere": 0.7,
        "hospital": 1,
        "hospital-registers": 0.7,
        "hospital-manages": 1,
        "nowhere": 0.8,
        "gone": 0.8,
        "unknown": 0.9,
        "no-practice": 0.9,
        "branch-too": 1,
    }
)
_PROGRAMMES = ("Diabetes prevention programme", "Cardiac rehabilitation", "Maternity care")
_AT_THE_BRANCH = 0.25


def with_other_care(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with what else a few records name; `random` is for this alone, so that all else stays as it was."""
    is_one = len(person.patients) == 1
    return replace(person, patients=tuple(_cared_for(random, patient, is_one=is_one) for patient in person.patients))


def _cared_for(random: Random, patient: Patient, *, is_one: bool) -> Patient:
    """is_one: no other record of the person could begin on one day at one practice with this one."""
    way = _KINDS.pick(random)
    own = tuple(_at_branch(random, one) for one in patient.registrations)
    match way:
        case "branch-too":
            named = [one for one in own if one.kind == "general-practitioner" and one.by_identifier]
            own = (*own, *(replace(one, practice=BRANCH) for one in named[:1] if is_one))
        case "no-practice":
            own = (Registration("general-practitioner", NO_PRACTICE), *own)
        case "hospital-manages":
            own = tuple(one for one in own if one.kind != "managing-organization")
            own = (*own, Registration("managing-organization", HOSPITAL, by_identifier=False))
        case "":
            pass
        case _:
            own = (*own, _episode(random, way))
    return replace(patient, registrations=own)


def _at_branch(random: Random, one: Registration) -> Registration:
    """Some people of the practice that has a branch surgery are registered as that one's."""
    is_there = one.practice == PRACTICES[2] and random.random() < _AT_THE_BRANCH
    return replace(one, practice=BRANCH) if is_there else one


def _episode(random: Random, way: str) -> Registration:
    """An episode that registers nobody, begun so late that it would decide."""
    episode = Registration("episode", HOSPITAL, When(in_period(random)), by_identifier=random.random() < 0.5)
    match way:
        case "programme":
            organisation = random.choice((*PRACTICES, HOSPITAL))
            return replace(episode, practice=organisation, care=random.choice(_PROGRAMMES))
        case "problem-nowhere":
            return replace(episode, practice=None, care="Asthma")
        case "hospital-registers":
            return replace(episode, temporary=False)
        case "nowhere":
            return replace(episode, practice=None, temporary=random.choice((None, False)))
        case "gone":
            return replace(episode, practice=GONE, by_identifier=False)
        case "unknown":
            return replace(episode, practice=GONE, by_identifier=True)
    return episode

"""What patient records say of the language that somebody speaks, and of whether they need an interpreter."""

from dataclasses import replace
from random import Random

from hi_fhir.sandbox.people.choices import Weighted
from hi_fhir.sandbox.people.model import SyntheticPerson

_WAYS = Weighted({"communication": 60, "words": 4, "extension": 6, "empty": 3, "": 27})
_INTERPRETERS = Weighted({"needed": 5, "not-needed": 40, "nested-needed": 3, "nested-not-needed": 6, "": 46})


def with_languages(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with what is said of language; `random` is for this alone, so that all else stays as it was."""
    patients = (
        replace(patient, language=_WAYS.pick(random), interpreter=_INTERPRETERS.pick(random))
        for patient in person.patients
    )
    return replace(person, patients=tuple(patients))

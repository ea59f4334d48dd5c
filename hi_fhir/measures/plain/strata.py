"""In which stratum of a breakdown by words one person is."""

from hi_fhir.measures.examples import Person
from hi_fhir.measures.plain.outcome import holds
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.stratifiers import UNKNOWN, Stratifier


def stratum(one: Stratifier, person: Person, setting: Setting) -> str:
    """The stratum of the first word that holds; one that may hold before that leaves it unknown.

    Whoever is registered nowhere is counted in none, which is told as unknown too.
    """
    if person.practice is None:
        return UNKNOWN
    for word, name in zip(one.words, one.strata, strict=False):
        answer = holds(word, person, setting)
        if answer is not False:
            return UNKNOWN if answer is None else name
    return one.strata[-2]

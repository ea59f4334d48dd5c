"""Which patient record speaks for which, where links say that they are one person's, by the rule `people`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hi_fhir.sandbox.people.model import Patient, SyntheticPerson

_ONE_PERSON = ("replaced-by", "replaces")
Replaced = tuple[str, str]
"""A patient's id, and that of the one who replaced it."""


class MergedPatients(NamedTuple):
    """speakers: of each patient that is there, by id, the one who speaks for it, often itself.

    found: patients by what the links come to, and links that cannot be read, in the words of the people section.
    """

    speakers: Mapping[str, Patient]
    found: Counter[str]


def merges(person: SyntheticPerson) -> MergedPatients:
    replaced = list(_replaced(person))
    old = {one for one, _ in replaced}
    speakers: dict[str, Patient] = {}
    links = [link for one in person.patients for link in one.links if link.kind in _ONE_PERSON]
    found = Counter({"unreadable-link": sum(link.other is None for link in links)})
    for members in _linked({one.id for one in person.patients}, replaced):
        there = [one for one in person.patients if one.id in members]
        heads = [one for one in there if one.id not in old]
        speaker = min(heads or there, key=lambda one: (one.active is False, one.id))
        speakers |= {one.id: speaker for one in there}
        found["merged"] += len(there) - 1
        if len(heads) > 1:
            found["several-survivors"] += len(heads)
        elif not heads:
            found["loop" if members <= old else "dangling"] += len(there)
    return MergedPatients(speakers, found)


def _replaced(person: SyntheticPerson) -> Iterator[Replaced]:
    for patient in person.patients:
        for link in patient.links:
            if link.other and link.kind == "replaced-by":
                yield patient.id, link.other
            elif link.other and link.kind == "replaces":
                yield link.other, patient.id


def _linked(ids: set[str], replaced: list[Replaced]) -> list[set[str]]:
    """The ids in groups that are connected, over those who are gone too."""
    groups = [{id_} for id_ in sorted(ids.union(*replaced))]
    for ends in replaced:
        touched = [group for group in groups if group & set(ends)]
        groups = [group for group in groups if group not in touched] + [set().union(*touched)]
    return [group for group in groups if group & ids]

"""Patients that others have replaced: whose records theirs are. Rule `people` (docs/explanation/rules.md)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Edge = tuple[str, str]
"""A patient, and the one that replaced it."""

MERGED, DANGLING, LOOP, SEVERAL, UNREADABLE = "merged", "dangling", "loop", "several-survivors", "unreadable-link"
KINDS = (MERGED, DANGLING, LOOP, SEVERAL, UNREADABLE)


@dataclass
class Merges:
    """survivors: patient to the one whose records theirs are, for those alone that are not their own survivor.

    found: patients by kind, and links that cannot be read. merged: patients with a survivor. dangling: patients whose
    survivor is not there. loop: patients that replace each other in a circle. several-survivors: patients that none has
    replaced, of which the links make one person.
    """

    survivors: dict[str, str] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)


def merges(edges: Iterable[Edge], active: Mapping[str, bool]) -> Merges:
    """What the links come to. active: of the patients that are there, by patient_id.

    All that are linked, over however many steps, are one person, whether or not those between are there. The survivor
    is the patient that no other has replaced; of several, or of none (a circle, or it is not there), that which is
    active, else the least patient_id.
    """
    known = sorted(set(edges))
    replaced = {patient for patient, _ in known}
    result = Merges()
    for members in _groups(known):
        there = sorted(members & active.keys())
        heads = [one for one in there if one not in replaced]
        if not there:
            continue
        survivor = min(heads or there, key=lambda one: (not active[one], one))
        result.survivors.update((one, survivor) for one in there if one != survivor)
        if len(heads) > 1:
            result.found[SEVERAL] += len(heads)
        elif not heads:
            result.found[LOOP if members <= replaced else DANGLING] += len(there)
    result.found[MERGED] = len(result.survivors)
    return result


def _groups(edges: Iterable[Edge]) -> list[set[str]]:
    """The patients that links connect, each in one group."""
    neighbours: dict[str, set[str]] = defaultdict(set)
    for one, other in edges:
        neighbours[one].add(other)
        neighbours[other].add(one)
    groups, seen = [], set[str]()
    for start in sorted(neighbours):
        if start not in seen:
            group, ahead = {start}, [start]
            while ahead:
                fresh = neighbours[ahead.pop()] - group
                group |= fresh
                ahead += fresh
            seen |= group
            groups.append(group)
    return groups

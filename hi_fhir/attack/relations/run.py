"""Sums among the counts of people of a whole run, which each of its reports repeats, and with those of its areas."""

from collections.abc import Iterator, Mapping

import numpy as np

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.sums import Gathering, Kind
from hi_fhir.attack.told import ALL, Name, SamePeople

_PEOPLE = "run-people"
_SUMS = (
    ("persons", ("registered", "not-registered-by-reason")),
    ("registered", ("deprivation",)),
    ("registered", ("ethnicity",)),
    ("registered", ("nhs-number",)),
    ("no-registration", ("not-registered-by-reason.no-registration",)),
)
"""Each count of people and those that it falls into: by kind, where they are told by kind."""


def add_run_sums(counts: Counts, into: Gathering) -> None:
    """Add the sums of counts of people of a run, for every report that gives them."""
    people = {name: place for name, place in counts.places.items() if name.stratifier == _PEOPLE}
    for whole, of in _SUMS:
        parts = [place for name, place in people.items() if _is_of(name, of)]
        place = next((place for name, place in people.items() if name.population == whole), None)
        if place is not None and parts:
            rows = np.flatnonzero(counts.grid[:, place])
            first = (rows * len(counts.names)).astype(np.int32)
            members = first[:, None] + np.array(parts, dtype=np.int32)
            into.add(Kind.RUN, first + place, members, counts.grid[rows][:, parts])


def add_registered(counts: Counts, same: SamePeople, into: Gathering) -> None:
    """Add that the registered people of a run are those of its practices, and of an area that has all of these.

    Reports that tell both come from version 2 of `practice-exact`, 4 of the others, and before. Whose practices the run
    had is seen from all reports of its evaluation.
    """
    by_edition: dict[str, list[int]] = {}
    for place, report in enumerate(counts.reports):
        if report.edition:
            by_edition.setdefault(report.edition, []).append(place)
    registered = [place for name, place in counts.places.items() if (name[0], name[2]) == (_PEOPLE, "registered")]
    for reports in by_edition.values() if registered else ():
        told = [place for place in reports if counts.grid[place, registered[0]]]
        areas = dict(_everybody(counts, same, reports))
        practices = frozenset[str]().union(*areas)
        alone = [frozenset({practice}) for practice in sorted(practices)]
        if told and practices:
            whole = np.array([told[0] * len(counts.names) + registered[0]], dtype=np.int32)
            for parts in ([practices], alone):
                if areas.keys() >= set(parts):
                    into.add(Kind.RUN, whole, np.array([[areas[part] for part in parts]], dtype=np.int32))


def _everybody(counts: Counts, same: SamePeople, reports: list[int]) -> Iterator[tuple[frozenset[str], int]]:
    """The practices of each report that counts everybody registered, and the place of that count."""
    for report in reports:
        of = counts.reports[report]
        populations: Mapping[str, str] = same.who.get((of.measure, of.measure_version), {})
        for population, who in populations.items():
            name = counts.places.get(Name(ALL, ALL, population))
            if who == same.registered and name is not None and counts.grid[report, name]:
                yield frozenset(of.practices), report * len(counts.names) + name


def _is_of(name: Name, of: tuple[str, ...]) -> bool:
    return name.population in of or name.population.partition(".")[0] in of

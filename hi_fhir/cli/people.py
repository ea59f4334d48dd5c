"""What an evaluation found of people and records, as tables: exact numbers, for whoever runs hi_fhir alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_table

Counts = Mapping[str, Any]
Row = tuple[str, str, int]

_WHAT = {
    "persons": "people",
    "registered": "registered",
    "not_registered_by_reason": "not registered",
    "opted_out": "left out by the opt-out policy",
    "opt_outs_unmatched": "opt-out numbers with no matching patient",
    "registrations_left_out": "statements that are no registration with a practice",
    "impossible_dates": "dates that cannot be, taken for unknown",
    "registration_conflicts": "registration conflicts",
    "pcn_unknown": "PCN unknown",
    "ethnicity_not_understood": "ethnic category in a code that no map has",
    "restricted": "restricted",
    "deprivation": "deprivation",
    "ethnicity": "ethnicity",
    "nhs_number": "NHS number",
    "link_conflicts": "patients whose number others have with another birth date",
    "merges": "links between patients",
    "orphan_events": "events with no matching patient",
    "identifiers_of_nobody": "events by an identifier with no matching patient",
    "identifiers_of_several": "events by an identifier that several people have",
}
"""Fields of `cohorts.inputs.People` in the order in which they are shown; no_registration is one of the reasons."""

_IN_FULL_ALONE = ("deprivation", "ethnicity", "nhs_number")
_MOST_HOSTS = 20
_CLASSES = {
    "coded": "of FHIR R4's code system",
    "other-system": "of another or none",
    "not-understood": "not understood",
    "absent": "absent",
}
_DATED_BY = ("effective", "issued", "impossible", "undated")
_NEGATED = ("denied", "none", "absent")
_LEFT_OUT = {
    "unit": "another unit",
    "implausible": "implausible",
    "comparator": "bound",
    "no-value": "no value",
    "denied": "denied",
    "none": "none of it",
    "absent": "not known",
}


def print_people(people: Counts, *, in_full: bool) -> None:
    """Counts of people, each kind of them on its own, or in short: kinds summed, and no states of the registered."""
    print_table("People", ["what", "kind", "count"], _rows(people) if in_full else _sums(people))


def _rows(people: Counts) -> Iterator[Row]:
    for name, what in _WHAT.items():
        if isinstance(people[name], int):
            yield what, "", people[name]
        else:
            yield from ((what, kind, count) for kind, count in people[name].items())


def _sums(people: Counts) -> Iterator[Row]:
    for name, what in _WHAT.items():
        if name not in _IN_FULL_ALONE:
            count = people[name]
            yield what, "", count if isinstance(count, int) else sum(count.values())


def print_other_servers(sources: Mapping[str, Mapping[str, Counts]]) -> None:
    """References to resources of other servers by host, and what to do where one of these is the source itself."""
    rows = [
        (source, host, type_, count)
        for source, hosts in sources.items()
        for host, types in hosts.items()
        for type_, count in types.items()
    ]
    if rows:
        say("")
        rows.sort(key=lambda row: (row[0], -row[3], row[1:3]))
        print_table("References to other servers", ["source", "host", "type", "count"], rows[:_MOST_HOSTS])
        if len(rows) > _MOST_HOSTS:
            say(f"and {len(rows) - _MOST_HOSTS} more; --json has all.")
        say("If one of these is the source by another name, declare its base: bases in [sources.NAME].")


def print_foreign_codes(sources: Mapping[str, Mapping[str, Counts]]) -> None:
    """Records that no measure can read, since their codes are of systems that no value set and no map has."""
    rows = [
        (source, type_, system or "none", count)
        for source, types in sources.items()
        for type_, systems in types.items()
        for system, count in systems.items()
    ]
    if rows:
        say("")
        print_table("Records in codes of other systems, not read", ["source", "type", "code system", "records"], rows)


def print_classes(sources: Mapping[str, Counts]) -> None:
    """What the class of encounters is, whatever its code says."""
    if sources:
        say("")
        rows = [(source, *(states.get(state, 0) for state in _CLASSES)) for source, states in sources.items()]
        print_table("Encounters by what their class is", ["source", *_CLASSES.values()], rows)


def print_quality(
    dated_by: Mapping[str, Mapping[str, Counts]],
    dropped_readings: Mapping[str, Counts],
    negated: Mapping[str, Mapping[str, Counts]],
    misdated: Mapping[str, Counts],
) -> None:
    """What dated the rows of each table, what they deny, stamps that cannot be, and what no measure takes."""
    dated = [
        (source, table, *(kinds.get(kind, 0) for kind in _DATED_BY))
        for source, tables in dated_by.items()
        for table, kinds in tables.items()
        if kinds
    ]
    if dated:
        say("")
        print_table("Rows by what dated them", ["source", "table", *_DATED_BY], dated)
    denied = [
        (source, table, *(kinds.get(kind, 0) for kind in _NEGATED))
        for source, tables in negated.items()
        for table, kinds in tables.items()
    ]
    if denied:
        say("")
        print_table("Rows that say something against their code", ["source", "table", *_NEGATED], denied)
    late = [(source, type_, count) for source, types in misdated.items() for type_, count in types.items()]
    if late:
        say("")
        print_table("Records last updated after they were received", ["source", "type", "records"], late)
    if dropped_readings:
        say("")
        rows = [
            (value_set, *(kinds.get(kind, 0) for kind in _LEFT_OUT)) for value_set, kinds in dropped_readings.items()
        ]
        print_table("Records left out, and bounds", ["value set", *_LEFT_OUT.values()], rows)

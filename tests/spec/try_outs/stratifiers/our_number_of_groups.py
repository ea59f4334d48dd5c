"""In how many of the chosen groups somebody is: Core20, ethnic minorities and severe mental illness."""

from datetime import date

from hi_fhir.measures import (
    ByWords,
    Person,
    Stratifier,
    StratumExample,
    at_least_of,
    diagnosed,
    ethnic_group,
    imd_decile,
    value_set,
)

ILLNESS, REMISSION = value_set("severe-mental-illness"), value_set("severe-mental-illness-remission")

core20, minority = imd_decile(1, 2), ethnic_group("mixed", "asian", "black", "other")
ill = diagnosed(ILLNESS, unless_resolved_by=REMISSION)


def someone(decile: int | None, group: str) -> Person:
    return Person(imd_decile=decile, ethnicity="stated", ethnic_group_2021=group)


STRATIFIER = Stratifier(
    "our-number-of-groups",
    "1",
    "In how many of Core20, ethnic minorities and severe mental illness",
    ByWords(
        (
            at_least_of(3, core20, minority, ill),
            at_least_of(2, core20, minority, ill),
            at_least_of(1, core20, minority, ill),
        )
    ),
    ("3", "2", "1", "0", "unknown"),
    examples=(
        StratumExample("all", someone(2, "black").diagnosed(ILLNESS, date(2015, 1, 1)), "3"),
        StratumExample("two", someone(1, "asian"), "2"),
        StratumExample("one", someone(3, "asian"), "1"),
        StratumExample("none", someone(10, "white"), "0"),
        StratumExample("without a postcode two or one", someone(None, "asian"), "unknown"),
        StratumExample("ethnicity not stated", Person(imd_decile=10), "unknown"),
    ),
)

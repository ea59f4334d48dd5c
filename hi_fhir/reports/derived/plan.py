"""What a report compares with what, and over which ranks it follows a slope."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import (
    ALL,
    CORE20,
    ETHNIC_CATEGORY_16,
    ETHNIC_GROUP_5,
    IMD_DECILE,
    IMD_QUINTILE,
    ByEthnicity,
    Stratifier,
)
from hi_fhir.measures.words.population import ANSWERED

WHITE_BRITISH = "A"
RANKED = (IMD_QUINTILE, IMD_DECILE)
"""Stratifiers with strata from the most deprived to the least, then those of whom it is not known."""


class ReferenceGroup(StrEnum):
    """Whom ethnic groups are compared with. MIXED: the five groups with everybody, the 16 with White British."""

    MIXED = "mixed"
    WHOLE = "whole"
    WHITE_BRITISH = "white-british"


class Compared(NamedTuple):
    """Two groups. is_part: whether the one is among the other."""

    stratifier: str
    stratum: str
    against: str
    is_part: bool

    @property
    def other(self) -> tuple[str, str]:
        return (ALL if self.is_part else self.stratifier, self.against)


def comparisons(measure: Measure, reference: ReferenceGroup) -> list[Compared]:
    """The most deprived with the others or with the least, and ethnic groups with those of the reference."""
    return [pair for one in measure.stratifiers if isinstance(one, Stratifier) for pair in _pairs(one, reference)]


def ranked(measure: Measure) -> list[Stratifier]:
    """Those of RANKED that the measure has."""
    return [one for one in RANKED if one in measure.stratifiers]


def ranks(one: Stratifier) -> tuple[str, ...]:
    """Its strata from the most deprived to the least."""
    return one.strata[:-1]


def _pairs(one: Stratifier, reference: ReferenceGroup) -> Iterator[Compared]:
    if one.id == CORE20.id:
        yield Compared(one.id, "core20", "rest", is_part=False)
    elif one.id == IMD_QUINTILE.id:
        most, *_, least = ranks(one)
        yield Compared(one.id, most, least, is_part=False)
    elif isinstance(one.rule, ByEthnicity):
        groups = [stratum for stratum in one.strata if stratum not in _UNTOLD]
        if one.id == ETHNIC_GROUP_5.id and reference != ReferenceGroup.WHITE_BRITISH:
            yield from (Compared(one.id, group, ALL, is_part=True) for group in groups)
        if one.id == ETHNIC_CATEGORY_16.id and reference == ReferenceGroup.WHOLE:
            yield from (Compared(one.id, group, ALL, is_part=True) for group in groups)
        if one.id == ETHNIC_CATEGORY_16.id and reference != ReferenceGroup.WHOLE:
            others = (group for group in groups if group != WHITE_BRITISH)
            yield from (Compared(one.id, group, WHITE_BRITISH, is_part=False) for group in others)


_UNTOLD = {*ANSWERED, "not-known", "not-recorded"}

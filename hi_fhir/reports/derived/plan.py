"""What a report compares with what, and over which ranks it follows a slope."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import (
    AGE_BAND,
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
from hi_fhir.reports.derived.rows import DIFFERENCE, RATIO, About
from hi_fhir.reports.derived.shares import StratumName
from hi_fhir.reports.derived.standard import band_weights
from hi_fhir.statistics.comparisons import KATZ, NEWCOMBE

WHITE_BRITISH = "A"
RANKED = (IMD_QUINTILE, IMD_DECILE)
"""Stratifiers with strata from the most deprived to the least, then those of whom it is not known."""


class ReferenceGroup(StrEnum):
    """Whom ethnic groups are compared with. MIXED: the five groups with everybody, the 16 with White British."""

    MIXED = "mixed"
    WHOLE = "whole"
    WHITE_BRITISH = "white-british"


class Compared(NamedTuple):
    """Two groups. is_part: whether the one is among the other. difference, ratio: what each is called."""

    one: StratumName
    other: StratumName
    is_part: bool
    difference: About
    ratio: About


class StatisticsPlan(NamedTuple):
    """What is worked out of the reports on a measure, the same for all of them.

    ranks: by stratifier, strata from the most deprived to the least. bands: standard people of each age band that the
    measure can have anybody in.
    """

    has_score: bool
    pairs: tuple[Compared, ...]
    ranks: Mapping[str, tuple[StratumName, ...]]
    bands: Mapping[StratumName, float]


def plan_of(measure: Measure, reference: ReferenceGroup = ReferenceGroup.MIXED) -> StatisticsPlan:
    """The most deprived with the others or with the least, ethnic groups with those of the reference; slopes; ages."""
    if not measure.has_score:
        return StatisticsPlan(False, (), {}, {})
    singles = [one for one in measure.stratifiers if isinstance(one, Stratifier)]
    return StatisticsPlan(
        True,
        tuple(pair for one in singles for pair in _pairs(one, reference)),
        {one.id: tuple((one.id, rank) for rank in _ranks(one)) for one in RANKED if one in singles},
        {(AGE_BAND.id, band): people for band, people in band_weights(measure).items()} if AGE_BAND in singles else {},
    )


def _ranks(one: Stratifier) -> tuple[str, ...]:
    return one.strata[:-1]


def _pairs(one: Stratifier, reference: ReferenceGroup) -> Iterator[Compared]:
    if one.id == CORE20.id:
        yield _apart(one.id, "core20", "rest")
    elif one.id == IMD_QUINTILE.id:
        most, *_, least = _ranks(one)
        yield _apart(one.id, most, least)
    elif isinstance(one.rule, ByEthnicity):
        groups = [stratum for stratum in one.strata if stratum not in _UNTOLD]
        if one.id == ETHNIC_GROUP_5.id and reference != ReferenceGroup.WHITE_BRITISH:
            yield from (_of_all(one.id, group) for group in groups)
        if one.id == ETHNIC_CATEGORY_16.id and reference == ReferenceGroup.WHOLE:
            yield from (_of_all(one.id, group) for group in groups)
        if one.id == ETHNIC_CATEGORY_16.id and reference != ReferenceGroup.WHOLE:
            yield from (_apart(one.id, group, WHITE_BRITISH) for group in groups if group != WHITE_BRITISH)


def _apart(stratifier: str, stratum: str, against: str) -> Compared:
    return _compared(stratifier, stratum, (stratifier, against), is_part=False)


def _of_all(stratifier: str, stratum: str) -> Compared:
    return _compared(stratifier, stratum, (ALL, ALL), is_part=True)


def _compared(stratifier: str, stratum: str, other: StratumName, *, is_part: bool) -> Compared:
    difference = About(DIFFERENCE, stratifier, stratum, other[1], NEWCOMBE)
    ratio = difference._replace(kind=RATIO, method=KATZ)
    return Compared((stratifier, stratum), other, is_part, difference, ratio)


_UNTOLD = {*ANSWERED, "not-known", "not-recorded"}

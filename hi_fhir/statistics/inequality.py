"""The slope of a value over ranked groups, from the most to the least deprived: slope and relative index of inequality.

A straight line is fitted to the groups' values, each weighted by its share of the people, over the middle of its place
among all people from 0 (most deprived) to 1. Slope index: the line's end less its beginning; relative index: its end by
its beginning. So where more is better and the least deprived do better, the first is above 0 and the second above 1.

Source: OHID's method (PHEindicatormethods 2.1.0, phe_sii), without transformation. It takes limits from 100,000 draws
of the values from normal distributions. As both ends of the line are sums of the values these limits are known without
drawing: those of a normal, and those of the ratio of two (Fieller EC, Journal of the Royal Statistical Society B 16
(1954) 175-185).
"""

from typing import NamedTuple

import numpy as np

from hi_fhir.statistics.counts import ConfidenceInterval, Reals
from hi_fhir.statistics.intervals import Z

SLOPE = "weighted-slope"


class RankedValues(NamedTuple):
    """Values of groups, most deprived first. Rows: one population each; columns: its groups.

    error: standard error. least, most: the ends of what rounding leaves of the value. people: in each group.
    """

    given: Reals
    error: Reals
    least: Reals
    most: Reals
    people: Reals


class Inequality(NamedTuple):
    """By row. Ends of the relative index are NaN where the line may begin at 0."""

    slope: Reals
    slope_interval: ConfidenceInterval
    relative: Reals
    relative_interval: ConfidenceInterval


def standard_error(interval: ConfidenceInterval) -> Reals:
    """The standard error that an interval comes to."""
    return (interval.upper - interval.lower) / (2 * Z)


def inequality(values: RankedValues) -> Inequality:
    """Slope and relative index of each row, with intervals that have the rounding of the values in them."""
    share = values.people / values.people.sum(axis=1, keepdims=True)
    place = share.cumsum(axis=1) - share / 2
    middle = (share * place).sum(axis=1, keepdims=True)
    rise = share * (place - middle) / (share * (place - middle) ** 2).sum(axis=1, keepdims=True)
    first = share - middle * rise  # the line's beginning and end are sums of the values by these weights
    last = first + rise
    begins, ends = ((weights * values.given).sum(axis=1) for weights in (first, last))
    lowest, highest = _towards(values, rise)
    width = Z * np.sqrt((rise**2 * values.error**2).sum(axis=1))
    slopes = ConfidenceInterval((rise * lowest).sum(axis=1) - width, (rise * highest).sum(axis=1) + width)
    lowest, highest = _towards(values, last * begins[:, None] - first * ends[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = ends / begins
        relatives = ConfidenceInterval(
            _fieller(lowest, values.error, first, last)[0], _fieller(highest, values.error, first, last)[1]
        )
    return Inequality(ends - begins, slopes, relative, relatives)


def _towards(values: RankedValues, weights: Reals) -> tuple[Reals, Reals]:
    """The values that make a sum by these weights the lowest, and the highest."""
    rises = weights > 0
    return np.where(rises, values.least, values.most), np.where(rises, values.most, values.least)


def _fieller(values: Reals, error: Reals, first: Reals, last: Reals) -> tuple[Reals, Reals]:
    begins, ends = (first * values).sum(axis=1), (last * values).sum(axis=1)
    spread = error**2
    a = begins**2 - Z**2 * (first**2 * spread).sum(axis=1)
    b = begins * ends - Z**2 * (first * last * spread).sum(axis=1)
    c = ends**2 - Z**2 * (last**2 * spread).sum(axis=1)
    root = np.sqrt(b**2 - a * c)
    is_there = (a > 0) & (begins > 0)
    return np.where(is_there, (b - root) / a, np.nan), np.where(is_there, (b + root) / a, np.nan)

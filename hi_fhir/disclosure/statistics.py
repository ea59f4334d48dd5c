"""Statistics of released counts: never from the exact counts behind masked or rounded ones."""

from collections.abc import Mapping
from typing import NamedTuple

from hi_fhir.disclosure.counts import SHOWN, UNSUPPORTED, Cell, ReleasedGroup

EMPTY = "empty-denominator"
SMALL = "small-number"
MASKED_PART = "masked-part"
ROUNDED_AWAY = "rounded-away"
NO_CODES = "unsupported"

PARTS = ("denominator", "denominator_exclusion", "denominator_exception", "numerator", "numerator_exclusion")
"""Populations that a score is worked out from."""
_NOBODY = Cell(SHOWN, 0)


class Score(NamedTuple):
    """value: from 0 to 1, or None with the reason; neither where people are counted alone, without a denominator."""

    value: float | None
    reason: str | None


def score_denominator(counts: Mapping[str, int]) -> int:
    """People of whom the numerator is a share."""
    return counts["denominator"] - counts["denominator_exclusion"] - counts["denominator_exception"]


def score_numerator(counts: Mapping[str, int]) -> int:
    """People of the share."""
    return counts["numerator"] - counts.get("numerator_exclusion", 0)


def score(group: ReleasedGroup) -> Score:
    """(numerator - its exclusions) / (denominator - exclusions - exceptions), all as released.

    A population that the measure does not have is empty. None where one of them is not given, where the policy says
    so, and where rounding each of them leaves no share.
    """
    if "denominator" not in group.cells:
        return Score(None, None)
    parts = {name: group.cells.get(name, _NOBODY) for name in PARTS}
    if any(cell.state == UNSUPPORTED for cell in parts.values()):
        return Score(None, NO_CODES)
    counts = {name: cell.value for name, cell in parts.items() if cell.value is not None}
    if len(counts) < len(PARTS):
        return Score(None, MASKED_PART)
    if group.no_score:
        return Score(None, group.no_score)
    denominator, numerator = score_denominator(counts), score_numerator(counts)
    if denominator <= 0 or not 0 <= numerator <= denominator:
        return Score(None, ROUNDED_AWAY)
    return Score(numerator / denominator, None)

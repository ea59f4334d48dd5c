"""Scores of released counts: never from the exact counts behind masked or rounded ones."""

from collections.abc import Mapping
from typing import NamedTuple

from hi_fhir.disclosure.counts import UNSUPPORTED, ReleasedGroup
from hi_fhir.measures.model import OCCASIONS

EMPTY = "empty-denominator"
SMALL = "small-number"
MASKED_PART = "masked-part"
ROUNDED_AWAY = "rounded-away"
NO_CODES = "unsupported"

PARTS = ("denominator", "denominator_exclusion", "denominator_exception", "numerator", "numerator_exclusion", OCCASIONS)
"""Populations that a score is worked out from; of a ratio the people in the numerator decide whether there is one."""


class Score(NamedTuple):
    """value: from 0 to 1, of a ratio any that is not negative; or None with the reason.

    Neither where people are counted alone, without a denominator.
    """

    value: float | None
    reason: str | None


_NO_SHARE = Score(None, None)


def score_denominator(counts: Mapping[str, int]) -> int:
    """People of whom the numerator is a share."""
    return counts["denominator"] - counts.get("denominator_exclusion", 0) - counts.get("denominator_exception", 0)


def score_numerator(counts: Mapping[str, int]) -> int:
    """People of the share."""
    return counts["numerator"] - counts.get("numerator_exclusion", 0)


def share(counts: Mapping[str, int]) -> float | None:
    """(numerator - its exclusions) / (denominator - exclusions - exceptions); None where that is no share.

    Of a ratio occasions / (denominator - exclusions). counts: by population, of those that the measure has.
    """
    denominator, numerator = score_denominator(counts), score_numerator(counts)
    if OCCASIONS in counts:
        return counts[OCCASIONS] / denominator if denominator > 0 else None
    return numerator / denominator if denominator > 0 and 0 <= numerator <= denominator else None


def score(group: ReleasedGroup) -> Score:
    """The share of the counts as released.

    None where one of them is not given, where the policy says so, and where rounding each of them leaves no share.
    """
    if "denominator" not in group.cells:
        return _NO_SHARE
    counts: dict[str, int] = {}
    is_unsupported, is_whole = False, True
    for name in PARTS:
        if name in group.cells:
            state, value = group.cells[name]
            if value is None:
                is_unsupported, is_whole = is_unsupported or state == UNSUPPORTED, False
            else:
                counts[name] = value
    if not is_whole:
        return Score(None, NO_CODES if is_unsupported else MASKED_PART)
    if group.no_score:
        return Score(None, group.no_score)
    found = share(counts)
    return Score(found, ROUNDED_AWAY if found is None else None)

"""What statistics are given of a report: its cells, and nothing that they do not tell."""

import pytest

from hi_fhir.disclosure.cells import StratumCells
from hi_fhir.disclosure.policies import EXACT, SMALL_NUMBERS
from hi_fhir.reports.shares import shares

POPULATIONS = ("denominator", "denominator_exclusion", "numerator", "numerator_exclusion")


def cells(*values: int | None, states: str = "") -> StratumCells:
    """states: the first letter of each."""
    words = {"s": "shown", "r": "rounded", "m": "masked"}
    populations = POPULATIONS if len(values) == len(POPULATIONS) else (*POPULATIONS, "score")
    given = tuple(words[state] for state in states)
    return StratumCells(populations, (*given, *["absent"] * (len(populations) > 4)), (None,) * len(populations), values)


def test_rounded_counts_lie_between_ends_and_none_of_them_is_small() -> None:
    found = shares({"sex": {"male": cells(40, 10, 15, 0, states="rrrs")}}, SMALL_NUMBERS)
    assert found.numerator == ([15], [13], [17])
    assert found.denominator == ([30], [26], [34])


def test_counts_that_are_shown_are_exact() -> None:
    found = shares({"sex": {"male": cells(40, 10, 5, 1, states="ssss")}}, EXACT)
    assert found.numerator == ([4], [4], [4])
    assert not found.numerator.is_rounded.any()


def test_strata_without_a_score_are_left_out() -> None:
    masked = cells(40, 10, None, 0, None, states="rrms")
    found = shares({"sex": {"male": masked, "female": cells(40, 0, 20, 0, states="rsrs")}}, SMALL_NUMBERS)
    assert found.places == {("sex", "female"): 0}
    assert shares({"sex": {"male": masked}}, SMALL_NUMBERS) is None


def test_an_interval_is_of_occasions_where_these_are_counted() -> None:
    one = StratumCells(("denominator", "numerator", "occasions"), ("shown",) * 3, (None,) * 3, (100, 3, 5))
    lower, upper = shares({"all": {"all": one}}, EXACT).intervals()
    assert [lower[0], upper[0]] == pytest.approx([0.0162348639, 0.1166833208])

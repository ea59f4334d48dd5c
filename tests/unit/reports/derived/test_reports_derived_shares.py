"""What statistics are given of a report: its cells, and nothing that they do not tell."""

from hi_fhir.disclosure.cells import StratumCells
from hi_fhir.disclosure.policies import EXACT, SMALL_NUMBERS
from hi_fhir.reports.derived.shares import released_shares

POPULATIONS = ("denominator", "denominator_exclusion", "numerator", "numerator_exclusion")


def cells(*values: int | None, states: str = "") -> StratumCells:
    """states: the first letter of each. One value more is that of a score that is not given."""
    words = {"s": "shown", "r": "rounded", "m": "masked"}
    given = tuple(words[state] for state in states)
    if len(values) == len(POPULATIONS):
        return StratumCells(POPULATIONS, given, (None,) * len(given), values)
    return StratumCells((*POPULATIONS, "score"), (*given, "absent"), (*[None] * len(given), "masked-part"), values)


def test_rounded_counts_lie_between_ends_and_none_of_them_is_small() -> None:
    found = released_shares([{"sex": {"male": cells(40, 10, 15, 0, states="rrrs")}}], SMALL_NUMBERS)
    assert found.values == (([15], [13], [17]), ([30], [26], [34]))


def test_counts_that_are_shown_are_exact() -> None:
    found = released_shares([{"sex": {"male": cells(40, 10, 5, 1, states="ssss")}}], EXACT)
    assert found.values.numerator == ([4], [4], [4])
    assert not found.values.is_rounded.any()


def test_strata_without_a_score_are_told_apart_with_the_reason() -> None:
    masked, given = cells(40, 10, None, 0, None, states="rrms"), cells(40, 0, 20, 0, states="rsrs")
    found = released_shares([{"sex": {"male": masked}}, {"sex": {"male": masked, "female": given}}], SMALL_NUMBERS)
    assert found.places == [{}, {("sex", "female"): 0}]
    assert found.absent == [{("sex", "male"): "masked-part"}, {("sex", "male"): "masked-part"}]


def test_of_nothing_there_is_nothing() -> None:
    found = released_shares([{}], SMALL_NUMBERS)
    assert (found.places, found.absent, len(found.is_rate)) == ([{}], [{}], 0)


def test_a_ratio_is_of_occasions() -> None:
    one = StratumCells(("denominator", "numerator", "occasions"), ("shown",) * 3, (None,) * 3, (100, 3, 5))
    found = released_shares([{"all": {"all": one}}], EXACT)
    assert found.is_rate == [True]
    assert found.values.given == [0.05]

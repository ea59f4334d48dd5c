"""The statistics of a report: which there are, what they are, when there are none, and that they follow from cells."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hi_fhir.disclosure.cells import StratumCells
from hi_fhir.disclosure.policies import EXACT, SMALL_NUMBERS
from hi_fhir.measures import registry
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL, CORE_STRATIFIERS, Stratifier
from hi_fhir.reports.cells import Strata
from hi_fhir.reports.derived.deriving import derive
from hi_fhir.reports.derived.plan import ReferenceGroup, plan_of
from hi_fhir.reports.derived.rows import Statistic
from hi_fhir.reports.derived.standard import band_weights
from hi_fhir.statistics.counts import GivenCounts
from hi_fhir.statistics.intervals import wilson
from hi_fhir.statistics.standardised import standardised_rate
from tests.support.evaluations import a_count

[MEASURE] = registry.load(["ethnicity-recorded"])
POPULATIONS = ("initial_population", "denominator", "numerator")


def told(numerator: int | None, denominator: int = 100, state: str = "shown") -> StratumCells:
    """The cells of a stratum; without a numerator its score is withheld."""
    if numerator is None:
        states, reasons = (state, state, "masked", "absent"), (None, None, None, "masked-part")
        return StratumCells((*POPULATIONS, "score"), states, reasons, (denominator, denominator, None, None))
    return StratumCells(POPULATIONS, (state,) * 3, (None,) * 3, (denominator, denominator, numerator))


def strata_of(measure: Measure = MEASURE, state: str = "shown", **numerators: int | None) -> Strata:
    """All strata of a measure. numerators: by `stratifier__stratum`; 50 of 100 in the others, 300 of 600 in all."""
    found: dict[str, dict[str, StratumCells]] = {ALL: {ALL: told(300, 600, state)}}
    for one in measure.stratifiers:
        own = {code: f"{one.id}__{code}".replace("-", "_").replace("*", "_") for code in one.strata}
        found[one.id] = {code: told(numerators.get(name, 50), state=state) for code, name in own.items()}
    return found


def statistics(strata: Strata, measure: Measure = MEASURE, rule: Any = EXACT, **kwargs: Any) -> list[Statistic]:
    [found] = derive([plan_of(measure, **kwargs)], [strata], rule)
    return found.statistics


def one(found: list[Statistic], kind: str, stratifier: str, stratum: str | None = None) -> Statistic:
    [it] = [each for each in found if each.about[:3] == (kind, stratifier, stratum)]
    return it


def test_each_report_compares_the_same_groups() -> None:
    pairs = {each.about[1:4] for each in statistics(strata_of()) if each.about.kind == "difference"}
    assert {("core20", "core20", "rest"), ("imd-quintile", "1", "5"), ("ethnic-group-5", "asian", "all")} <= pairs
    assert ("ethnic-category-16", "R", "A") in pairs
    assert len(pairs) == 2 + 5 + 15


@pytest.mark.parametrize(("reference", "against", "count"), [("whole", {"all"}, 21), ("white-british", {"A"}, 15)])
def test_whom_ethnic_groups_are_compared_with_is_chosen(reference: str, against: set[str], count: int) -> None:
    found = statistics(strata_of(), reference=ReferenceGroup(reference))
    chosen = [each.about for each in found if each.about.kind == "ratio" and "ethnic" in each.about.stratifier]
    assert {each.against for each in chosen} == against
    assert len(chosen) == count


def test_a_gap_is_of_the_two_scores() -> None:
    found = statistics(strata_of(core20__core20=30, core20__rest=60))
    difference, ratio = (one(found, kind, "core20", "core20") for kind in ("difference", "ratio"))
    assert difference.numbers[0] == pytest.approx(-0.3)
    assert ratio.numbers[0] == pytest.approx(0.5)
    assert difference.numbers[1] < -0.3 < difference.numbers[2] < 0
    assert not difference.includes_rounding


def test_a_slope_is_of_all_groups_that_are_ranked() -> None:
    rising = {f"imd_quintile__{rank}": 30 + 10 * rank for rank in range(1, 6)}
    found = statistics(strata_of(**rising))
    assert one(found, "slope-index", "imd-quintile").numbers[0] == pytest.approx(0.5)
    assert one(found, "relative-index", "imd-quintile").numbers[0] == pytest.approx(0.85 / 0.35, abs=1e-6)
    assert one(found, "slope-index", "imd-decile").numbers[0] == 0


def test_three_fifths_are_no_slope() -> None:
    found = statistics(strata_of(imd_quintile__2=None, imd_quintile__4=None))
    assert one(found, "slope-index", "imd-quintile").reason == "part-not-given"
    assert one(found, "relative-index", "imd-quintile").reason == "part-not-given"
    assert one(found, "slope-index", "imd-decile").reason is None


def test_where_a_part_is_not_given_there_is_no_gap() -> None:
    found = statistics(strata_of(core20__rest=None, ethnic_group_5__asian=None))
    assert one(found, "difference", "core20", "core20").reason == "part-not-given"
    assert one(found, "ratio", "ethnic-group-5", "asian").reason == "part-not-given"
    assert one(found, "ratio", "ethnic-group-5", "black").reason is None


def test_an_empty_group_is_told_apart_from_one_that_is_held_back() -> None:
    strata = strata_of()
    empty = StratumCells(
        (*POPULATIONS, "score"), ("shown",) * 4, (None, None, None, "empty-denominator"), (0, 0, 0, None)
    )
    found = statistics({**strata, "core20": {**strata["core20"], "core20": empty}})
    assert one(found, "difference", "core20", "core20").reason == "empty-part"


def test_a_rank_with_nobody_in_it_leaves_all_other_statistics() -> None:
    """dhsc-govuk/PHEindicatormethods issue 32: places without people of some quintiles stopped the rates of all."""
    empty = StratumCells(
        (*POPULATIONS, "score"), ("shown",) * 4, (None, None, None, "empty-denominator"), (0, 0, 0, None)
    )
    strata = strata_of()
    quintiles = {**strata["imd-quintile"], "4": empty, "5": empty}
    bands = {**strata["age-band"], "80+": empty}
    found = statistics({**strata, "imd-quintile": quintiles, "age-band": bands})
    assert one(found, "slope-index", "imd-quintile").reason == "empty-part"
    assert one(found, "standardised-rate", "age-band").reason == "empty-part"
    assert one(found, "slope-index", "imd-decile").reason is None


def test_nobody_in_a_numerator_leaves_a_difference_and_no_ratio() -> None:
    found = statistics(strata_of(core20__rest=0))
    assert one(found, "difference", "core20", "core20").numbers[0] == 0.5
    assert one(found, "ratio", "core20", "core20").reason == "none-counted"


def test_a_line_that_may_begin_at_nothing_has_no_relative_index() -> None:
    found = statistics(strata_of(**{f"imd_quintile__{rank}": rank for rank in range(1, 6)}))
    assert one(found, "slope-index", "imd-quintile").reason is None
    assert one(found, "relative-index", "imd-quintile").reason == "unsteady"


def test_a_rate_is_standardised_over_the_bands_that_a_measure_can_have() -> None:
    [adults] = registry.load(["hypertension-treated-to-target-under-80"])
    assert band_weights(adults) == pytest.approx(
        {"0-13": 14900, "14-17": 4400, "18-39": 27700, "40-64": 33500, "65-79": 14500}
    )
    [old] = registry.load(["hypertension-treated-to-target-80-and-over"])
    assert band_weights(old) == {"80+": 5000}


def test_a_standardised_rate_is_dobsons() -> None:
    found = one(statistics(strata_of()), "standardised-rate", "age-band")
    weights = band_weights(MEASURE)
    counts = GivenCounts.exact([[50, 50, 50, 50, 50, 50]])
    rate = standardised_rate(counts, GivenCounts.exact([[100] * 6]), np.array([*weights.values()]))
    assert found.about.against == "esp-2013"
    assert found.numbers == pytest.approx([rate.value[0], rate.interval.lower[0], rate.interval.upper[0]], abs=1e-6)


def test_of_few_there_is_no_standardised_rate() -> None:
    bands = {f"age_band__{band}": 1 for band in ("0_13", "14_17", "18_39", "40_64", "65_79", "80+")}
    assert one(statistics(strata_of(**bands)), "standardised-rate", "age-band").reason == "too-few"


def test_practices_have_limits_around_the_whole() -> None:
    strata = {**strata_of(), "practice": {"A1": told(10), "A2": told(None)}}
    found = statistics(strata)
    assert one(found, "funnel-95", "practice", "A1").numbers == pytest.approx((None, 0.402002, 0.597998))
    assert one(found, "funnel-998", "practice", "A1").numbers[1] < 0.4
    assert one(found, "funnel-95", "practice", "A2").reason == "part-not-given"


def test_a_count_of_people_has_no_statistics() -> None:
    measure = a_count()
    cells = StratumCells(("initial_population",), ("shown",), (None,), (50,))
    [found] = derive([plan_of(measure)], [{ALL: {ALL: cells}}], EXACT)
    assert (found.intervals, found.statistics) == ({}, [])


def test_rounding_is_said_and_makes_each_interval_wider() -> None:
    exact, rounded = (statistics(strata_of(state=state), rule=SMALL_NUMBERS) for state in ("shown", "rounded"))
    assert len(exact) == len(rounded) > 40
    for plain, open_ in zip(exact, rounded, strict=True):
        assert plain.about == open_.about
        assert open_.includes_rounding > plain.includes_rounding
        assert open_.numbers[1] < plain.numbers[1] < plain.numbers[2] < open_.numbers[2]


def test_many_reports_at_once_are_as_each_alone() -> None:
    few = replace(MEASURE, stratifiers=tuple(s for s in CORE_STRATIFIERS if isinstance(s, Stratifier))[:3])
    reports = [strata_of(core20__core20=20), strata_of(few), strata_of(core20__rest=None)]
    plans = [plan_of(one) for one in (MEASURE, few, MEASURE)]
    together = derive(plans, reports, EXACT)
    assert together == [derive([plan], [r], EXACT)[0] for plan, r in zip(plans, reports, strict=True)]


def test_the_interval_of_a_score_is_beside_it() -> None:
    [found] = derive([plan_of(MEASURE)], [strata_of(sex__male=65)], EXACT)
    assert found.intervals["sex", "male"] == pytest.approx(wilson(65, 100), abs=1e-6)
    assert ("core20", "rest") in found.intervals

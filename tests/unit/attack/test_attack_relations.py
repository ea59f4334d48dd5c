"""One masked count for each kind of sum that can be worked out by it, and by no other."""

import pytest

from hi_fhir.attack.attacking import attack, bounded
from hi_fhir.attack.relations.sums import Kind
from hi_fhir.attack.told import State
from hi_fhir.core.progress import Silent
from tests.support.telling import WHOLE, Exactly, Telling

F, M = ("sex", "female"), ("sex", "male")
NONE = frozenset[Kind]()

STRATA = Telling().report(numerator={WHOLE: Exactly(20), F: Exactly(17), M: 3})
DECILES = Telling().report(
    numerator={("imd-quintile", "1"): Exactly(20), ("imd-decile", "1"): Exactly(17), ("imd-decile", "2"): 3}
)
CATEGORIES = Telling().report(
    numerator={("ethnic-group-5", "black"): Exactly(20)}
    | {("ethnic-category-16", letter): Exactly(8) for letter in "MN"}
    | {("ethnic-category-16", "P"): 4}
)
CROSSING = Telling().report(
    numerator={F: Exactly(20), ("sex*core20", "female*core20"): Exactly(17), ("sex*core20", "female*rest"): 3}
)
INNER_MARGIN = Telling().report(
    numerator={F: Exactly(20), ("core20*sex", "core20*female"): Exactly(17), ("core20*sex", "rest*female"): 3}
)
POPULATIONS = Telling().report(
    denominator={WHOLE: Exactly(20)}, numerator={WHOLE: Exactly(18)}, denominator_exception={WHOLE: 2}
)
PRACTICES = (
    Telling()
    .report("P", practices=("P",), numerator={F: Exactly(17)})
    .report("Q", practices=("Q",), numerator={F: 3})
    .report("N", practices=("P", "Q"), numerator={F: Exactly(20)})
)
BY_PRACTICE = (
    Telling()
    .report("P", practices=("P",), numerator={WHOLE: Exactly(3)})
    .report("N", practices=("P", "Q"), numerator={("practice", "P"): 3})
)
BY_NETWORK = (
    Telling()
    .report("N", practices=("P", "Q"), numerator={WHOLE: State.WITHHELD})
    .report(
        "B",
        practices=("P", "Q", "R"),
        numerator={("pcn", "N"): Exactly(20), ("practice", "P"): Exactly(17), ("practice", "Q"): 3},
    )
)


@pytest.mark.parametrize(
    ("telling", "kind"),
    [
        pytest.param(STRATA, Kind.STRATA, id="strata"),
        pytest.param(DECILES, Kind.NESTED, id="deciles"),
        pytest.param(CATEGORIES, Kind.NESTED, id="categories"),
        pytest.param(CROSSING, Kind.CROSSING, id="crossing"),
        pytest.param(INNER_MARGIN, Kind.CROSSING, id="inner margin"),
        pytest.param(POPULATIONS, Kind.POPULATIONS, id="populations"),
        pytest.param(PRACTICES, Kind.AREAS, id="practices"),
        pytest.param(BY_PRACTICE, Kind.AREAS, id="strata by practice"),
        pytest.param(BY_NETWORK, Kind.AREAS, id="strata by network"),
    ],
)
def test_a_masked_count_is_recovered_by_one_kind_of_sum_alone(telling: Telling, kind: Kind) -> None:
    found = attack(telling.told(), Silent()).recovered
    assert len(found) == 1
    assert attack(telling.told(), Silent(), without=frozenset({kind})).recovered == ()
    assert attack(telling.told(), Silent(), without=frozenset(Kind) - {kind}).recovered == found


def test_a_network_of_which_a_practice_does_not_report_tells_nothing_of_the_others() -> None:
    telling = (
        Telling()
        .report("P", practices=("P",), numerator={F: 3})
        .report("N", practices=("P", "Q"), numerator={F: Exactly(3)})
    )
    assert bounded(telling.told(), Silent()).of(0, (*F, "numerator")) == (1, 7)


def test_rounded_counts_blur_what_they_add_up_to() -> None:
    telling = Telling().report(numerator={WHOLE: 20, F: 17, M: 3})
    found = bounded(telling.told(), Silent())
    assert found.of(0, (*WHOLE, "numerator")) == (18, 22)
    assert found.of(0, (*M, "numerator")) == (1, 7)
    assert attack(telling.told(), Silent()).recovered == ()


def test_sums_that_the_numbers_do_not_keep_tell_nothing() -> None:
    telling = Telling().report(numerator={WHOLE: Exactly(20), F: Exactly(21), M: 3})
    found = attack(telling.told(), Silent())
    assert found.contradicted
    assert found.recovered == ()


def test_no_reports_are_no_finding() -> None:
    found = attack(Telling().told(), Silent())
    assert (found.cells, found.masked, found.recovered) == (0, 0, ())

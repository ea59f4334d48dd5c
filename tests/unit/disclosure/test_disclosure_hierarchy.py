"""What lies within what, and which sums follow from it."""

import pytest

from hi_fhir.disclosure.counts import Group, Hierarchy, Stratum
from hi_fhir.disclosure.hierarchy import Sum, nested_strata, sums
from hi_fhir.disclosure.suppression.equations import Equations
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS, Stratifier
from hi_fhir.terminology.catalogue import load

STRATIFIERS = [one for one in CORE_STRATIFIERS if isinstance(one, Stratifier)]
GROUPS = {letter: one.group_2021 for letter, one in load().ethnicity().categories.items()}
NESTED = nested_strata(STRATIFIERS, GROUPS)


@pytest.mark.parametrize(
    ("stratum", "wider"),
    [
        (("imd-decile", "1"), {("imd-quintile", "1"), ("core20", "core20")}),
        (("imd-decile", "3"), {("imd-quintile", "2"), ("core20", "rest")}),
        (("imd-decile", "unknown"), {("imd-quintile", "unknown"), ("core20", "unknown")}),
        (("imd-quintile", "5"), {("core20", "rest")}),
        (("ethnic-category-16", "R"), {("ethnic-group-5", "asian")}),
        (("ethnic-category-16", "refused"), {("ethnic-group-5", "refused")}),
        (("core20", "core20"), set()),
        (("sex", "female"), set()),
    ],
)
def test_strata_lie_in_those_of_coarser_stratifiers(stratum: Stratum, wider: set[Stratum]) -> None:
    assert set(NESTED.get(stratum, ())) == wider


def test_every_stratum_of_a_finer_stratifier_lies_in_one_that_there_is() -> None:
    known = {(one.id, code) for one in STRATIFIERS for code in one.strata}
    assert set(NESTED) <= known
    assert {wider for several in NESTED.values() for wider in several} <= known
    for id_ in ("imd-decile", "imd-quintile", "ethnic-category-16"):
        assert {code for one, code in NESTED if one == id_} == {code for one, code in known if one == id_}


def group(reporter: str, stratifier: str = "all", stratum: str = "all") -> Group:
    return Group("m", reporter, stratifier, stratum)


def test_sums_come_in_the_order_of_their_groups_in_every_process() -> None:
    """A set of groups has another order in each."""
    practices = [f"A{number}" for number in range(9)]
    own = {one: (one,) for one in practices}
    hierarchy = Hierarchy({}, {**own, "U": tuple(practices)}, dict.fromkeys(practices, "U"))
    within = [group("U", "practice", one) for one in practices]
    found = [one.whole for one in sums([*map(group, practices), *within], hierarchy)]
    assert found == within


def test_the_sums_of_a_release_are_all_told() -> None:
    a, b, pcn = ("A", "B", "U")
    of_a = [group(a), group(a, "sex", "female"), group(a, "sex", "male")]
    crossed = [group(pcn, "sex*core20", f"female*{code}") for code in ("core20", "rest")]
    of_pcn = [group(pcn), group(pcn, "sex", "female"), group(pcn, "practice", a), group(pcn, "practice", b), *crossed]
    hierarchy = Hierarchy({}, {a: (a,), b: (b,), pcn: (a, b)}, {a: pcn, b: pcn})
    found = set(sums([*of_a, group(b), *of_pcn], hierarchy))
    assert found == {
        Sum(group(a), (of_a[1], of_a[2])),
        Sum(group(pcn), (group(pcn, "sex", "female"),)),
        Sum(group(pcn), (group(pcn, "practice", a), group(pcn, "practice", b))),
        Sum(group(pcn), tuple(crossed)),
        Sum(group(pcn, "sex", "female"), tuple(crossed)),
        Sum(group(pcn), (group(a), group(b))),
        Sum(group(pcn, "practice", a), (group(a),)),
        Sum(group(pcn, "practice", b), (group(b),)),
    }


def test_a_board_is_the_networks_of_any_time_and_the_boards_that_became_part_of_it() -> None:
    each = {code: (code,) for code in "ABCD"}
    now = {"U": ("A", "B"), "Q": ("A", "B", "C", "D")}
    then = {"U1": ("A", "B", "C"), "R": ("C", "D")}
    hierarchy = Hierarchy({}, each | now | {"U1": then["U1"]}, {}, divisions=(then,))
    told = [group(code) for code in (*each, *now, *then)]
    found = {one.parts for one in sums(told, hierarchy) if one.whole == group("Q")}
    assert found == {
        tuple(group(code) for code in parts) for parts in ("ABCD", ("U", "C", "D"), ("U1", "D"), ("R", "A", "B"))
    }


def test_equations_have_one_order_whatever_that_in_which_sums_are_found() -> None:
    found = [(7, [6, 1, 2]), (5, [1, 2]), (4, [3, 0])]
    one, other = Equations.of(found), Equations.of([(whole, parts[::-1]) for whole, parts in found[::-1]])
    assert (one.whole.tolist(), one.part.tolist()) == (other.whole.tolist(), other.part.tolist())

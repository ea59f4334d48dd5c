"""Sums of a reporter's practices, before anything is masked."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.counts import Group
from hi_fhir.disclosure.exact import reporter_counts
from hi_fhir.tables.schema import COUNTS
from tests.support.evaluations import AREAS, made_up_counts
from tests.support.reporting import a_measure

MEASURE = a_measure()


def test_a_network_is_the_sum_of_its_practices_before_masking() -> None:
    counts = made_up_counts([MEASURE], AREAS, people=20, seed=3)
    practices = ("A99001", "A99002")
    found = reporter_counts(counts, {"U99001": practices, **{one: (one,) for one in practices}})
    for stratifier, stratum in (("all", "all"), ("sex", "female"), ("sex*core20", "female*rest")):
        parts = [found[Group(MEASURE.id, one, stratifier, stratum)] for one in practices]
        whole = found[Group(MEASURE.id, "U99001", stratifier, stratum)]
        assert whole == {name: sum(part[name] for part in parts) for name in whole}


def test_a_reporter_of_one_practice_is_not_broken_down_by_practice() -> None:
    counts = made_up_counts([MEASURE], AREAS, people=5, seed=1)
    found = reporter_counts(counts, {"A99001": ("A99001",)})
    assert {group.stratifier for group in found} == {"all", "sex", "sex*core20"}


def test_a_network_is_broken_down_by_practice_and_a_board_by_network_too() -> None:
    counts = made_up_counts([MEASURE], AREAS, people=5, seed=1)
    found = reporter_counts(counts, {"U99001": ("A99001", "A99002"), "QZ1": ("A99001", "A99002", "A99003")})
    strata = {(group.reporter, group.stratifier, group.stratum) for group in found}
    assert {("U99001", "practice", "A99001"), ("QZ1", "practice", "A99003"), ("QZ1", "pcn", "U99002")} <= strata
    assert not [one for one in strata if one[:2] == ("U99001", "pcn")]


def test_strata_that_do_not_add_up_stop_the_run() -> None:
    counts = made_up_counts([MEASURE], AREAS, people=5, seed=1)
    one = pc.and_(pc.equal(counts["stratum"], "female"), pc.equal(counts["population"], "denominator"))
    wrong = pc.if_else(one, pc.add(counts["count"], 1), counts["count"])
    changed = pa.table([*counts.columns[:-1], wrong], schema=COUNTS)
    with pytest.raises(GateError, match="the strata of sex do not add up"):
        reporter_counts(changed, {"A99001": ("A99001",)})

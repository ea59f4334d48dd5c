"""What an attack says of what it recovered: how many, where, and from what."""

from hi_fhir.attack.attacking import attack
from hi_fhir.attack.relations.sums import Kind
from hi_fhir.attack.told import State
from hi_fhir.core.progress import Silent
from tests.support.telling import NUMERATOR, WHOLE, Exactly, Telling

F, M = ("sex", "female"), ("sex", "male")
OTHER, UNKNOWN = ("sex", "other"), ("sex", "unknown")


def test_what_was_recovered_is_counted_by_stratifier_and_values_left() -> None:
    telling = Telling().report(
        numerator={WHOLE: Exactly(20), F: Exactly(17), M: 3, ("core20", "core20"): Exactly(18), ("core20", "rest"): 2}
    )
    found = attack(telling.told(), Silent())
    assert (found.reports, found.cells, found.masked) == (1, 5, 2)
    assert found.by_stratifier() == {"sex": 1, "core20": 1}
    assert found.by_possible() == {1: 2}


def test_a_chain_has_what_it_takes_and_no_more() -> None:
    telling = (
        Telling()
        .report("P", practices=("P",), numerator={WHOLE: Exactly(20), F: Exactly(17), M: 3})
        .report("Q", practices=("Q",), numerator={WHOLE: Exactly(50), F: Exactly(25), M: Exactly(25)})
        .report("N", practices=("P", "Q"), numerator={WHOLE: 70, F: Exactly(42), M: 28})
    )
    [example] = attack(telling.told(), Silent()).examples
    [link] = example.chain
    assert link.why == Kind.STRATA.told
    assert (link.whole.name, link.whole.low, link.whole.high) == ((*WHOLE, NUMERATOR), 20, 20)
    assert [(part.name.stratum, part.is_masked) for part in link.parts] == [("female", False), ("male", True)]
    assert (example.low, example.high) == (3, 3)


def test_a_chain_goes_through_counts_that_are_masked_themselves() -> None:
    telling = Telling().report(
        numerator={("imd-decile", "1"): 1, ("imd-decile", "2"): 1, ("imd-decile", "9"): State.WITHHELD}
        | {("core20", "core20"): 2}
        | {WHOLE: Exactly(20), ("core20", "rest"): Exactly(18)}
    )
    chains = {one.recovered.name.stratum: one.chain for one in attack(telling.told(), Silent()).examples}
    assert {stratum: {link.why for link in chain} for stratum, chain in chains.items()} == {
        "core20": {Kind.STRATA.told},
        "1": {Kind.STRATA.told, Kind.NESTED.told},
        "2": {Kind.STRATA.told, Kind.NESTED.told},
    }


def test_what_takes_several_sums_at_once_is_found_by_the_check_beyond_them() -> None:
    """Three practices in three networks of two each: half of all three sums less one of them is the third practice."""
    telling = Telling()
    for practice, people in (("P", 2), ("Q", 3), ("R", 4)):
        telling.report(practice, practices=(practice,), numerator={F: people})
    for network, people in (("PQ", 5), ("QR", 7), ("PR", 6)):
        telling.report(network, practices=tuple(network), numerator={F: Exactly(people)})
    assert attack(telling.told(), Silent()).recovered == ()
    found = attack(telling.told(), Silent(), limit_s=60)
    assert [(one.low, one.high, one.is_alone) for one in found.recovered] == [
        (2, 2, False),
        (3, 3, False),
        (4, 4, False),
    ]


def test_without_time_nothing_is_said_to_be_decided() -> None:
    telling = Telling().report(numerator={WHOLE: 20, F: 17, M: 3, OTHER: 1, UNKNOWN: 1})
    found = attack(telling.told(), Silent(), limit_s=0)
    assert (found.decided, found.nearby, found.unseen) == (0, 0, 3)
    assert attack(telling.told(), Silent(), limit_s=60).decided == 3

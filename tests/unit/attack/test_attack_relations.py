"""One masked count for each kind of sum that can be worked out by it, and by no other."""

from dataclasses import replace

import pyarrow as pa
import pytest

from hi_fhir.attack.attacking import attack, bounded
from hi_fhir.attack.relations.sums import Kind
from hi_fhir.attack.told import Name, SamePeople, State
from hi_fhir.core.progress import Silent
from tests.support.telling import IP, NUMERATOR, WHOLE, Exactly, Telling

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
EQUAL = SamePeople({("m", "1"): {NUMERATOR: "a"}, ("n", "1"): {IP: "a"}}, frozenset())
WITHIN = SamePeople({("m", "1"): {NUMERATOR: "a"}, ("n", "1"): {IP: "b"}}, frozenset({("a", "b")}))
OCCASIONS = Telling().report(numerator={F: 2}, occasions={F: Exactly(2)})
SAME_PEOPLE = (
    Telling(same=EQUAL)
    .report(measure="m", numerator={F: 3, M: Exactly(9)})
    .report(measure="n", initial_population={F: Exactly(3)})
)
AMONG_OTHERS = (
    Telling(same=WITHIN).report(measure="m", numerator={F: 2}).report(measure="n", initial_population={F: Exactly(2)})
)
VERSIONS = Telling().report(numerator={F: 3}).report(numerator={F: Exactly(3)})
RUN = (
    Telling()
    .report("P", persons={("run-people", "all"): 3})
    .report("Q", measure="n", persons={("run-people", "all"): Exactly(3)})
)
PEOPLE = ("run-people", "all")
REASONS = Telling().report(
    **{"persons": {PEOPLE: 998}, "registered": {PEOPLE: 992}, "not-registered-by-reason.dead": {PEOPLE: 6}}
)
KINDS = Telling().report(
    **{"registered": {PEOPLE: 998}, "ethnicity.stated": {PEOPLE: 992}, "ethnicity.refused": {PEOPLE: 6}}
)
TWICE = Telling().report(
    **{"no-registration": {PEOPLE: Exactly(6)}, "not-registered-by-reason.no-registration": {PEOPLE: 6}}
)
EVERYBODY = SamePeople({("m", "1"): {IP: "a"}}, frozenset(), registered="a")
ONLY_AREA = (
    Telling(same=EVERYBODY)
    .report("P", practices=("P",), edition="now", registered={PEOPLE: Exactly(3)})
    .report("N", practices=("P", "Q"), edition="now", initial_population={WHOLE: 3})
)
OF_PRACTICES = (
    Telling(same=EVERYBODY)
    .report("P", practices=("P",), edition="now", registered={PEOPLE: Exactly(20)}, initial_population={WHOLE: 3})
    .report("Q", practices=("Q",), edition="now", initial_population={WHOLE: Exactly(17)})
)
LEFT = (
    Telling()
    .report("N", practices=("P", "Q"), edition="then", numerator={F: Exactly(20)})
    .report("P", practices=("P",), edition="now", numerator={F: Exactly(17)})
    .report("Q", practices=("Q",), edition="now", numerator={F: 3})
    .report("N", practices=("P",), edition="now", numerator={F: Exactly(17)})
)
MERGED = (
    Telling()
    .report("QA", practices=("P", "Q"), edition="then", numerator={F: Exactly(17)})
    .report("QB", practices=("R", "S"), edition="then", numerator={F: 3})
    .report("QX", practices=("P", "Q", "R", "S"), edition="now", numerator={F: Exactly(20)})
)
RENAMED = (
    Telling()
    .report("QA", practices=("P", "Q"), edition="then", numerator={F: 3})
    .report("QX", practices=("P", "Q"), edition="now", numerator={F: Exactly(3)})
)
BY_LAST_DAYS = SamePeople({("m", "1"): {IP: "a"}}, frozenset(), frozenset({"a"}))
PERIODS = (
    Telling(same=BY_LAST_DAYS)
    .report(initial_population={F: 3})
    .report(start="2025-01-01", initial_population={F: Exactly(3)})
)
CHANGED = Telling().report(numerator={F: 7}).report(day="2025-04-30", numerator={F: Exactly(8)})


@pytest.mark.parametrize(
    ("telling", "kind"),
    [
        pytest.param(STRATA, Kind.STRATA, id="strata"),
        pytest.param(DECILES, Kind.NESTED, id="deciles"),
        pytest.param(CATEGORIES, Kind.NESTED, id="categories"),
        pytest.param(CROSSING, Kind.CROSSING, id="crossing"),
        pytest.param(INNER_MARGIN, Kind.CROSSING, id="inner margin"),
        pytest.param(POPULATIONS, Kind.POPULATIONS, id="populations"),
        pytest.param(OCCASIONS, Kind.POPULATIONS, id="occasions"),
        pytest.param(PRACTICES, Kind.AREAS, id="practices"),
        pytest.param(BY_PRACTICE, Kind.AREAS, id="strata by practice"),
        pytest.param(BY_NETWORK, Kind.AREAS, id="strata by network"),
        pytest.param(SAME_PEOPLE, Kind.SAME_PEOPLE, id="same people"),
        pytest.param(AMONG_OTHERS, Kind.SAME_PEOPLE, id="people among others"),
        pytest.param(VERSIONS, Kind.VERSIONS, id="versions"),
        pytest.param(RUN, Kind.RUN, id="run"),
        pytest.param(REASONS, Kind.RUN, id="persons of a run, and reasons why they are not registered"),
        pytest.param(KINDS, Kind.RUN, id="the registered of a run by kind"),
        pytest.param(TWICE, Kind.RUN, id="a count of a run that is told twice"),
        pytest.param(ONLY_AREA, Kind.RUN, id="the registered of a run of one area"),
        pytest.param(OF_PRACTICES, Kind.RUN, id="the registered of a run, and of its practices"),
        pytest.param(CHANGED, Kind.CHANGE, id="change"),
        pytest.param(LEFT, Kind.THEN, id="a practice that left"),
        pytest.param(MERGED, Kind.THEN, id="boards that became one"),
        pytest.param(RENAMED, Kind.THEN, id="a board of another name"),
        pytest.param(PERIODS, Kind.PERIODS, id="periods"),
    ],
)
def test_a_masked_count_is_recovered_by_one_kind_of_sum_alone(telling: Telling, kind: Kind) -> None:
    found = attack(telling.told(), Silent(), change=1).recovered
    assert len(found) == 1
    assert attack(telling.told(), Silent(), change=1, without=frozenset({kind})).recovered == ()
    assert attack(telling.told(), Silent(), change=1, without=frozenset(Kind) - {kind}).recovered == found


def test_a_share_that_is_given_has_no_few() -> None:
    """Of 1 to 7 exceptions 5 to 7 leave 1 to 7 others, of whom no share would have been given; 4 or fewer do not."""
    telling = Telling().report(
        denominator={WHOLE: Exactly(20)},
        numerator={WHOLE: Exactly(10)},
        denominator_exception={WHOLE: 2},
        score={WHOLE: State.SCORE_GIVEN},
    )
    [found] = attack(telling.told(), Silent()).recovered
    assert (found.low, found.high) == (1, 2)
    assert attack(telling.told(), Silent(), without=frozenset({Kind.SCORE})).recovered == ()


def test_a_share_that_is_not_given_has_few() -> None:
    telling = Telling().report(
        denominator={WHOLE: Exactly(20)},
        numerator={WHOLE: Exactly(11)},
        denominator_exception={WHOLE: 2},
        score={WHOLE: State.SCORE_SMALL},
    )
    assert bounded(telling.told(), Silent()).of(0, (*WHOLE, "denominator_exception")) == (2, 7)
    assert bounded(telling.told(), Silent(), without=frozenset({Kind.SCORE})).of(
        0, (*WHOLE, "denominator_exception")
    ) == (1, 7)


def test_a_share_of_nobody_has_nobody() -> None:
    telling = Telling().report(
        denominator={WHOLE: 7},
        numerator={WHOLE: 0},
        denominator_exception={WHOLE: 7},
        score={WHOLE: State.SCORE_EMPTY},
    )
    assert bounded(telling.told(), Silent()).of(0, (*WHOLE, "in-none")) == (0, 0)


def test_a_correction_says_nothing_of_what_it_corrects() -> None:
    telling = Telling().report(numerator={F: 3, M: Exactly(9)}).report(numerator={F: Exactly(3), M: Exactly(10)})
    assert attack(telling.told(), Silent()).recovered == ()


def test_what_holds_of_those_who_were_not_corrected_holds_still() -> None:
    """Q was corrected, and N with it, which has it; P is as it was."""
    telling = Telling()
    for edition, (p, q, n) in {"first": (3, Exactly(9), Exactly(12)), "second": (Exactly(3), Exactly(10), 13)}.items():
        telling.report("P", practices=("P",), edition=edition, numerator={F: p})
        telling.report("Q", practices=("Q",), edition=edition, numerator={F: q})
        telling.report("N", practices=("P", "Q"), edition=edition, numerator={F: n})
    found = bounded(telling.told(), Silent())
    assert found.of(0, (*F, NUMERATOR)) == (3, 3)
    assert found.of(5, (*F, NUMERATOR)) == (13, 13)


def counted(*populations: str, **people: int) -> dict[str, pa.Table]:
    """The true counts of editions, of one practice, alike for all these populations."""
    names = populations or (NUMERATOR,)
    return {
        edition: pa.Table.from_pylist(
            [
                {"measure_id": "m", "practice_id": "P", "stratifier": "sex", "stratum": "female"}
                | {"population": name, "count": count}
                for name in names
            ]
        )
        for edition, count in people.items()
    }


@pytest.mark.parametrize(
    ("then", "now", "knowing", "others"),
    [
        pytest.param(7, 8, (7, 7), (1, 7), id="one more, who is told by the next number"),
        pytest.param(8, 7, (8, 8), (8, 12), id="one fewer"),
        pytest.param(3, 3, (1, 7), (1, 7), id="the same"),
    ],
)
def test_whoever_knows_what_was_corrected_knows_both_editions_by_each_other(
    then: int, now: int, knowing: tuple[int, int], others: tuple[int, int]
) -> None:
    telling = Telling()
    for edition, people in (("first", then), ("second", now)):
        telling.report("P", practices=("P",), edition=edition, numerator={F: people})
    exact = counted(first=then, second=now)
    assert bounded(telling.told(), Silent(), exact=exact).of(0, (*F, NUMERATOR)) == knowing
    assert bounded(telling.told(), Silent(), exact=exact, knows_changes=False).of(0, (*F, NUMERATOR)) == others


def test_that_those_left_over_are_as_they_were_is_not_known_where_what_they_are_left_of_was_corrected() -> None:
    """Nobody was left beside the numerator, and nobody is: no report says so."""
    telling = Telling()
    telling.report(practices=("P",), edition="first", denominator={F: Exactly(9)}, numerator={F: Exactly(9)})
    telling.report(practices=("P",), edition="second", denominator={F: 5}, numerator={F: Exactly(5)})
    exact = counted("denominator", NUMERATOR, first=9, second=5)
    assert bounded(telling.told(), Silent(), exact=exact).of(1, (*F, "denominator")) == (5, 5)
    assert bounded(telling.told(), Silent(), exact=exact, knows_changes=False).of(1, (*F, "denominator")) == (5, 7)


def test_editions_that_differ_where_they_tell_the_same_are_not_taken_for_one() -> None:
    telling = Telling()
    for edition, people in (("first", 9), ("second", 10)):
        own = Exactly(people) if edition == "second" else people
        telling.report("P", practices=("P",), edition=edition, numerator={F: own})
    exact = counted(first=9, second=10)
    assert bounded(telling.told(), Silent()).of(0, (*F, NUMERATOR)) == (10, 10)
    assert bounded(telling.told(), Silent(), exact=exact, knows_changes=False).of(0, (*F, NUMERATOR)) == (8, 12)


def test_the_version_after_a_correction_is_as_the_correction_was() -> None:
    telling = Telling()
    for edition, people in (("first", 9), ("second", 10), ("third", 10)):
        telling.report(edition=edition, numerator={F: Exactly(people), M: Exactly(3) if edition == "third" else 3})
    found = bounded(telling.told(), Silent())
    assert [found.of(one, (*M, NUMERATOR)) for one in range(3)] == [(1, 7), (3, 3), (3, 3)]


def test_nothing_is_supposed_of_another_day_unless_asked() -> None:
    assert attack(CHANGED.told(), Silent()).recovered == ()


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


def test_how_often_something_was_of_few_people_may_be_any_number_and_sums_tell_it_all_the_same() -> None:
    telling = Telling().report(occasions={WHOLE: Exactly(100), F: Exactly(17), M: State.MASKED})
    found = bounded(telling.told(), Silent())
    place = found.counts.places[Name(*M, "occasions")]

    assert (found.bounds.low[place], found.bounds.high[place]) == (83, 83)
    assert not found.bounds.contradicted.any()


def test_a_practice_that_knows_its_own_people_learns_another_s() -> None:
    network = (
        Telling()
        .report("P", practices=("P",), numerator={F: 12})
        .report("Q", practices=("Q",), numerator={F: 3})
        .report("N", practices=("P", "Q"), numerator={F: 15, ("practice", "P"): 5})
    )
    own = Telling().report("P", practices=("P",), numerator={F: Exactly(12), WHOLE: Exactly(5)})
    assert attack(network.told(), Silent()).recovered == ()
    told = network.told().joined(replace(own.told(), knowing=frozenset({"P"})))
    found = attack(told, Silent())
    assert bounded(told, Silent()).of(1, (*F, "numerator")) == (1, 5)
    assert found.recovered == ()
    assert found.masked == 1
    exact = Telling().report("N", practices=("P", "Q"), numerator={F: Exactly(15)})
    [recovered] = attack(told.joined(exact.told()), Silent()).recovered
    assert (recovered.report.reporter, recovered.low) == ("Q", 3)


def test_an_area_s_few_people_who_may_all_be_the_reader_s_own_are_nobody_else() -> None:
    network = (
        Telling()
        .report("N", practices=("P", "Q"), numerator={F: 3})
        .report("Q", practices=("Q",), numerator={F: Exactly(0)})
        .report("P", practices=("P",), numerator={F: 2})
    )
    own = Telling().report("P", practices=("P",), numerator={F: Exactly(2)})
    told = network.told().joined(replace(own.told(), knowing=frozenset({"P"})))
    assert bounded(told, Silent()).of(0, (*F, "numerator")) == (2, 2)
    assert attack(told, Silent()).recovered == ()


def test_a_stratum_that_happens_to_be_called_as_a_reporter_is_none() -> None:
    telling = (
        Telling()
        .report("B", practices=("B",), numerator={WHOLE: Exactly(3)})
        .report("N", practices=("B", "Q"), numerator={("ethnic-category-16", one): 3 for one in "AB"})
    )
    assert attack(telling.told(), Silent()).recovered == ()


def test_who_is_in_none_of_a_denominator_s_populations_is_not_forgotten_without_a_numerator() -> None:
    telling = Telling().report(denominator={WHOLE: 20}, denominator_exception={WHOLE: 3})
    found = bounded(telling.told(), Silent())
    assert found.of(0, (*WHOLE, "denominator_exception")) == (1, 7)
    assert not found.bounds.contradicted.any()


def test_an_area_s_own_people_are_so_in_what_another_audience_is_told_of_it() -> None:
    areas = (
        Telling()
        .report("N", practices=("P", "Q"), numerator={F: 2})
        .report("Q", practices=("Q",), numerator={F: Exactly(0)})
        .report("P", practices=("P",), numerator={F: 2})
    )
    again = Telling().report("N", practices=("P", "Q"), numerator={F: 2})
    own = Telling().report("P", practices=("P",), numerator={F: Exactly(2)})
    told = areas.told().joined(again.told()).joined(replace(own.told(), knowing=frozenset({"P"})))
    copies = [place for place, one in enumerate(told.reports) if one.reporter == "N"]
    assert len(copies) == 2
    assert [bounded(told, Silent()).of(place, (*F, "numerator")) for place in copies] == [(2, 2), (2, 2)]
    assert attack(told, Silent()).recovered == ()


def test_of_others_there_are_no_more_in_a_part_than_in_the_whole() -> None:
    strata = {("pcn", "unknown"): 2, ("pcn", "N"): Exactly(0)}
    areas = (
        Telling()
        .report("B", practices=("P", "Q"), numerator={WHOLE: 2, **strata})
        .report("Q", practices=("Q",), numerator={WHOLE: Exactly(0)})
        .report("P", practices=("P",), numerator={WHOLE: 2})
    )
    own = Telling().report("P", practices=("P",), numerator={WHOLE: Exactly(2)})
    told = areas.told().joined(replace(own.told(), knowing=frozenset({"P"})))
    assert bounded(told, Silent()).of(0, ("pcn", "unknown", "numerator")) == (2, 2)
    assert attack(told, Silent()).recovered == ()

"""MeasureReports of hi_fhir and of others, read from files as their readers have them."""

from pathlib import Path

import pytest

from hi_fhir.attack.attacking import attack, bounded
from hi_fhir.attack.reading.measure_reports import read_measure_reports
from hi_fhir.attack.relations.sums import Kind
from hi_fhir.attack.told import OF_RUN, Name, State
from hi_fhir.core.errors import NotFoundError, UserError
from hi_fhir.core.progress import Silent
from tests.support.foreign_reports import by, counted, report, write
from tests.support.reporting import released_reports

STATES = {
    **{"shown": State.EXACT, "rounded": State.ROUNDED, "masked": State.MASKED},
    **{"suppressed": State.WITHHELD, "unsupported": State.WITHHELD},
}


def test_our_own_reports_tell_what_their_cells_do(tmp_path: Path) -> None:
    released = released_reports("icb", people=60)
    for reporter, one in released.reports.items():
        write(tmp_path / f"{reporter}.json", one)
    told = read_measure_reports(tmp_path, masked_to=99)
    places = {one.reporter: place for place, one in enumerate(told.reports)}
    found = {
        (told.report[cell], told.names[told.name[cell]]): (told.state[cell], told.value[cell])
        for cell in range(len(told.report))
    }
    for reporter, cells in released.cells.items():
        own = [one for one in cells if not one.stratifier.startswith(OF_RUN) and one.population != "score"]
        for cell in own:
            name = Name(cell.stratifier, cell.stratum, cell.population)
            value = -1 if cell.value is None else cell.value
            state = State.WITHIN_FEW if cell.reason == "small-group" else STATES[cell.state]
            assert found[places[reporter], name] == (state, value)
    assert {one.rounding for one in told.reports} == {(7, 5)}
    assert told.reports[places["U99001"]].practices == ("A99001", "A99002")


def test_a_count_of_others_is_recovered(tmp_path: Path) -> None:
    sexes = by("gender", f=counted(numerator=17), m=counted(numerator=None))
    told = read_measure_reports(write(tmp_path / "one.json", report(counted(numerator=20), sexes)), masked_to=7)
    [found] = attack(told, Silent()).recovered
    assert (found.name, found.low) == (("gender", "m", "numerator"), 3)
    assert found.report.measure_version == "3"


def test_reports_in_bundles_and_lines_are_all_read(tmp_path: Path) -> None:
    one, two, three = (report(counted(numerator=20), reporter=code) for code in "ABC")
    write(tmp_path / "lines.ndjson", one, {"resourceType": "Measure"}, two)
    write(tmp_path / "bundle.json", {"resourceType": "Bundle", "entry": [{"resource": three}]})
    write(tmp_path / "notes.txt", {"no": "report"})
    assert {read.reporter for read in read_measure_reports(tmp_path, masked_to=7).reports} == set("ABC")


def test_strata_that_are_reporters_are_their_reports(tmp_path: Path) -> None:
    surgeries = by("surgery", P=counted(numerator=17), Q=counted(numerator=None))
    board = report(counted(numerator=20), surgeries, reporter="B")
    told = read_measure_reports(
        write(
            tmp_path / "all.ndjson",
            board,
            report(counted(numerator=17), reporter="P"),
            report(counted(numerator=3), reporter="Q"),
        ),
        masked_to=7,
    )
    [found] = attack(told, Silent()).recovered
    assert (found.report.reporter, found.name.stratum, found.low) == ("B", "Q", 3)


def test_to_what_counts_were_rounded_is_seen_from_them(tmp_path: Path) -> None:
    strata = {f"s{place}": counted(numerator=10 * place) for place in range(1, 12)}
    told = read_measure_reports(write(tmp_path / "one.json", report(counted(numerator=660), by("s", **strata))), 7)
    assert {one.rounding for one in told.reports} == {(7, 10)}
    assert bounded(told, Silent()).of(0, ("s", "s2", "numerator")) == (15, 25)


def test_a_published_share_gives_the_masked_count_away_that_it_was_divided_from(tmp_path: Path) -> None:
    path = write(tmp_path / "one.json", report(counted(0.15, denominator=20, numerator=None)))
    [found] = attack(read_measure_reports(path, 7), Silent()).recovered
    assert (found.name.population, found.low, found.high) == ("numerator", 3, 3)
    assert attack(read_measure_reports(path, 7), Silent(), without=frozenset({Kind.SCORE})).recovered == ()


@pytest.mark.parametrize(("score", "people", "values"), [(0.2, 18, (3, 4)), (0.1538, 26, (4, 4)), (0.3, 23, (6, 7))])
def test_a_share_leaves_what_rounds_to_it(tmp_path: Path, score: float, people: int, values: tuple[int, int]) -> None:
    path = write(tmp_path / "one.json", report(counted(score, denominator=people, numerator=None)))
    found = bounded(read_measure_reports(path, 7), Silent()).of(0, ("all", "all", "numerator"))
    assert found == values
    assert [n for n in range(1, 8) if round(n / people, len(str(score)) - 2) == score] == [
        *range(found[0], found[1] + 1)
    ]


def test_a_share_in_percent_is_one(tmp_path: Path) -> None:
    group = counted(15.0, denominator=20, numerator=None)
    group["measureScore"]["unit"] = "%"
    [found] = attack(read_measure_reports(write(tmp_path / "one.json", report(group)), 7), Silent()).recovered
    assert found.low == 3


def test_a_share_of_the_counts_as_they_are_given_tells_nothing_more(tmp_path: Path) -> None:
    strata = {f"s{place}": counted(0.5, denominator=10 * place, numerator=5 * place) for place in range(1, 12)}
    told = read_measure_reports(
        write(tmp_path / "one.json", report(counted(0.5, denominator=660, numerator=330), by("s", **strata))), 7
    )
    assert len(told.ratios.report) == 0


def test_each_group_of_a_report_is_a_measure(tmp_path: Path) -> None:
    one = report(counted(numerator=20))
    one["group"].append({**counted(numerator=30), "stratifier": []})
    told = read_measure_reports(write(tmp_path / "one.json", one), 7)
    assert [read.measure.rpartition("/")[2] for read in told.reports] == ["of-others#1", "of-others#2"]


def test_what_is_no_json_or_no_report_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"resourceType": "Patient"}\n{"resource', encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.ndjson:2: it is not JSON"):
        read_measure_reports(tmp_path, 7)
    write(tmp_path / "a.ndjson", {"resourceType": "Patient"})
    with pytest.raises(NotFoundError, match="no MeasureReport"):
        read_measure_reports(tmp_path, 7)
    write(tmp_path / "a.ndjson", {"resourceType": "MeasureReport", "group": [{"population": [7]}]})
    with pytest.raises(UserError, match=r"a\.ndjson:1: this MeasureReport has not the shape"):
        read_measure_reports(tmp_path, 7)

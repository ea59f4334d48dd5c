"""`hi-fhir attack` on the reports of a store: what it says, and with what it exits."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hi_fhir.core.files import canonical_json
from hi_fhir.store import ledger
from hi_fhir.store.cells import CellRow, NewCells
from hi_fhir.store.session import open_store
from tests.support import released
from tests.support.cli import hi_fhir, settings
from tests.support.evaluations import AREAS, write_evaluation
from tests.support.recording import record_reports

OPEN: list[CellRow] = [
    ("all", "all", "numerator", "rounded", None, 20),
    ("sex", "female", "numerator", "rounded", None, 15),
    ("sex", "male", "numerator", "masked", None, None),
]
GIVEN_AWAY: list[CellRow] = [
    ("all", "all", "numerator", "shown", None, 20),
    ("sex", "female", "numerator", "shown", None, 17),
    ("sex", "male", "numerator", "masked", None, None),
]


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with settings(monkeypatch, tmp_path):
        yield


def release(folder: Path, cells: list[CellRow], audience: str = "icb", evaluation: str = "first") -> None:
    """A report with these cells, as the next version of the one before it."""
    report = replace(
        released.new_report(
            "smoking-status-recorded", "A99001", audience, content=canonical_json({"date": evaluation})
        ),
        cells=NewCells.of(cells),
    )
    with open_store(folder / "data" / "hi_fhir.sqlite").write() as session:
        made = ledger.NewRelease(evaluation, audience, "policy", "1", "nothing", {"main": "2025-03-31"})
        record_reports(session, made, [report], released.CLOCK.at)


def test_nothing_recovered_exits_with_0(tmp_path: Path) -> None:
    release(tmp_path, OPEN)
    ran = hi_fhir("attack")
    assert (ran.code, "No masked count can be worked out" in ran.out) == (0, True)


def test_a_recovered_count_is_told_and_exits_with_4(tmp_path: Path) -> None:
    release(tmp_path, GIVEN_AWAY)
    ran = hi_fhir("attack")
    assert ran.code == 4
    assert "smoking-status-recorded" in ran.out
    found = hi_fhir("attack", "--json").json
    assert (found["cells"], found["masked"], found["recovered"]) == (3, 1, 1)
    assert found["by_stratifier"] == {"sex": 1}
    [cell] = found["cells_recovered"]
    assert (cell["reporter"], cell["stratum"], cell["from"], cell["to"]) == ("A99001", "male", 3, 3)


def test_what_was_given_before_is_attacked_in_the_ledger_alone(tmp_path: Path) -> None:
    release(tmp_path, GIVEN_AWAY)
    release(tmp_path, OPEN, evaluation="second")
    assert hi_fhir("attack").code == 0
    assert hi_fhir("attack", "--ledger").code == 4
    assert hi_fhir("attack", "first").code == 4


def test_an_audience_attacks_with_what_it_may_have(tmp_path: Path) -> None:
    release(tmp_path, GIVEN_AWAY, audience="pcn")
    assert hi_fhir("attack", "--audience", "pcn").code == 4
    ran = hi_fhir("attack", "--audience", "public")
    assert ran.code == 2
    assert "nothing was released" in ran.err


def test_a_practice_that_knows_its_own_people_attacks_with_them(tmp_path: Path) -> None:
    release(tmp_path, [("sex", "female", "numerator", "masked", None, None)])
    ran = hi_fhir("attack", "--knows", "A99001")
    assert ran.code == 2
    assert "nothing was released to practice A99001" in ran.err
    release(tmp_path, [("sex", "female", "numerator", "shown", None, 3)], audience="practice")
    assert hi_fhir("attack", "--knows", "A99001", "--json").json["masked"] == 0
    assert hi_fhir("attack", "--json").json["masked"] == 1
    assert "its own reports alone" in hi_fhir("attack", "--audience", "practice").err


def test_reports_of_others_are_attacked_in_their_folder(tmp_path: Path) -> None:
    population = [{"code": {"text": "numerator"}, "count": 20}]
    few = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}
    strata = [
        {"value": {"text": "f"}, "population": [{"code": {"text": "numerator"}, "count": 17}]},
        {"value": {"text": "m"}, "population": [{"code": {"text": "numerator"}, "_count": few}]},
    ]
    report = {"resourceType": "MeasureReport", "measure": "m|1", "period": {"start": "2024-04-01"}}
    report["group"] = [{"population": population, "stratifier": [{"stratum": strata}]}]
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "one.json").write_bytes(canonical_json(report))
    assert hi_fhir("attack", "others").code == 4
    assert hi_fhir("attack", "others/one.json", "--json").json["recovered"] == 1
    assert hi_fhir("attack", "others", "--ledger").code == 2


def test_what_masking_alone_would_have_told_is_attacked_and_kept_nowhere(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "data" / "evaluations" / "e1", measures=["ethnicity-recorded"], areas=AREAS[:2])
    ran = hi_fhir("attack", "--primary-only", "--seconds", "0")
    assert (ran.code, "which are not kept" in ran.err) == (4, True)
    found = hi_fhir("attack", "e1", "--primary-only", "--seconds", "0", "--json").json
    assert found["recovered"] == len(found["cells_recovered"]) > 0
    assert hi_fhir("attack", "--audience", "icb").code == 2, "nothing was released"


def test_what_would_be_released_is_attacked_before_it_is(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "data" / "evaluations" / "e1", measures=["ethnicity-recorded"], areas=AREAS[:2])
    first = hi_fhir("attack", "e1", "--unreleased", "--seconds", "0", "--json")
    assert (first.code, first.json["recovered"]) == (0, 0)
    assert hi_fhir("report", "--evaluation", "e1", "--audience", "icb").code == 0
    beside = hi_fhir("attack", "--unreleased", "--seconds", "0", "--json")
    assert (beside.code, beside.json["reports"]) == (0, 2 * first.json["reports"])


@pytest.mark.parametrize("also", [["--ledger"], ["--unreleased"], ["--audience", "practice"]])
def test_what_is_attacked_is_said_once(tmp_path: Path, also: list[str]) -> None:
    write_evaluation(tmp_path / "data" / "evaluations" / "e1", measures=["ethnicity-recorded"], areas=AREAS[:2])
    ran = hi_fhir("attack", "--primary-only", *also)
    assert (ran.code, "Give" in ran.err) == (2, True)

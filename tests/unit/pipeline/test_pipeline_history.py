"""The newest goes by numbers in the folder: a copy, a restore or a touched file changes nothing."""

import os
from pathlib import Path

import pytest

from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.files import commit_json, owner_folder
from hi_fhir.pipeline import history
from hi_fhir.pipeline.run_folder import open_run
from tests.support.evaluations import write_evaluation


def an_evaluation(data_dir: Path, name: str) -> Path:
    folder = data_dir / "evaluations" / name
    write_evaluation(folder, measures=["ethnicity-recorded"], people=1)
    history.note_newest(folder)
    return folder


def touched(path: Path) -> None:
    """As if `path` had been written in the far future."""
    os.utime(path, (4_000_000_000, 4_000_000_000))


def a_pull(data_dir: Path, name: str, sequence: int, *, finished: bool = True) -> Path:
    folder = owner_folder(data_dir / "sources" / "elm" / "raw" / name)
    commit_json(folder / "plan.json", {"sequence": sequence})
    if finished:
        commit_json(folder / "pull.json", {})
    return folder


def test_the_newest_evaluation_is_the_one_that_was_asked_for_last_whatever_the_times_of_files(tmp_path: Path) -> None:
    old, new = an_evaluation(tmp_path, "b"), an_evaluation(tmp_path, "a")
    touched(old / "evaluation.json")
    touched(old / "sequence.json")

    assert history.latest_evaluation(tmp_path) == new
    assert [one["id"] for one in history.evaluations(tmp_path)] == ["b", "a"]


def test_one_that_is_asked_for_again_is_the_newest_again(tmp_path: Path) -> None:
    old, new = an_evaluation(tmp_path, "b"), an_evaluation(tmp_path, "a")
    assert history.latest_evaluation(tmp_path) == new
    history.note_newest(old)

    assert history.latest_evaluation(tmp_path) == old


def test_the_newest_that_is_asked_for_again_is_left_as_it_is(tmp_path: Path) -> None:
    new = an_evaluation(tmp_path, "a")
    before = (new / "sequence.json").read_bytes()
    history.note_newest(new)

    assert (new / "sequence.json").read_bytes() == before


def test_one_whose_number_was_never_written_down_is_older_than_any(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "evaluations" / "z", measures=["ethnicity-recorded"], people=1)
    new = an_evaluation(tmp_path, "a")

    assert history.latest_evaluation(tmp_path) == new
    (new / "sequence.json").unlink()
    assert history.latest_evaluation(tmp_path).name == "z"


def test_without_an_evaluation_there_is_no_newest(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="hi-fhir evaluate"):
        history.latest_evaluation(tmp_path)


def test_the_unfinished_pull_is_the_one_with_the_highest_number(tmp_path: Path) -> None:
    first, _ = a_pull(tmp_path, "p1", 1), a_pull(tmp_path, "p2", 2, finished=False)
    touched(first / "plan.json")

    assert history.unfinished_sequence(tmp_path, "elm") == 2


def test_the_records_of_a_run_are_told_by_its_newest_tables(tmp_path: Path) -> None:
    pulled = a_pull(tmp_path, "p1", 1).name
    commit_json(owner_folder(tmp_path / "runs" / "0001-a") / "plan.json", {"arguments": {}, "sequences": {"elm": 1}})
    for name, kernel in (("later", 2), ("earlier", 1)):
        folder = owner_folder(tmp_path / "sources" / "elm" / "snapshots" / name)
        content = {"id": name, "kernel_version": kernel, "pulls": [{"id": pulled}], "reconciliation": {"by": kernel}}
        commit_json(folder / "snapshot.json", content)
        touched(folder / "snapshot.json")

    [run] = history.runs(tmp_path)
    assert history.reconciliation_of(tmp_path, run) == {"elm": {"by": 2}}


def test_runs_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10000-b", "9999-a"):
        commit_json(owner_folder(tmp_path / "runs" / name) / "plan.json", {"arguments": {}, "sequences": {}})

    assert [run["run"] for run in history.runs(tmp_path)] == ["9999-a", "10000-b"]
    assert open_run(tmp_path, {"of": "another"}).name.startswith("10001-")

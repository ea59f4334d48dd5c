"""SQL is taken from what was compiled before only where the same program compiled the same expression."""

import os
import subprocess
import sys
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from hi_fhir.engine.compiled import CompiledQueries, digest_of
from hi_fhir.engine.connect import connect

PEOPLE = pa.table({"id": ["b", "a"], "age": [30, 40]})
SECRET = b"s" * 32


def older(folder: Path, file: Path, age: int = 35, secret: bytes = SECRET) -> tuple[list[str], int]:
    """The people above an age, and how many expressions were compiled to find them."""
    compiled = CompiledQueries(file, secret)
    before = dict(compiled._kept)
    engine = connect(folder / "spill", compiled=compiled)
    people = engine.keep("people", PEOPLE)
    found = engine.query(people.filter(people.age > age).select("id").order_by("id"))["id"].to_pylist()
    engine.close()
    return found, len(compiled._kept.keys() - before.keys())


def test_what_was_compiled_once_is_not_compiled_again(tmp_path: Path) -> None:
    assert older(tmp_path, tmp_path / "queries") == (["a"], 1)
    assert older(tmp_path, tmp_path / "queries") == (["a"], 0)
    assert older(tmp_path, tmp_path / "queries", age=20) == (["a", "b"], 1)
    assert (tmp_path / "queries").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"x", b"{}", b"0" * 64 + b"{}", b"\xff" * 200])
def test_a_file_that_is_not_whole_is_taken_for_empty(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "queries"
    older(tmp_path, file)
    file.write_bytes(content)

    assert older(tmp_path, file) == (["a"], 1)
    assert older(tmp_path, file) == (["a"], 0)


def test_one_changed_byte_makes_the_file_another(tmp_path: Path) -> None:
    file = tmp_path / "queries"
    older(tmp_path, file)
    file.write_bytes(file.read_bytes().replace(b"35", b"15"))

    assert older(tmp_path, file) == (["a"], 1)


def test_what_another_key_signed_is_not_taken(tmp_path: Path) -> None:
    older(tmp_path, tmp_path / "queries", secret=b"t" * 32)

    assert older(tmp_path, tmp_path / "queries") == (["a"], 1)


def test_other_versions_of_the_compiler_have_other_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ibis.table({"id": "string"}, name="people")
    now = digest_of(rows, None)
    monkeypatch.setattr("hi_fhir.engine.compiled._versions", lambda: ("0", "0"))

    assert digest_of(rows, None) != now


def test_the_digest_of_an_expression_is_the_same_in_every_process() -> None:
    code = (
        "from datetime import date; from hi_fhir.core.days import Period;"
        "from hi_fhir.engine.compiled import digest_of;"
        "from hi_fhir.measures import registry; from hi_fhir.measures.facts import all_leaves, fact_rows;"
        "from hi_fhir.measures.evaluation_context import EvaluationContext;"
        "from hi_fhir.measures.leaves import event_inputs, leaf_rows;"
        "period = Period(date(2024, 4, 1), date(2025, 3, 31)); context = EvaluationContext(period, period.end, 2025);"
        "all_ = registry.load();"
        "leaves = all_leaves(all_); print(digest_of(leaf_rows(leaves, context, event_inputs(leaves)), None));"
        "print(digest_of(fact_rows(all_, context), None))"
    )
    commands = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    ]

    assert commands[0] == commands[1]
    assert len(set(commands[0].split())) == 2


def test_a_file_has_an_end_and_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hi_fhir.engine.compiled._MOST", 2)
    for age in (1, 2, 3):
        older(tmp_path, tmp_path / "queries", age=age)

    assert older(tmp_path, tmp_path / "queries", age=2)[1] == 0
    assert older(tmp_path, tmp_path / "queries", age=1)[1] == 1


def test_rows_of_memory_are_no_part_of_what_is_compiled(tmp_path: Path) -> None:
    file = tmp_path / "queries"
    for count, ids in ((2, ["a", "b"]), (1, ["c"])):
        engine = connect(tmp_path / "spill", compiled=CompiledQueries(file, SECRET))
        assert engine.count(ibis.memtable({"id": ids}).filter(lambda t: t.id != "")) == count
        engine.close()

    assert b"'c'" not in file.read_bytes()
    assert len(CompiledQueries(file, SECRET)._kept) == 1

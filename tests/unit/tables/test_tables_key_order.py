"""Versions in order of id: the same whichever files they came in and however many are in memory at a time."""

import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from hi_fhir.tables import key_order
from hi_fhir.tables.ipc import write_ipc
from hi_fhir.tables.key_order import in_order


def files_of(folder: Path, ids: list[str], files: int) -> list[Path]:
    paths = []
    for number in range(files):
        mine = ids[number::files]
        seqs = list(range(number, len(ids), files))
        paths.append(folder / f"{number}.arrow")
        write_ipc(paths[-1], pa.table({"id": pa.array(mine, pa.string()), "seq": pa.array(seqs, pa.int64())}))
    return paths


def ordered(paths: list[Path], count: int) -> list[tuple[str, int]]:
    return [(row["id"], row["seq"]) for rows in in_order(paths, count) for row in rows.to_pylist()]


KINDS: dict[str, Callable[[random.Random], str]] = {
    "uuids": lambda rng: f"{rng.getrandbits(128):032x}",
    "numbered": lambda rng: f"practice-observation-{rng.randrange(10**6)}",
    "of different lengths": lambda rng: "".join(rng.choice("aB-é.0") for _ in range(rng.randrange(1, 20))),
    "nearly all the same": lambda rng: rng.choice(["x", "obs-0000000000001", "obs-0000000000002"]),
    "one id": lambda rng: "o",
    "with what fills shorter ones": lambda rng: "a" + "\0" * rng.randrange(4),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most", [7, 1_000])
def test_ids_are_in_order_and_versions_of_one_by_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, most: int
) -> None:
    monkeypatch.setattr(key_order, "RANGE_KEYS", most)
    rng = random.Random(kind)
    ids = [KINDS[kind](rng) for _ in range(200)]
    ids += rng.sample(ids, 20)

    expected = sorted(zip(ids, range(220), strict=True), key=lambda entry: (entry[0].encode(), entry[1]))
    assert ordered(files_of(tmp_path, ids, 3), 220) == expected


def test_no_more_are_in_memory_than_a_range_and_no_id_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_order, "RANGE_KEYS", 100)
    rng = random.Random(1)
    ids = [f"{rng.getrandbits(128):032x}" for _ in range(500)] * 2

    tables = list(in_order(files_of(tmp_path, ids, 4), 1_000))

    assert 8 <= len(tables) <= 10
    assert max(table.num_rows for table in tables) < 200
    seen = [set(table["id"].to_pylist()) for table in tables]
    assert sum(map(len, seen)) == len(set(ids))

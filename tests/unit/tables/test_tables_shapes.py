"""Shapes of several chunks: numbered together in the order of their columns, whatever number a chunk gave them."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from hi_fhir.tables import shapes
from hi_fhir.tables.ipc import write_ipc
from hi_fhir.tables.shapes import SCHEMA, SHAPE, known_shapes, shapes_file, unfolded

Shape = tuple[str | None, ...]


def some_shapes(rng: random.Random, count: int) -> list[Shape]:
    made = {tuple(rng.choice([None, "", "b", "a", "é"]) for _ in SHAPE) for _ in range(count)}
    return rng.sample(sorted(made, key=repr), len(made))


def written(folder: Path, chunks: list[list[Shape]]) -> tuple[Path, ...]:
    folders = []
    for number, chunk in enumerate(chunks):
        folders.append(folder / str(number))
        folders[-1].mkdir()
        columns = [[shape[place] for shape in chunk] for place in range(len(SHAPE))]
        write_ipc(shapes_file(folders[-1]), pa.table(columns, schema=SCHEMA))
    return tuple(folders)


@pytest.mark.parametrize("widest", [1 << 62, 30])
def test_a_row_has_the_columns_of_its_shape_and_numbers_are_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, widest: int
) -> None:
    monkeypatch.setattr(shapes, "_WIDEST", widest)
    rng = random.Random(3)
    chunks = [some_shapes(rng, 60), [], some_shapes(rng, 60)]
    chunks[2] += rng.sample([shape for shape in chunks[0] if shape not in chunks[2]], 20)
    folders = written(tmp_path, chunks)

    known = known_shapes(folders)

    for folder, chunk in zip(folders, chunks, strict=True):
        rows = unfolded(pa.table({"shape": pa.array(known.numbers[folder])}), known.shapes)
        assert list(zip(*(rows[name].to_pylist() for name in SHAPE), strict=True)) == chunk
    numbers = {shape: number for f, chunk in zip(folders, chunks, strict=True)
               for shape, number in zip(chunk, known.numbers[f].tolist(), strict=True)}  # fmt: skip
    in_order = sorted(numbers, key=lambda shape: [(word is None, (word or "").encode()) for word in shape])
    assert [numbers[shape] for shape in in_order] == list(range(len(numbers)))

"""The exact counts of an evaluation: by how many people two editions differ is known to whoever knows what changed."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hi_fhir.attack.told import Ints, Name


def by_practice(table: pa.Table, names: Sequence[Name]) -> Mapping[str, Mapping[str, Ints]]:
    """People by name, of each measure (id) and practice (ODS code). table: COUNTS of the evaluation."""
    places = {name: place for place, name in enumerate(names)}
    told, of_row = distinct_rows(table, ["stratifier", "stratum", "population"])
    name = np.array([places.get(Name(*one), -1) for one in told], dtype=np.int64)[of_row]
    owners, of_row = distinct_rows(table, ["measure_id", "practice_id"])
    people = np.zeros((len(owners), len(names)), dtype=np.int32)
    is_named = name >= 0
    people[of_row[is_named], name[is_named]] = table["count"].to_numpy()[is_named]
    found: dict[str, dict[str, Ints]] = {}
    for (measure, practice), own in zip(owners, people, strict=True):
        found.setdefault(measure, {})[practice] = own
    return found


def distinct_rows(table: pa.Table, columns: list[str]) -> tuple[list[tuple[str, ...]], npt.NDArray[np.int64]]:
    """What these columns say, each once, and the place among that of each row's."""
    key = np.zeros(table.num_rows, dtype=np.int64)
    for column in columns:
        coded = table[column].combine_chunks().dictionary_encode()
        key = key * len(coded.dictionary) + coded.indices.to_numpy()
    _, first, of_row = np.unique(key, return_index=True, return_inverse=True)
    rows = table.select(columns).take(pa.array(first)).to_pylist()
    return [tuple(row.values()) for row in rows], of_row

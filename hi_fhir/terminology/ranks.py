"""The published order of English areas by deprivation, each year on its own areas: never read one with the other's."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.data_files import read_head

LSOA_OF = {2019: "lsoa11", 2025: "lsoa21"}
"""IMD year to the vintage of its areas."""


@dataclass(frozen=True)
class DeprivationRanks:
    """table: lsoa (text), rank (int32, 1 is the most deprived) and decile (int8). Grain: one row per English LSOA."""

    year: int
    version: str
    table: pa.Table


def read_ranks(path: Path, year: int) -> DeprivationRanks:
    """The ranks of `year`; decile = ceil(rank x 10 / number of areas).

    Raises:
        TerminologyError: a rank is not a number, or an area appears twice.
    """
    head = read_head(path)
    vintage = LSOA_OF[year]
    types = {vintage: pa.string(), "rank": pa.int32()}
    try:
        rows = csv.read_csv(
            path,
            read_options=csv.ReadOptions(skip_rows=len(head), use_threads=False),
            convert_options=csv.ConvertOptions(column_types=types, include_columns=list(types)),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise TerminologyError(f"{path}: needs columns {vintage} and rank, a whole number. Fix the file.") from error
    count = rows.num_rows
    if len(pc.unique(rows[vintage])) != count:
        raise TerminologyError(f"{path}: an area appears twice. Remove one of its lines.")
    if count and (pc.min(rows["rank"]).as_py() < 1 or pc.max(rows["rank"]).as_py() > count):
        raise TerminologyError(f"{path}: ranks go beyond 1 to {count}. Is a part of the file missing?")
    deciles = pa.array([-(-rank * 10 // count) for rank in rows["rank"].to_pylist()], pa.int8())
    return DeprivationRanks(
        year, head["version"], pa.table({"lsoa": rows[vintage], "rank": rows["rank"], "decile": deciles})
    )

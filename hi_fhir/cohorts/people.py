"""People as rows of `person`, written bucket by bucket in total order, and what is linked to them."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hi_fhir.core.days import Period
from hi_fhir.core.files import owner_folder, place_file, sync_folder, written_aside
from hi_fhir.tables.schema import LINK, PERSON

LINK_FILE = "link.parquet"


def with_age(people: pa.Table, period: Period) -> pa.Table:
    """`people` with their completed years at the period's end; null where the birth date is absent or after it."""
    born, end = people["birth_date"], period.end
    day = pc.add(pc.multiply(pc.month(born), 100), pc.day(born))
    still_to_come = pc.cast(pc.greater(day, end.month * 100 + end.day), pa.int64())
    years = pc.subtract(pc.subtract(end.year, pc.year(born)), still_to_come)
    known = pc.if_else(pc.less_equal(born, pa.scalar(end, pa.date32())), years, None)
    return people.append_column("age", pc.cast(known, pa.int16()))


def finished(people: pa.Table, period: Period) -> pa.Table:
    """`people` in the columns and types of PERSON."""
    return with_age(people, period).select(PERSON.names).cast(PERSON)


def write_buckets(rows: pa.Table, schema: pa.Schema, buckets: str, folder: Path) -> None:
    """Write rows that are ordered by person_id to a file a bucket, empty ones too."""
    owner_folder(folder)
    for bucket, part in _slices(rows, buckets):
        _write(part.cast(schema), folder / f"{bucket}.parquet")
    sync_folder(folder)


def write_link(rows: pa.Table, folder: Path) -> None:
    """Write rows of LINK, in order of patient_id."""
    _write(rows.cast(LINK), owner_folder(folder) / LINK_FILE)
    sync_folder(folder)


def _write(rows: pa.Table, path: Path) -> None:
    temporary = written_aside(path)
    pq.write_table(rows, temporary, compression="zstd")
    place_file(temporary, path)


def _slices(rows: pa.Table, buckets: str) -> Iterator[tuple[str, pa.Table]]:
    first = pc.utf8_slice_codeunits(rows["person_id"], 0, 1)
    counts = {one["values"]: one["counts"] for one in pc.value_counts(first).to_pylist()}
    start = 0
    for bucket in buckets:
        size = counts.get(bucket, 0)
        yield bucket, rows.slice(start, size)
        start += size

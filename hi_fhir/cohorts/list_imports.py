"""Lists of registered patients that a user imports: kept as one table, in place of those imported before."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hi_fhir.cohorts.imports import ImportManifest, commit_import, read_import
from hi_fhir.cohorts.list_files import Listed, read_lists
from hi_fhir.cohorts.list_tally import LISTED, PublishedLists
from hi_fhir.core.errors import TerminologyError
from hi_fhir.core.files import owner_folder, written_aside

LISTS = "registered-patients"


def import_lists(files: Sequence[Path], target: Path) -> ImportManifest:
    """Take lists of one month or several into the folder `target`.

    Raises:
        TerminologyError: a file is not one of registered patients, or has no practice.
    """
    rows = read_lists(files)
    if not rows:
        raise TerminologyError(f"{files[0]}: no line of a practice. Is it a whole file of registered patients?")
    columns = dict(zip(Listed._fields, map(list, zip(*rows, strict=True)), strict=True))
    owner_folder(target)
    temporary = written_aside(target / f"{LISTS}.parquet")
    pq.write_table(pa.table(columns, schema=LISTED), temporary, compression="zstd")
    return commit_import(target, LISTS, ".parquet", files[0], temporary, len(rows), {name: name for name in columns})


def load_lists(target: Path) -> PublishedLists | None:
    """The imported lists; None where none were imported."""
    manifest = read_import(target, LISTS)
    return PublishedLists(pq.read_table(target / manifest.file), manifest.sha256[:16]) if manifest else None

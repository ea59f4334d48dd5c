"""Reference files that a user imports because they are too large or too local to ship: postcodes and memberships."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import msgspec

from hi_fhir.cohorts.ods_files import OdsRow, combined, numbered_lines, read_ods
from hi_fhir.core.errors import TerminologyError
from hi_fhir.core.files import commit_bytes, commit_file, owner_folder, sha256_file, written_aside
from hi_fhir.core.manifests import Format
from hi_fhir.engine.files import literal

POSTCODES, ORGANISATIONS = "postcodes", "organisations"
_COLUMNS = {
    "postcode": ("pcds", "pcd", "pcd2", "pcd7", "pcd8"),
    "lsoa11": ("lsoa11", "lsoa11cd"),
    "lsoa21": ("lsoa21", "lsoa21cd"),
}
"""Our column to the names that releases of the ONS Postcode Directory give it, in any case."""

_MEMBERSHIP = ("practice", "pcn", "icb", "valid_from", "valid_to")


class ImportManifest(msgspec.Struct, frozen=True):
    """Where an import came from. file: the data beside the manifest. source_sha256: of what was imported."""

    kind: str
    file: str
    source_name: str
    source_sha256: str
    sha256: str
    rows: int
    columns: dict[str, str]  # our column to the source's


_FORMAT = Format("import", ImportManifest, 1, "Import the file again, with hi-fhir mappings.")


@dataclass(frozen=True)
class PostcodeDirectory:
    """path: Parquet of postcode (upper case, no space), lsoa11 and lsoa21. Grain: one row per postcode."""

    path: Path
    version: str


@dataclass(frozen=True)
class Membership:
    """A practice's PCN and ICB (ODS codes, upper case) from `valid_from` to `valid_to`, both inclusive, None open."""

    practice: str
    pcn: str | None
    icb: str | None
    valid_from: date | None
    valid_to: date | None
    practice_name: str | None = None
    pcn_name: str | None = None
    icb_name: str | None = None

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class AreaFile:
    """The memberships of an imported organisations file."""

    memberships: tuple[Membership, ...]
    version: str


def import_postcodes(file: Path, target: Path) -> ImportManifest:
    """Take a postcode directory (ONSPD CSV) into the folder `target`, in place of an earlier one.

    Ended postcodes stay, since records keep old addresses; pseudo postcodes (ZZ99...) go, since they are no place.

    Raises:
        TerminologyError: a column is missing, or the file cannot be read.
    """
    columns = _postcode_columns(file)
    owner_folder(target)
    temporary = written_aside(target / f"{POSTCODES}.parquet")
    connection = duckdb.connect()
    try:
        connection.execute("SET threads = 1")
        connection.execute("SET memory_limit = '512MB'")
        connection.execute("SET temp_directory = ?", [str(target / ".spill")])
        rows = _copy_postcodes(connection, file, columns, temporary)
    except duckdb.Error as error:
        raise TerminologyError(f"{file}: cannot be read as a CSV of postcodes. Is it a whole ONSPD file?") from error
    finally:
        connection.close()
    return commit_import(target, POSTCODES, ".parquet", file, temporary, rows, columns)


def _postcode_columns(file: Path) -> dict[str, str]:
    """Our columns to the file's; raises TerminologyError where one is not there."""
    there = {name.strip().lower(): name for name in _heading(file)}
    found: dict[str, str] = {}
    for ours, names in _COLUMNS.items():
        name = next((there[name] for name in names if name in there), None)
        if name is None:
            raise TerminologyError(f"{file}: no column {' or '.join(names)}. Import an ONSPD file (2023 or later).")
        found[ours] = name
    return found


def _copy_postcodes(connection: duckdb.DuckDBPyConnection, file: Path, columns: Mapping[str, str], target: Path) -> int:
    source = {ours: '"' + name.replace('"', '""') + '"' for ours, name in columns.items()}
    connection.execute(
        f"""COPY (
            SELECT postcode, nullif(max(lsoa11), '') AS lsoa11, nullif(max(lsoa21), '') AS lsoa21
            FROM (
                SELECT
                    upper(replace({source["postcode"]}, ' ', '')) AS postcode,
                    upper(trim({source["lsoa11"]})) AS lsoa11,
                    upper(trim({source["lsoa21"]})) AS lsoa21
                FROM read_csv(
                    $file, hive_partitioning = false, all_varchar = true, header = true, delim = ',', quote = '"'
                )
            )
            WHERE postcode <> '' AND postcode NOT LIKE 'ZZ99%'
            GROUP BY postcode ORDER BY postcode
        ) TO '{str(target.absolute()).replace("'", "''")}' (FORMAT parquet)""",  # noqa: S608  quoted names and our own path
        {"file": literal(file)},
    )
    connection.read_parquet(literal(target), hive_partitioning=False).create_view("written")
    counted = connection.execute("SELECT count(*) FROM written").fetchall()
    return int(counted[0][0])


def import_organisations(file: Path, target: Path, more: Sequence[Path] = ()) -> ImportManifest:
    """Take memberships into the folder `target`: a file of ours (practice,pcn,icb,valid_from,valid_to; names optional),
    or files as ODS publishes them (epraccur, ePCN), which are read together.

    Raises:
        TerminologyError: a column is missing, a day is not a day, days are in the wrong order, a practice has two
            memberships on one day, or files of ours are given with others.
    """
    files = (file, *more)
    published = [read_ods(one, numbered_lines(one)) for one in files]
    if published == [None]:
        _read_memberships(file)
    owner_folder(target)
    temporary = written_aside(target / f"{ORGANISATIONS}.csv")
    if published == [None]:
        commit_bytes(temporary, file.read_bytes())
    else:
        for one, rows in zip(files, published, strict=True):
            if rows is None:
                raise TerminologyError(f"{one}: neither epraccur nor ePCN of ODS. Import a file of your own alone.")
        commit_bytes(temporary, _as_memberships(combined(row for rows in published for row in rows or ())))
    memberships = _read_memberships(temporary)
    columns = {name: name for name in _heading(temporary)}
    return commit_import(target, ORGANISATIONS, ".csv", file, temporary, len(memberships), columns)


def _as_memberships(rows: Iterable[OdsRow]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_MEMBERSHIP, "practice_name", "pcn_name"))
    for row in rows:
        days = [day.isoformat() if day else "" for day in (row.first, row.last)]
        writer.writerow((row.practice, row.pcn, row.icb, *days, row.name, row.pcn_name))
    return text.getvalue().encode()


def load_postcodes(target: Path) -> PostcodeDirectory | None:
    """The imported directory; None where none was imported."""
    manifest = read_import(target, POSTCODES)
    return PostcodeDirectory(target / manifest.file, manifest.sha256[:16]) if manifest else None


def load_organisations(target: Path) -> AreaFile | None:
    """The imported memberships; None where none were imported."""
    manifest = read_import(target, ORGANISATIONS)
    return AreaFile(_read_memberships(target / manifest.file), manifest.sha256[:16]) if manifest else None


def read_import(target: Path, kind: str) -> ImportManifest | None:
    """What was imported last of a kind; None where nothing was."""
    path = target / f"{kind}.json"
    return _FORMAT.read(path) if path.exists() else None


def commit_import(
    target: Path, kind: str, suffix: str, source: Path, temporary: Path, rows: int, columns: Mapping[str, str]
) -> ImportManifest:
    """Name the data by its content, then point the manifest at it; what it pointed at before goes."""
    digest = sha256_file(temporary)
    name = f"{kind}-{digest[:16]}{suffix}"
    commit_file(temporary, target / name)
    manifest = ImportManifest(kind, name, source.name, sha256_file(source), digest, rows, dict(columns))
    _FORMAT.commit(target / f"{kind}.json", manifest)
    for old in target.glob(f"{kind}-*{suffix}"):
        if old.name != name:
            old.unlink()
    return manifest


def _heading(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return next(csv.reader(lines), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TerminologyError(f"{file}: cannot be read as a CSV in UTF-8. Save it again as one.") from error


def _read_memberships(file: Path) -> tuple[Membership, ...]:
    heading = [name.strip().lower() for name in _heading(file)]
    if absent := [name for name in _MEMBERSHIP if name not in heading]:
        raise TerminologyError(f"{file}: no column {', '.join(absent)}. The columns are {','.join(_MEMBERSHIP)}.")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, heading)
        next(rows)
        found = [_membership(file, number, row) for number, row in enumerate(rows, 2)]
    _refuse_overlaps(file, found)
    return tuple(found)


def _membership(file: Path, number: int, row: Mapping[str, str | None]) -> Membership:
    texts = {name: (row.get(name) or "").strip() for name in (*_MEMBERSHIP, *_NAMES)}
    if not texts["practice"]:
        raise TerminologyError(f"{file} line {number}: no practice. Add its ODS code.")
    first, last = _day(file, number, texts["valid_from"]), _day(file, number, texts["valid_to"])
    if first and last and last < first:
        raise TerminologyError(f"{file} line {number}: valid_to is before valid_from. Fix its days.")
    return Membership(
        practice=texts["practice"].upper(),
        pcn=texts["pcn"].upper() or None,
        icb=texts["icb"].upper() or None,
        valid_from=first,
        valid_to=last,
        **{name: texts[name] or None for name in _NAMES},
    )


_NAMES = ("practice_name", "pcn_name", "icb_name")


def _day(file: Path, number: int, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise TerminologyError(f"{file} line {number}: {text!r} is not a day. Write it as 2025-03-31.") from error


def _refuse_overlaps(file: Path, memberships: list[Membership]) -> None:
    ends: dict[str, date] = {}
    for one in sorted(memberships, key=lambda m: (m.practice, m.valid_from or date.min)):
        if one.practice in ends and (one.valid_from or date.min) <= ends[one.practice]:
            raise TerminologyError(f"{file}: {one.practice} has two memberships on one day. Fix its days.")
        ends[one.practice] = one.valid_to or date.max

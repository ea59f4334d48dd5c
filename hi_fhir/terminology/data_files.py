"""The CSV files of the project and of its users: below a head of `# name: value` lines, which is their provenance."""

import csv
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from hi_fhir.core.errors import TerminologyError
from hi_fhir.core.files import canonical_json


class ListState(StrEnum):
    """How whole a code list is, from best to worst."""

    FULL = "full"
    OUTDATED = "outdated"
    DEMONSTRATION = "demonstration"
    PARTIAL = "partial"
    MISSING = "missing"


def worst_state(states: Iterable[ListState]) -> ListState:
    """What rests on lists in these states is in; FULL where it rests on none."""
    return max(states, key=list(ListState).index, default=ListState.FULL)


_REQUIRED: Mapping[str, str] = MappingProxyType(
    {
        "title": "Lithium level",
        "version": "2026-05",
        "source": "our own list",
        "retrieved": "2026-05-01",
        "licence": "ours",
        "reviewed_by": "not yet reviewed by a clinician",
        "next_review": "2027-04-01",
        "state": "full",
    }
)
"""What every head has, with what it may say."""
_REASON = "`# reason: the codes of the newer drugs are not in it`"
_PROVENANCE = (*_REQUIRED, "unverified", "reason")
_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class DataFile:
    """One file. Grain of `rows`: a line below the column names, as texts by column name, in file order."""

    path: Path
    head: Mapping[str, str]
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    @property
    def id(self) -> str:
        return self.path.stem

    @property
    def version(self) -> str:
        return self.head["version"]

    def require(self, *columns: str) -> None:
        """Raises TerminologyError where a column is not there."""
        if absent := [column for column in columns if column not in self.columns]:
            raise TerminologyError(f"{self.path}: no column {', '.join(absent)}. Add it to the line of column names.")


def shipped_folder(name: str) -> Path:
    """`mappings` or `terminology` as they came with the program: inside a wheel, or beside the package in a checkout.

    Raises:
        TerminologyError: neither is there.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise TerminologyError(f"the data folder {name} is not where hi_fhir is installed. Install it again.")


def find_files(folder: str, overlays: Sequence[Path]) -> dict[str, Path]:
    """Files of `folder` (such as `terminology/value_sets`) by name: a later overlay's replaces an earlier one's.

    Raises:
        TerminologyError: an overlay is not a folder.
    """
    top, *below = folder.split("/")
    found = _csv_files(shipped_folder(top).joinpath(*below))
    for overlay in overlays:
        if not overlay.is_dir():
            raise TerminologyError(f"overlay {overlay} is not a folder. Fix --overlay or the setting overlays.")
        found |= _csv_files(overlay / folder)
    return dict(sorted(found.items()))


def _csv_files(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in sorted(folder.glob("*.csv"))}


def read_data_file(path: Path) -> DataFile:
    """A file's head and rows.

    Raises:
        TerminologyError: a head line is missing or unknown in shape, or a row has too many or too few fields.
    """
    head = read_head(path)
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.reader(itertools.islice(file, len(head), None))
        columns = tuple(next(table, ()))
        return DataFile(path, head, columns, tuple(_rows(path, len(head) + 1, columns, table)))


def read_head(path: Path) -> dict[str, str]:
    """The head alone: one entry a line, in the order of the lines.

    Raises:
        TerminologyError: a line is not `# name: value` or appears twice, a required one is missing, or it is not UTF-8.
    """
    head: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(itertools.takewhile(lambda line: line.startswith("#"), file), 1):
                name, colon, value = line[1:].partition(":")
                if not colon or name.strip() in head:
                    raise TerminologyError(f"{path} line {number}: not `# name: value`, or a name that was there.")
                head[name.strip()] = value.strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TerminologyError(f"{path}: cannot be read as UTF-8 text. Save it again as UTF-8.") from error
    if absent := [name for name in _REQUIRED if not head.get(name)]:
        lines = ", ".join(f"`# {name}: {_REQUIRED[name]}`" for name in absent)
        raise TerminologyError(f"{path}: the head has no {', '.join(absent)}. Add {lines}, or what is right of yours.")
    if head["state"] not in list(ListState):
        raise TerminologyError(f"{path}: state {head['state']!r} is not one of {', '.join(ListState)}.")
    if head["state"] in (ListState.PARTIAL, ListState.MISSING) and not head.get("reason"):
        raise TerminologyError(f"{path}: state {head['state']} without a reason, which reports tell. Add {_REASON}.")
    return head


def content_digest(path: Path) -> str:
    """Of all that a file says but where it comes from: its rows, and what else stands in its head.

    Raises:
        TerminologyError: as `read_head`.
    """
    head = read_head(path)
    said = {name: value for name, value in head.items() if name not in _PROVENANCE}
    rows = path.read_bytes().split(b"\n", len(head))[-1]
    return hashlib.sha256(canonical_json(said) + rows).hexdigest()[:16]


def is_unverified(head: Mapping[str, str]) -> bool:
    """Whether what a file says was not seen in a source, by its own word."""
    return head.get("unverified") == "true"


def _rows(path: Path, depth: int, columns: tuple[str, ...], table: Iterator[list[str]]) -> Iterator[Mapping[str, str]]:
    for number, fields in enumerate(table, depth + 1):
        if len(fields) != len(columns):
            raise TerminologyError(f"{path} line {number}: {len(fields)} fields, not {len(columns)}.")
        yield dict(zip(columns, fields, strict=True))

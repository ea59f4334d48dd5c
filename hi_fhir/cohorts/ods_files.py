"""Organisation files as ODS publishes them, read as memberships: practices (epraccur) and partners of PCNs (ePCN).

Both come with a heading in any case or with none, and then by position; their days are written 20250331 or 2025-03-31.
Source: reports `epraccur` and `epcncorepartnerdetails` of the ODS data search and export [S].
"""

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from hi_fhir.core.errors import TerminologyError

_PRACTICE = re.compile(r"[A-Z]\d{5}")
_NETWORK = re.compile(r"U\d{5}")
_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_DAY = timedelta(days=1)
_GP_PRACTICE = "4"
"""The prescribing setting of a GP practice; a prescribing cost centre of any other is none."""

_EPRACCUR = {"organisation code": 0, "name": 1, "high level health geography": 3, "prescribing setting": 25}
_PARTNERS = {
    "partner organisation code": 0,
    "partner name": 1,
    "pcn code": 4,
    "pcn name": 5,
    "practice to pcn relationship start date": 8,
    "practice to pcn relationship end date": 9,
}


class NumberedLine(NamedTuple):
    """number: of the line in its file, from 1."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True)
class OdsRow:
    """A practice with what one line says of it: its ICB (epraccur), or its PCN and from when to when (ePCN)."""

    practice: str
    name: str
    pcn: str = ""
    pcn_name: str = ""
    icb: str = ""
    first: date | None = None
    last: date | None = None


def numbered_lines(file: Path) -> list[NumberedLine]:
    """The cells of each line of a CSV that is not empty, with its number.

    Raises:
        TerminologyError: the file is no CSV in UTF-8.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines)
            return [NumberedLine(reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TerminologyError(f"{file}: cannot be read as a CSV in UTF-8. Save it again as one.") from error


def read_ods(file: Path, lines: Sequence[NumberedLine]) -> list[OdsRow] | None:
    """The rows of a file of ODS; None where it is of another kind.

    Raises:
        TerminologyError: a day is not a day.
    """
    heading = [" ".join(cell.lower().split()) for cell in lines[0].cells] if lines else []
    for columns, is_headless, take in (
        (_PARTNERS, _is_headless_partners, _partner),
        (_EPRACCUR, _is_headless_epraccur, _practice),
    ):
        if set(columns) <= set(heading):
            places = {name: heading.index(name) for name in columns}
            return _taken(file, lines[1:], places, take)
        if lines and is_headless(lines[0].cells):
            return _taken(file, lines, columns, take)
    return None


def combined(rows: Iterable[OdsRow]) -> list[OdsRow]:
    """Rows of both kinds of file as one membership a practice and span of days: PCN of the one, ICB of the other.

    Where two of a practice share days the one that began later has them.
    """
    rows = list(rows)
    boards = {row.practice: row.icb for row in rows if not row.pcn}
    joined = [row for row in rows if row.pcn]
    alone = boards.keys() - {row.practice for row in joined}
    spans = sorted(
        [*joined, *(row for row in rows if row.practice in alone)],
        key=lambda row: (row.practice, row.first or date.min, row.pcn),
    )
    found = []
    for row, later in zip(spans, [*spans[1:], None], strict=True):
        last = row.last
        if later is not None and later.practice == row.practice:
            last = min(last or date.max, (later.first or date.min + _DAY) - _DAY)
        if last is None or last >= (row.first or date.min + _DAY):
            found.append(replace(row, last=last, icb=boards.get(row.practice, "")))
    return found


def _taken(
    file: Path,
    lines: Sequence[NumberedLine],
    places: Mapping[str, int],
    take: Callable[[Path, int, Mapping[str, str]], OdsRow | None],
) -> list[OdsRow]:
    found = []
    for number, line in lines:
        cells = {name: line[place].strip() if place < len(line) else "" for name, place in places.items()}
        row = take(file, number, cells)
        if row is not None:
            found.append(row)
    return found


def _practice(_file: Path, _number: int, cells: Mapping[str, str]) -> OdsRow | None:
    code = cells["organisation code"].upper()
    if not code or cells["prescribing setting"] not in (_GP_PRACTICE, "GP Practice"):
        return None
    return OdsRow(code, cells["name"], icb=cells["high level health geography"].upper())


def _partner(file: Path, number: int, cells: Mapping[str, str]) -> OdsRow | None:
    code, pcn = cells["partner organisation code"].upper(), cells["pcn code"].upper()
    if not code or not pcn:
        return None
    first = ods_day(file, number, cells["practice to pcn relationship start date"])
    last = ods_day(file, number, cells["practice to pcn relationship end date"])
    return OdsRow(code, cells["partner name"], pcn, cells["pcn name"], first=first, last=last)


def ods_day(file: Path, number: int, text: str) -> date | None:
    """A day as ODS writes it; None where there is none.

    Raises:
        TerminologyError: it is not a day.
    """
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        return date(*(int(part) for part in match.groups())) if match else _refuse(file, number, text)
    except ValueError:
        return _refuse(file, number, text)


def _refuse(file: Path, number: int, text: str) -> date:
    raise TerminologyError(f"{file} line {number}: {text!r} is not a day. Write it as 20250331 or 2025-03-31.")


def _is_headless_epraccur(first: Sequence[str]) -> bool:
    return len(first) >= 26 and _PRACTICE.fullmatch(first[0].strip().upper()) is not None


def _is_headless_partners(first: Sequence[str]) -> bool:
    return len(first) >= 10 and _NETWORK.fullmatch(first[4].strip().upper()) is not None

"""Which organisation follows which, read from a file of one's own or as ODS publishes successors.

Of ODS: the reports `succ` and, of earlier years, `succarc`, without a heading and by position: organisation,
successor, reason, day as 20260401, whether that one has a successor too. [C: as two public programs read them;
[U]: no specification of the layout was seen.] Reason and the last column tell nothing that is needed here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hi_fhir.cohorts.ods_files import NumberedLine, numbered_lines, ods_day
from hi_fhir.core.errors import TerminologyError
from hi_fhir.core.successions import Succession, Successions

_OWN = {"predecessor": 0, "successor": 1, "valid_from": 2}
_ODS = {"predecessor": 0, "successor": 1, "valid_from": 3}
_CODE = re.compile(r"[A-Z0-9]{2,10}")
_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")


class _Line(NamedTuple):
    file: Path
    number: int
    succession: Succession


def read_successors(files: Sequence[Path]) -> list[Succession]:
    """All of the files together, in order of predecessor and successor; what is said twice, once.

    Raises:
        TerminologyError: a file is of another kind or says nothing; a code is none, a day is none or is not there; an
            organisation follows itself, two follow each other, or one follows another from two days.
    """
    found: dict[tuple[str, str], _Line] = {}
    for one in (line for file in files for line in _lines_of(file)):
        pair = one.succession[:2]
        earlier = found.setdefault(pair, one)
        if earlier.succession != one.succession:
            raise TerminologyError(
                f"{one.file} line {one.number}: {pair[1]} follows {pair[0]} from {one.succession.starts}, and from "
                f"{earlier.succession.starts} by {earlier.file.name} line {earlier.number}. Leave one of them."
            )
    known = [line.succession for line in found.values()]
    if circle := Successions(known).circle():
        pairs = zip(circle, (*circle[1:], circle[0]), strict=True)
        lines = [found[pair] for pair in pairs]
        where = ", ".join(f"{one.file.name} line {one.number}" for one in lines)
        raise TerminologyError(
            f"{lines[0].file}: {', '.join(circle)} follow one another in a circle ({where}), so that none of them is "
            "the last. Take the wrong line out."
        )
    return sorted(known)


def _lines_of(file: Path) -> Iterator[_Line]:
    lines = numbered_lines(file)
    if not lines:
        raise TerminologyError(f"{file}: it is empty. Give a file with a line for each succession.")
    heading = [cell.strip().lower() for cell in lines[0].cells]
    if set(_OWN) <= set(heading):
        places: Mapping[str, int] = {name: heading.index(name) for name in _OWN}
        lines = lines[1:]
    elif len(heading) > _ODS["valid_from"] and _DAY.fullmatch(heading[_ODS["valid_from"]]):
        places = _ODS
    else:
        raise TerminologyError(
            f"{file}: neither succ nor succarc of ODS (without a heading, the day in the fourth column), nor a file of "
            f"your own with the columns {','.join(_OWN)}."
        )
    for line in lines:
        yield _Line(file, line.number, _succession(file, line, places))


def _succession(file: Path, line: NumberedLine, places: Mapping[str, int]) -> Succession:
    cells = {name: line.cells[place].strip() if place < len(line.cells) else "" for name, place in places.items()}
    predecessor, successor = (cells[name].upper() for name in ("predecessor", "successor"))
    for name, code in (("predecessor", predecessor), ("successor", successor)):
        if not _CODE.fullmatch(code):
            raise TerminologyError(f"{file} line {line.number}: the {name} {code!r} is no ODS code. Fix or remove it.")
    starts = ods_day(file, line.number, cells["valid_from"])
    if starts is None:
        raise TerminologyError(f"{file} line {line.number}: no day from which {successor} follows. Add or remove it.")
    if predecessor == successor:
        raise TerminologyError(f"{file} line {line.number}: {successor} follows itself. Fix or remove the line.")
    return Succession(predecessor, successor, starts)

"""Registered-patients files as NHS England publishes them each month: how many each practice has, by sex and age.

Either the two files by single year of age (`gp-reg-pat-prac-sing-age-female`, `-male`) or that by five years
(`gp-reg-pat-prac-quin-age`). Layouts as those who read them have them [S]; days are 01APR2025 or 2025-04-01.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from hi_fhir.core.errors import TerminologyError

ALL = "all"
SEXES = ("female", "male")
FIVE_YEARS = (*(f"{age}-{age + 4}" for age in range(0, 95, 5)), "95+")
_LAST = 95
_COLUMNS = ("extract_date", "org_code", "sex", "number_of_patients")
_AGES = ("age_group_5", "age")
_PRACTICE = "GP"
_DAYS = ("%d%b%Y", "%Y-%m-%d", "%d/%m/%Y", "%d-%b-%y")


class Listed(NamedTuple):
    """A practice's people of a sex, of five years of age, on a day. sex: female or male. ages: of FIVE_YEARS."""

    day: date
    practice: str
    sex: str
    ages: str
    people: int


def five_years(age: int) -> str:
    """The five years that an age is in."""
    return FIVE_YEARS[min(age, _LAST) // 5]


def read_lists(files: Iterable[Path]) -> list[Listed]:
    """The rows of all files together, in order; sums over all ages, over both sexes and over areas are left out.

    Raises:
        TerminologyError: a column, a day, an age or a number is not as it should be; a practice is there twice, or with
            one sex alone.
    """
    found: Counter[tuple[date, str, str, str]] = Counter()
    seen: set[tuple[date, str, str, str]] = set()
    for file in files:
        for number, (key, place, people) in _rows(file):
            if (*key, place) in seen:
                raise TerminologyError(f"{file} line {number}: {key[1]}, {key[2]}, {place} is there twice.")
            seen.add((*key, place))
            found[*key, _five_years_of(file, number, place)] += people
    sexes: dict[tuple[date, str], set[str]] = {}
    for day, practice, sex, _ in found:
        sexes.setdefault((day, practice), set()).add(sex)
    for (day, practice), own in sexes.items():
        if len(own) != len(SEXES):
            raise TerminologyError(f"{practice} on {day}: only {'and '.join(own)}. Import the files of both sexes.")
    return sorted(Listed(*key, people) for key, people in found.items())


_Key = tuple[date, str, str]


def _rows(file: Path) -> Iterator[tuple[int, tuple[_Key, str, int]]]:
    """Line number; day, practice and sex; the age as written; people. Of practices alone, by sex and age."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            heading = [name.strip().lower() for name in next(csv.reader(lines), [])]
            ages = _checked(file, heading)
            for number, cells in enumerate(csv.reader(lines), 2):
                row = dict(zip(heading, (cell.strip() for cell in cells), strict=False))
                if row.get("org_type", _PRACTICE) == _PRACTICE and row["sex"].lower() in SEXES and row[ages] != "ALL":
                    yield number, _row(file, number, row, ages)
    except (OSError, UnicodeDecodeError) as error:
        raise TerminologyError(f"{file}: cannot be read as UTF-8 text. Save it again as UTF-8.") from error


def _checked(file: Path, heading: Sequence[str]) -> str:
    """The name of the column of ages."""
    absent = [name for name in _COLUMNS if name not in heading]
    ages = next((name for name in _AGES if name in heading), None)
    if absent or ages is None:
        raise TerminologyError(
            f"{file}: no column {', '.join(absent or [' or '.join(_AGES)])}. Import gp-reg-pat-prac-quin-age.csv, or "
            "gp-reg-pat-prac-sing-age-female.csv and -male.csv."
        )
    return ages


def _row(file: Path, number: int, row: Mapping[str, str], ages: str) -> tuple[_Key, str, int]:
    if not row["number_of_patients"].isdigit():
        raise TerminologyError(f"{file} line {number}: {row['number_of_patients']!r} is not a number of patients.")
    key = (_day(file, number, row["extract_date"]), row["org_code"].upper(), row["sex"].lower())
    return key, row[ages], int(row["number_of_patients"])


def _day(file: Path, number: int, text: str) -> date:
    for layout in _DAYS:
        try:
            return datetime.strptime(text, layout).date()  # noqa: DTZ007  a day, in no time zone
        except ValueError:
            continue
    raise TerminologyError(f"{file} line {number}: {text!r} is not a day. Write it as 01APR2025 or 2025-04-01.")


def _five_years_of(file: Path, number: int, text: str) -> str:
    """Of an age (7, 95+) or of five years (5_9)."""
    first = text.removesuffix("+").partition("_")[0].partition("-")[0]
    if not first.isdigit():
        raise TerminologyError(f"{file} line {number}: {text!r} is no age. Ages are 0 to 94 and 95+, or 0_4 to 95+.")
    return five_years(int(first))

"""Counts of our people as lists are published: by practice, sex and five years of age on the day of publication."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.cohorts.list_files import ALL, FIVE_YEARS, SEXES, five_years
from hi_fhir.cohorts.lists import ListComparison, ListGroup

DAYS_APART = 31
"""How long before or after the reference date a list may be published to be compared: lists come each month [U]."""

Place = tuple[str, str, str]
"""Practice, sex and ages, `all` for the sum."""

LISTED = pa.schema(
    [
        pa.field("day", pa.date32(), nullable=False),
        pa.field("practice", pa.string(), nullable=False),
        pa.field("sex", pa.string(), nullable=False),
        pa.field("ages", pa.string(), nullable=False),
        pa.field("people", pa.int64(), nullable=False),
    ]
)
"""Grain: one row per day of publication, practice, sex and five years of age."""


@dataclass(frozen=True)
class PublishedLists:
    """The lists of imported files. rows: columns of LISTED. version: of their content."""

    rows: pa.Table
    version: str

    def nearest(self, as_of: date) -> date | None:
        """The day of publication nearest to the reference date, the earlier of two; None: none within DAYS_APART."""
        days = sorted(pc.unique(self.rows["day"]).to_pylist())
        near = [day for day in days if abs((day - as_of).days) <= DAYS_APART]
        return min(near, key=lambda day: abs((day - as_of).days), default=None)


class ListTally:
    """Counts registered people by practice, sex and age on the day of publication; of unknown sex or age as `all`."""

    def __init__(self, day: date) -> None:
        self._day = day
        self._here: Counter[Place] = Counter()

    def add(self, registered: pa.Table) -> None:
        """registered: practice_id, sex and birth_date of registered people."""
        ages = _ages(registered["birth_date"], self._day)
        keys = pa.table({"practice": registered["practice_id"], "sex": registered["sex"], "age": ages})
        for row in keys.group_by(["practice", "sex", "age"]).aggregate([([], "count_all")]).to_pylist():
            for place in _places(row["practice"], row["sex"], row["age"]):
                self._here[place] += row["count_all"]

    def compared(self, lists: PublishedLists) -> ListComparison:
        """With the list of the day, for the practices that have registered people here."""
        practices = sorted({practice for practice, _, _ in self._here})
        published: Counter[Place] = Counter()
        of_day = (pc.field("day") == self._day) & pc.field("practice").isin(practices)
        for row in lists.rows.filter(of_day).to_pylist():
            practice, sex = row["practice"], row["sex"]
            for place in ((practice, ALL, ALL), (practice, sex, ALL), (practice, sex, row["ages"])):
                published[place] += row["people"]
        listed = [one for one in practices if (one, ALL, ALL) in published]
        groups = [
            ListGroup(practice, sex, ages, self._here[practice, sex, ages], published[practice, sex, ages])
            for practice in listed
            for sex, ages in _GROUPS
        ]
        return ListComparison(self._day, groups, [one for one in practices if one not in listed])


_GROUPS = ((ALL, ALL), *((sex, ALL) for sex in SEXES), *((sex, ages) for sex in SEXES for ages in FIVE_YEARS))


def _places(practice: str, sex: str, age: int | None) -> Iterator[Place]:
    yield practice, ALL, ALL
    if sex in SEXES:
        yield practice, sex, ALL
        if age is not None and age >= 0:
            yield practice, sex, five_years(age)


def _ages(born: pa.ChunkedArray, day: date) -> pa.ChunkedArray:
    """Completed years on the day; null without a birth date."""
    still_to_come = pc.greater(pc.add(pc.multiply(pc.month(born), 100), pc.day(born)), day.month * 100 + day.day)
    return pc.subtract(pc.subtract(day.year, pc.year(born)), pc.cast(still_to_come, pa.int64()))

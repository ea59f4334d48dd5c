"""People registered in an area beside the published lists of its practices, where these were imported.

Ours are the counts that were released; over 2 % apart is what no rounding of them explains.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc

from hi_fhir.cohorts.imports import read_import
from hi_fhir.cohorts.list_files import FIVE_YEARS, SEXES
from hi_fhir.cohorts.list_imports import LISTS, load_lists
from hi_fhir.cohorts.list_tally import PublishedLists
from hi_fhir.cohorts.lists import ALLOWED
from hi_fhir.disclosure.counts import ROUNDED
from hi_fhir.disclosure.policies import Rule
from hi_fhir.measures.stratifiers import AGE_BAND, AGES, ALL, SEX, UNKNOWN
from hi_fhir.pages.about import listed_practices
from hi_fhir.pages.population import PEOPLE
from hi_fhir.pages.strata_table import CountShown, StrataTable
from hi_fhir.reports.heads import ReportHead

_COMPARED = (ALL, SEX.id, AGE_BAND.id)


class ListLine(NamedTuple):
    """A group here and as published. is_apart: by over 2 %; None: our count is not given."""

    group: str
    here: CountShown
    published: int
    is_apart: bool | None

    @property
    def told(self) -> str:
        if self.is_apart is None or self.here.value is None:
            return "not given"
        if not self.published:
            return "over 2 % apart: nobody is listed" if self.is_apart else "agrees"
        apart = self.here.value / self.published - 1
        return f"{apart:+.1%}{', over 2 % apart' if self.is_apart else ''}"


class BesideLists(NamedTuple):
    """day: of publication; None: no list is near. lines: none where practices of the area are not listed, which
    `unlisted` names. practices: how each stands, as the report says it. uneven: bands of age that no published ones
    make up."""

    day: date | None
    lines: Sequence[ListLine]
    practices: Sequence[str]
    unlisted: Sequence[str]
    uneven: Sequence[str]


def imported_lists(imports: Path | None) -> PublishedLists | None:
    """imports: folder of what was imported. None: no lists were."""
    manifest = read_import(imports, LISTS) if imports is not None else None
    return _loaded(imports, manifest.sha256) if imports is not None and manifest is not None else None


@lru_cache(maxsize=1)
def _loaded(imports: Path, _sha256: str) -> PublishedLists | None:
    return load_lists(imports)


def beside_lists(tables: Sequence[StrataTable], head: ReportHead, lists: PublishedLists, rule: Rule) -> BesideLists:
    """tables: of everybody registered in the area. head: of the report that they are of. rule: by which it rounds."""
    as_of = next(one["valueDate"] for one in head.within("report-basis") if one["url"] == "as-of")
    covered = {one["valueReference"]["identifier"]["value"]: one for one in head.of("covered-practice")}
    practices = listed_practices([head])
    day = lists.nearest(date.fromisoformat(as_of))
    if day is None:
        return BesideLists(None, [], practices, [], [])
    published, listed = _published(lists, day, covered)
    unlisted = [one["valueReference"].get("display", code) for code, one in covered.items() if code not in listed]
    uneven = [band for band in AGE_BAND.strata[:-1] if _five_years(band) is None]
    lines = [] if unlisted else [*_lines(tables, published, rule)]
    return BesideLists(day, lines, practices, unlisted, uneven)


def _published(
    lists: PublishedLists, day: date, practices: Mapping[str, object]
) -> tuple[Counter[tuple[str, str]], frozenset[str]]:
    """People by stratifier and stratum, as far as published groups make that up; and the practices that are listed."""
    of_day = (pc.field("day") == day) & pc.field("practice").isin(list(practices))
    found: Counter[tuple[str, str]] = Counter()
    listed = set()
    for row in lists.rows.filter(of_day).to_pylist():
        listed.add(row["practice"])
        found[ALL, ALL] += row["people"]
        found[SEX.id, row["sex"]] += row["people"]
        for band in AGE_BAND.strata[:-1]:
            if row["ages"] in (_five_years(band) or ()):
                found[AGE_BAND.id, band] += row["people"]
    return found, frozenset(listed)


def _lines(tables: Sequence[StrataTable], published: Counter[tuple[str, str]], rule: Rule) -> Iterator[ListLine]:
    for table in tables:
        for line in table.lines if table.id in _COMPARED else ():
            is_told = table.id == ALL or line.stratum in SEXES or (table.id == AGE_BAND.id and line.stratum != UNKNOWN)
            if is_told and (table.id != AGE_BAND.id or _five_years(line.stratum) is not None):
                here, there = line.counts[PEOPLE], published[table.id, line.stratum]
                group = line.label if table.id != AGE_BAND.id else f"Age {line.label}"
                yield ListLine(group, here, there, _is_apart(here, there, rule))


def _is_apart(here: CountShown, published: int, rule: Rule) -> bool | None:
    """Whether every count that ours may stand for is over 2 % from the published one."""
    if here.value is None:
        return None
    off = rule.base // 2 if here.state == ROUNDED else 0
    return max(abs(here.value - published) - off, 0) > ALLOWED * published


def _five_years(band: str) -> tuple[str, ...] | None:
    """The published ages that make up a band of ours; None: none do."""
    place = AGE_BAND.strata.index(band)
    begins = AGES.from_ages[place]
    ends = AGES.from_ages[place + 1] if place + 1 < len(AGES.from_ages) else None
    if begins % 5 or (ends is not None and ends % 5):
        return None
    return FIVE_YEARS[begins // 5 : None if ends is None else ends // 5]

"""What an ethnicity code says: a category, or that it was not stated or refused, in any system that is published."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.concept_maps import ConceptMap
from hi_fhir.terminology.data_files import read_data_file

STATED, NOT_STATED, REFUSED = "stated", "not-stated", "refused"
GROUPS = ("white", "mixed", "asian", "black", "other")
_MAPS = "ethnicity-"
_TO_2021 = "ethnicity-to-category-2021"
_STATES = {"Z": NOT_STATED, REFUSED: REFUSED}


class Meaning(NamedTuple):
    """state: stated, not-stated or refused. category_2001: a letter of the 16; category_2021: where the code allows."""

    state: str
    category_2001: str | None
    category_2021: str | None


class Category(NamedTuple):
    """The five groups of a category of 2001, each by its census year. category_2021: where the letter alone allows."""

    group_2001: str
    group_2011: str
    group_2021: str
    category_2021: str | None


@dataclass(frozen=True)
class EthnicityMap:
    """meanings: a code to what it says; one that says nothing is not in it. silent: those that a map knows to
    say nothing. categories: by letter of 2001."""

    meanings: Mapping[Coding, Meaning]
    silent: frozenset[Coding]
    categories: Mapping[str, Category]


def read_ethnicity_map(
    maps: Mapping[str, ConceptMap], to_current: Mapping[Coding, Coding], groups: Path
) -> EthnicityMap:
    """The maps of ethnicity together, with the old codes that stand for a mapped one.

    Raises:
        TerminologyError: a map gives a category that `groups` does not have.
    """
    categories = _read_categories(groups)
    finer = maps[_TO_2021].targets if _TO_2021 in maps else {}
    meanings: dict[Coding, Meaning] = {}
    silent: set[Coding] = set()
    for id_, map_ in maps.items():
        if id_ == _TO_2021 or not id_.startswith(_MAPS):
            continue
        for source, target in map_.targets.items():
            if target and target not in _STATES and target not in categories:
                raise TerminologyError(f"mappings/{id_}.csv: target code {target!r} is not a category of {groups}.")
            if target:
                meanings[source] = _meaning(source, target, categories, finer)
            else:
                silent.add(source)
    old = {source: meanings[current] for source, current in to_current.items() if current in meanings}
    return EthnicityMap(meanings={**old, **meanings}, silent=frozenset(silent), categories=categories)


def _meaning(source: Coding, target: str, categories: Mapping[str, Category], finer: Mapping[Coding, str]) -> Meaning:
    if target in _STATES:
        return Meaning(_STATES[target], None, None)
    category_2021 = finer[source] or None if source in finer else categories[target].category_2021
    return Meaning(STATED, target, category_2021)


def _read_categories(path: Path) -> dict[str, Category]:
    file = read_data_file(path)
    file.require("source_code", "group_2001", "group_2011", "group_2021", "category_2021")
    found = {}
    for row in file.rows:
        groups = (row["group_2001"], row["group_2011"], row["group_2021"])
        if not set(groups) <= set(GROUPS):
            raise TerminologyError(f"{path}: category {row['source_code']} has a group that is not one of the five.")
        found[row["source_code"]] = Category(*groups, row["category_2021"] or None)
    return found

"""Sums within one report: strata to the whole, finer strata to coarser ones, crossings to their margins."""

from collections.abc import Iterator

import numpy as np

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.nesting import coarser
from hi_fhir.attack.relations.sums import Gathering, Kind
from hi_fhir.attack.told import ALL, Name

Template = tuple[Kind, int, list[int], bool]
"""Kind, place of the whole's name and of its parts', and whether all parts have to be there."""


def add_strata(counts: Counts, into: Gathering) -> None:
    """Add the sums of strata, for every report that has them."""
    width = len(counts.names)
    for kind, whole, parts, needs_all in _templates(counts):
        there = counts.grid[:, parts]
        rows = np.flatnonzero(counts.grid[:, whole] & (there.all(axis=1) if needs_all else there.any(axis=1)))
        first = rows.astype(np.int32) * width
        into.add(kind, first + whole, first[:, None] + np.array(parts, dtype=np.int32), there[rows])


def _templates(counts: Counts) -> Iterator[Template]:
    by_stratifier: dict[tuple[str, str], list[Name]] = {}
    for name in counts.names:
        by_stratifier.setdefault((name.stratifier, name.population), []).append(name)
    for (stratifier, population), strata in by_stratifier.items():
        places = [counts.places[name] for name in strata]
        whole = counts.places.get(Name(ALL, ALL, population))
        if stratifier != ALL and whole is not None:
            yield Kind.STRATA, whole, places, False
        wider: dict[tuple[Kind, Name], list[int]] = {}
        for name, place in zip(strata, places, strict=True):
            for kind, one in _wider(name):
                wider.setdefault((kind, one), []).append(place)
        for (kind, one), parts in wider.items():
            if one in counts.places:
                yield kind, counts.places[one], parts, kind == Kind.NESTED


def _wider(name: Name) -> Iterator[tuple[Kind, Name]]:
    """The coarser strata in which a stratum lies: those of nested stratifiers, and margins of a crossing."""
    ids, codes = name.stratifier.split("*"), name.stratum.split("*")
    if len(ids) != len(codes):
        return
    for place, (id_, code) in enumerate(zip(ids, codes, strict=True)):
        before, after = slice(None, place), slice(place + 1, None)
        for wide_id, wide_code in coarser(id_, code):
            stratifier = "*".join((*ids[before], wide_id, *ids[after]))
            yield Kind.NESTED, Name(stratifier, "*".join((*codes[before], wide_code, *codes[after])), name.population)
        if len(ids) > 1:
            margin = "*".join((*ids[before], *ids[after])), "*".join((*codes[before], *codes[after]))
            yield Kind.CROSSING, Name(*margin, name.population)

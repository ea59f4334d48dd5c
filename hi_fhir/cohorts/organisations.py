"""Which organisation is a practice, a branch of one, a network or a board, and its code on the reference date.

What the source says of an organisation decides (ODS role or type), then the imported organisations file and what a
source is declared to be, then the shape of the ODS code; never the place in the chain of Organization.partOf.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import ibis
import pyarrow as pa

from hi_fhir.cohorts.imports import AreaFile
from hi_fhir.engine.protocol import Engine
from hi_fhir.tables.views.organization_kinds import BRANCH, ICB, OTHER, PCN, PRACTICE, SUB_ICB

Key = tuple[str, str]
"""Source and id."""

_SHAPES = {
    re.compile(r"V8199[789]"): OTHER,
    re.compile(r"U\d{5}"): PCN,
    re.compile(r"[A-Z]\d{5}"): PRACTICE,
    re.compile(r"[A-TV-Z]\d{8}"): BRANCH,
    re.compile(r"Q[A-Z][A-Z0-9]"): ICB,
    re.compile(r"\d\d[A-Z]"): SUB_ICB,
    re.compile(r"[RT][A-Z0-9]{2}(?:[A-Z0-9]{2})?"): OTHER,
}
"""ODS codes by their shape, the first that fits: the codes that stand for no practice (V81997 none, V81998 not
applicable, V81999 not known); networks; practices; branches, which are their practice's code and three digits; boards;
sub-ICB locations; NHS trusts and their sites. A code of letters and digits in turn (A3A8R), as organisations of every
kind are given since October 2020, tells nothing.

Source: NHS Digital on the codes of networks; for practices and boards every code of QOF 2020/21 and of the lookup of
LSOAs to ICBs of 2024 [S]; V8199x as NHS England's mental health statistics leave them out [S]; branches, trusts [U].
"""
_STEM = 6


class Organisation(NamedTuple):
    """code: the ODS code that holds on the reference date. kind: as the source says it. parent: what it is part of."""

    code: str | None
    name: str | None
    kind: str | None
    parent: Key | None


class Place(NamedTuple):
    """Where somebody is registered who is registered with an organisation: its practice's code, and what it is.

    kind: practice, where it is one or a branch of one, or what else it is; None where that cannot be told.
    """

    practice: str | None
    kind: str | None


class Organisations:
    """All organisations of all sources, as they are on one day."""

    def __init__(self, rows: pa.Table, file: AreaFile | None, declared: Iterable[str], as_of: date) -> None:
        self.by_key = _organisations(rows.to_pylist(), as_of)
        self._by_code: dict[str, list[Key]] = {}
        for key, one in sorted(self.by_key.items()):
            if one.code:
                self._by_code.setdefault(one.code, []).append(key)
        self._listed = _listed(file) | dict.fromkeys(declared, PRACTICE)

    def of_code(self, code: str) -> Iterator[Organisation]:
        """The organisations with this code."""
        return (self.by_key[key] for key in self._by_code.get(code, ()))

    def kind_of(self, one: Organisation) -> str | None:
        return one.kind or (self.kind_of_code(one.code) if one.code else None)

    def kind_of_code(self, code: str) -> str | None:
        stated = next((one.kind for one in self.of_code(code) if one.kind), None)
        return stated or self._listed.get(code) or shape_of(code)

    def place_of(self, one: Organisation) -> Place:
        """Where whoever is registered with this organisation is."""
        kind = self.kind_of(one)
        if kind == BRANCH:
            return Place(self._practice_of_branch(one), PRACTICE)
        return Place(one.code, kind)

    def place_of_code(self, code: str) -> Place:
        kind = self.kind_of_code(code)
        if kind == BRANCH:
            places = [self._practice_of_branch(one) for one in self.of_code(code)]
            return Place(next(filter(None, places), _stem(code)), PRACTICE)
        return Place(code, kind)

    def wholes(self, one: Organisation) -> Iterator[Organisation]:
        """What an organisation is part of, the nearest first; a circle ends it."""
        seen = set()
        while one.parent in self.by_key and one.parent not in seen:
            seen.add(one.parent)
            one = self.by_key[one.parent]
            yield one

    def _practice_of_branch(self, branch: Organisation) -> str | None:
        whole = next((one for one in self.wholes(branch) if one.code and self.kind_of(one) == PRACTICE), None)
        return whole.code if whole else _stem(branch.code)


def shape_of(code: str) -> str | None:
    """What an ODS code stands for by its shape alone; None where that tells nothing."""
    return next((kind for shape, kind in _SHAPES.items() if shape.fullmatch(code)), None)


def _stem(code: str | None) -> str | None:
    """The practice whose branch has this code; the code itself where it has not the shape of a branch's."""
    return code[:_STEM] if code and shape_of(code) == BRANCH else code


def _organisations(rows: Iterable[Mapping[str, Any]], as_of: date) -> dict[Key, Organisation]:
    found: dict[Key, Organisation] = {}
    for row in rows:
        key = row["source_id"], row["organization_id"]
        code = row["ods_code"] if _holds(row, as_of) else None
        earlier = found.get(key)
        if earlier and earlier.code:
            code = min(code, earlier.code) if code else earlier.code
        parent = (row["source_id"], row["part_of_id"]) if row["part_of_id"] else None
        found[key] = Organisation(code, row["name"], row["kind"], parent)
    return found


def _holds(row: Mapping[str, Any], as_of: date) -> bool:
    first, last = row["code_from"], row["code_until"]
    return (first is None or first <= as_of) and (last is None or as_of <= last)


def _listed(file: AreaFile | None) -> dict[str, str]:
    """What the imported file takes its codes for."""
    listed: dict[str, str] = {}
    for one in file.memberships if file else ():
        listed |= {code: kind for code, kind in ((one.icb, ICB), (one.pcn, PCN), (one.practice, PRACTICE)) if code}
    return listed


def place_tables(
    engine: Engine, organisations: Organisations, registration: ibis.Table
) -> tuple[ibis.Table, ibis.Table]:
    """Places by the organisation's id (source_id, organization_id, id_practice, id_kind) and by code (ods_code,
    code_practice, code_kind), for what `registration` refers to."""
    by_id = [(*key, *organisations.place_of(one)) for key, one in sorted(organisations.by_key.items())]
    codes = engine.query(registration.filter(registration.ods_code.notnull()).select("ods_code").distinct())
    by_code = [(code, *organisations.place_of_code(code)) for code in sorted(codes["ods_code"].to_pylist())]
    return (
        _memtable(by_id, ("source_id", "organization_id", "id_practice", "id_kind")),
        _memtable(by_code, ("ods_code", "code_practice", "code_kind")),
    )


def _memtable(rows: Sequence[tuple[str | None, ...]], names: tuple[str, ...]) -> ibis.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
    return ibis.memtable(pa.table(arrays))

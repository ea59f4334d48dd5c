"""The group of a MeasureReport as canonical JSON: populations, score and strata, or for each what is not given and why.

A report has a hundred strata that differ in their numbers. So what they have in common is spelt once, as templates.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from hi_fhir.core.files import canonical_json
from hi_fhir.disclosure.cells import StratumCells
from hi_fhir.disclosure.counts import ROUNDED, SCORE, Cell, CellState
from hi_fhir.disclosure.scores import share
from hi_fhir.measures.model import OCCASIONS, Measure
from hi_fhir.measures.stratifiers import ALL, Crossing, Stratifier
from hi_fhir.reports import concepts
from hi_fhir.reports.cells import UNDETERMINED, Strata
from hi_fhir.reports.checks import InvalidResourceError
from hi_fhir.reports.concepts import Json, absent, definition, nested, valued
from hi_fhir.reports.derived.rows import DerivedReport
from hi_fhir.reports.derived.shares import scored
from hi_fhir.reports.derived.spelling import SpeltStatistics
from hi_fhir.statistics.intervals import BYAR, WILSON
from hi_fhir.terminology.systems import UCUM

LOWER, UPPER = "lower", "upper"
_PLACE = re.compile(rb'"@(\w+)@"')
_REALS = frozenset({SCORE, LOWER, UPPER})
_COUNTS = b"\0"
_EXTENSIONS = b'"extension":['


class _Template(NamedTuple):
    """What is told of a stratum, with a %d for each count and a %b for a score and for each end of its interval.

    places: those of the counts, in order; score, lower and upper end come after the last of the values.
    """

    text: bytes
    places: Callable[[Sequence[Any]], Any]


class _Layout(NamedTuple):
    """A group without its counts, in pieces: they stand between these, each stratum's in the order of `strata`."""

    pieces: list[bytes]
    strata: list[tuple[str, str]]


class Groups:
    """Builds groups. names: of organisations, by ODS code."""

    def __init__(self, base: str, names: Mapping[str, str]) -> None:
        self._base = base
        self._names = names
        self._statistics = SpeltStatistics(base)
        self._templates: dict[tuple[Sequence[Any], ...], _Template] = {}
        self._texts: set[bytes] = set()
        self._layouts: dict[tuple[object, ...], _Layout] = {}
        self._stratum = cache(self._named)

    @property
    def spelt(self) -> int:
        """How many layouts, templates and forms of statistics were spelt so far."""
        return len(self._layouts) + len(self._texts) + self._statistics.forms

    def of(self, measure: Measure, strata: Strata, derived: DerivedReport) -> bytes:
        """The group of a report on `measure`, in whole and by each stratifier. derived: from its cells."""
        areas = [(id_, tuple(sorted(strata[id_]))) for id_ in concepts.AREAS if id_ in strata]
        key = (measure.id, *areas)
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = self._layout(measure, areas)
        intervals = derived.intervals
        parts = [b""] * (2 * len(layout.strata) + 1)
        parts[::2] = layout.pieces
        parts[1::2] = [self._counted(strata[one[0]][one[1]], intervals.get(one)) for one in layout.strata]
        if derived.statistics:
            parts[1] = parts[1].replace(_EXTENSIONS, _EXTENSIONS + self._statistics.of(derived.statistics), 1)
        return b"".join(parts)

    def _layout(self, measure: Measure, areas: Iterable[tuple[str, Sequence[str]]]) -> _Layout:
        strata = [(ALL, ALL)]
        stratifiers = []
        for id_, codes in areas:
            strata += [(id_, code) for code in codes]
            stratifiers.append(self._area_stratifier(id_, codes))
        for one in measure.stratifiers:
            strata += [(one.id, code) for code in one.strata]
            stratifiers.append(self._stratifier(one))
        code = canonical_json(concepts.measure_group(self._base, measure))
        text = b'{"code":%b,%b,"stratifier":[%b]}' % (code, _COUNTS, b",".join(stratifiers))
        return _Layout(text.split(_COUNTS), strata)

    def _area_stratifier(self, id_: str, codes: Iterable[str]) -> bytes:
        """By network or practice, of a reporter that has several."""
        values = [canonical_json(concepts.area(self._base, id_, code, self._names)) for code in codes]
        strata = b",".join([b'{%b,"value":%b}' % (_COUNTS, value) for value in values])
        return b'{"code":[%b],"stratum":[%b]}' % (canonical_json(concepts.area_stratifier(self._base, id_)), strata)

    def _stratifier(self, one: Stratifier | Crossing) -> bytes:
        """A crossing has no code of its own: the components of its strata carry theirs."""
        strata = b",".join([self._stratum(one, stratum) for stratum in one.strata])
        if isinstance(one, Crossing):
            return b'{"stratum":[%b]}' % strata
        return b'{"code":[%b],"stratum":[%b]}' % (canonical_json(concepts.stratifier(self._base, one)), strata)

    def _named(self, one: Stratifier | Crossing, stratum: str) -> bytes:
        """A stratum with what it is told apart by."""
        if isinstance(one, Crossing):
            components = canonical_json(concepts.components(self._base, one, stratum))
            return b'{"component":%b,%b}' % (components, _COUNTS)
        return b'{%b,"value":%b}' % (_COUNTS, canonical_json(concepts.stratum(self._base, one, stratum)))

    def _counted(self, cells: StratumCells, interval: Sequence[float] | None) -> bytes:
        """Extension, score and populations, in this order. interval: of the score, where there is one."""
        form = cells[:3]
        template = self._templates.get(form)
        if template is None:
            template = self._templates[form] = self._template(cells)
        values = (*cells.values, _score(cells), *map(orjson.dumps, interval)) if interval else cells.values
        spelt: bytes = template.text % template.places(values)
        return spelt

    def _template(self, cells: StratumCells) -> _Template:
        given = {population: Cell(CellState(state), value) for population, state, _, value in zip(*cells, strict=True)}
        reasons = dict(zip(cells.populations, cells.reasons, strict=True))
        counted = {"numerator": OCCASIONS} if OCCASIONS in given else {}
        names = [counted.get(one, one) for one in concepts.ORDER if one in given]
        told = [(one, given[one], reasons[one]) for one in names]
        extensions = [self._extension(UNDETERMINED, UNDETERMINED, given, reasons)]
        if counted:
            extensions.append(self._extension("numerator-people", "numerator", given, reasons))
        counts: Json = {"extension": extensions, "population": [self._population(*one) for one in told]}
        has_score = SCORE not in given and "denominator" in given
        if SCORE in given:
            extensions.append(valued(definition(self._base, "score-absent"), "Code", reasons[SCORE]))
        elif has_score:
            counts["measureScore"] = {"value": f"@{SCORE}@", "unit": "1", "system": UCUM, "code": "1"}
            extensions.append(self._interval(given))
        spelt = canonical_json(counts)[1:-1].replace(b"%", b"%%")
        text = _PLACE.sub(lambda place: b"%b" if place[1].decode() in _REALS else b"%d", spelt)
        self._texts.add(text)
        columns = [*cells.populations, SCORE, LOWER, UPPER]
        return _Template(text, _places([columns.index(name.decode()) for name in _PLACE.findall(spelt)]))

    def _population(self, name: str, cell: Cell, reason: str | None) -> Json:
        """A population with its count or the reason why there is none."""
        code = concepts.population("numerator" if name == OCCASIONS else name)
        if cell.value is None:
            return {"_count": {"extension": self._absent(cell, reason)}, "code": code}
        return {"code": code, "count": f"@{name}@"}

    def _extension(
        self, name: str, population: str, given: Mapping[str, Cell], reasons: Mapping[str, str | None]
    ) -> Json:
        """An extension with the count of a population, or with the reason why there is none."""
        url = definition(self._base, name)
        if given[population].value is None:
            return nested(url, self._absent(given[population], reasons[population]))
        return valued(url, "Integer", f"@{population}@")

    def _interval(self, given: Mapping[str, Cell]) -> Json:
        """The extension with the interval of a score."""
        is_rounded = any(given[name].state == ROUNDED for name in scored(given))
        own = [
            valued(LOWER, "Decimal", f"@{LOWER}@"),
            valued(UPPER, "Decimal", f"@{UPPER}@"),
            valued("method", "Code", BYAR if OCCASIONS in given else WILSON),
            valued("includes-rounding", "Boolean", is_rounded),
        ]
        return nested(definition(self._base, "score-interval"), own)

    def _absent(self, cell: Cell, reason: str | None) -> list[Json]:
        """Why a count is not given: R4's code, and our own reason where it is withheld."""
        found = [absent(cell)]
        if reason is not None:
            found.append(valued(definition(self._base, "withheld-reason"), "Code", reason))
        return found


def _places(numbers: Sequence[int]) -> Callable[[Sequence[Any]], Any]:
    """What picks the values at these places, as the right side of a %."""
    return itemgetter(*numbers) if numbers else lambda _: ()


def _score(cells: StratumCells) -> bytes:
    value = share(dict(zip(cells.populations, cells.values, strict=True)))  # type: ignore[arg-type]  # all are given
    if value is None:
        raise InvalidResourceError("measureScore: the counts make no share, and no reason is given")
    return orjson.dumps(value)

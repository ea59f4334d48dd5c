"""The group of a MeasureReport as canonical JSON: populations, score and strata, or for each what is not given and why.

A report has a hundred strata that differ in their numbers. So what they have in common is spelt once, as templates.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson

from hi_fhir.core.files import canonical_json
from hi_fhir.disclosure.counts import SCORE, Cell, CellState, ReleasedCell
from hi_fhir.disclosure.statistics import share
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL, Crossing, Stratifier
from hi_fhir.reports import concepts
from hi_fhir.reports.concepts import Json, absent, definition, nested, valued
from hi_fhir.terminology.systems import UCUM

UNDETERMINED = "undetermined"
_MOST = 2**31 - 1

Strata = Mapping[str, Sequence[ReleasedCell]]
"""Cells by stratum."""
Form = tuple[str | tuple[str, str, str | None], ...]
"""What is told of a stratum: the names of the counts that are given, and of the others their state and reason too."""
_PLACE = re.compile(rb'"@(\w+)@"')


class _Template(NamedTuple):
    """JSON with a %b for each of `names`: populations and SCORE."""

    text: bytes
    names: tuple[str, ...]


class Groups:
    """Builds groups. names: of organisations, by ODS code. made: forms of strata that were told so far."""

    def __init__(self, base: str, names: Mapping[str, str]) -> None:
        self._base = base
        self._names = names
        self._templates: dict[Form, _Template] = {}
        self._stratum = cache(self._named)

    def of(self, measure: Measure, strata: Mapping[str, Strata]) -> bytes:
        """The group of a report on `measure`, in whole and by each stratifier. strata: by stratifier."""
        stratifiers = [
            *(self._area_stratifier(id_, strata[id_]) for id_ in concepts.AREAS if id_ in strata),
            *(self._stratifier(one, strata.get(one.id, {})) for one in measure.stratifiers),
        ]
        code = canonical_json(concepts.measure_group(self._base, measure))
        return b'{"code":%b,%b,"stratifier":[%b]}' % (code, self._counted(strata[ALL][ALL]), b",".join(stratifiers))

    def forms(self) -> frozenset[Form]:
        """The forms of all strata that were told so far."""
        return frozenset(self._templates)

    def _area_stratifier(self, id_: str, strata: Strata) -> bytes:
        """By network or practice, of a reporter that has several."""
        built = [self._told(*self._area(id_, code), strata[code]) for code in sorted(strata)]
        code = canonical_json(concepts.area_stratifier(self._base, id_))
        return b'{"code":[%b],"stratum":[%b]}' % (code, b",".join(built))

    def _area(self, id_: str, code: str) -> tuple[bytes, bytes]:
        return b"", b',"value":' + canonical_json(concepts.area(self._base, id_, code, self._names))

    def _stratifier(self, one: Stratifier | Crossing, strata: Strata) -> bytes:
        """A crossing has no code of its own: the components of its strata carry theirs."""
        built = b",".join([self._told(*self._stratum(one, stratum), strata[stratum]) for stratum in one.strata])
        if isinstance(one, Crossing):
            return b'{"stratum":[%b]}' % built
        return b'{"code":[%b],"stratum":[%b]}' % (canonical_json(concepts.stratifier(self._base, one)), built)

    def _named(self, one: Stratifier | Crossing, stratum: str) -> tuple[bytes, bytes]:
        """What a stratum is told apart by, as it stands before its counts and after them."""
        if isinstance(one, Crossing):
            return b'"component":%b,' % canonical_json(concepts.components(self._base, one, stratum)), b""
        return b"", b',"value":' + canonical_json(concepts.stratum(self._base, one, stratum))

    def _told(self, before: bytes, after: bytes, cells: Sequence[ReleasedCell]) -> bytes:
        return b"{%b%b%b}" % (before, self._counted(cells), after)

    def _counted(self, cells: Sequence[ReleasedCell]) -> bytes:
        """Extension, score and populations, in this order."""
        form = tuple([cell[2] if cell[5] is not None else cell[2:5] for cell in cells])
        template = self._templates.get(form)
        if template is None:
            template = self._templates[form] = self._template(cells)
        values = {cell[2]: cell[5] for cell in cells}
        return template.text % tuple([_spelt(name, values) for name in template.names])

    def _template(self, cells: Sequence[ReleasedCell]) -> _Template:
        by_name = {cell.population: cell for cell in cells}
        extensions = [self._extension(by_name[UNDETERMINED])]
        counts: Json = {"extension": extensions, "population": [*map(self._population, _populations(cells))]}
        if SCORE in by_name:
            extensions.append(valued(definition(self._base, "score-absent"), "Code", by_name[SCORE].reason))
        elif "denominator" in by_name:
            counts["measureScore"] = {"value": f"@{SCORE}@", "unit": "1", "system": UCUM, "code": "1"}
        spelt = canonical_json(counts)[1:-1].replace(b"%", b"%%")
        return _Template(_PLACE.sub(b"%b", spelt), tuple(name.decode() for name in _PLACE.findall(spelt)))

    def _population(self, cell: ReleasedCell) -> Json:
        """A population with its count or the reason why there is none."""
        code = concepts.population(cell.population)
        if cell.value is None:
            return {"_count": {"extension": self._absent(cell)}, "code": code}
        return {"code": code, "count": f"@{cell.population}@"}

    def _extension(self, cell: ReleasedCell) -> Json:
        """An extension with the count of a population, or with the reason why there is none."""
        url = definition(self._base, cell.population)
        if cell.value is None:
            return nested(url, self._absent(cell))
        return valued(url, "Integer", f"@{cell.population}@")

    def _absent(self, cell: ReleasedCell) -> list[Json]:
        """Why a count is not given: R4's code, and our own reason where it is withheld."""
        found = [absent(Cell(CellState(cell.state), None))]
        if cell.reason is not None:
            found.append(valued(definition(self._base, "withheld-reason"), "Code", cell.reason))
        return found


def _populations(cells: Sequence[ReleasedCell]) -> list[ReleasedCell]:
    """Those of populations, in the order in which a report gives them, whatever that of the cells is."""
    own = [cell for cell in cells if cell.population not in (UNDETERMINED, SCORE)]
    return sorted(own, key=lambda cell: concepts.ORDER.index(cell.population))


def _spelt(name: str, values: Mapping[str, Any]) -> bytes:
    """A count, or the score that follows from the counts."""
    if name == SCORE:
        return orjson.dumps(share(values))
    return b"%d" % values[name]

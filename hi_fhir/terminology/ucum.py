"""Units of UCUM by the library that knows them: whether a text is one, and how a value goes from one to another.

The library takes most of a second to be there, so what it says of the units that have a spelling in mappings/units.csv
and of some others stands in conversions.csv, and it is imported when yet another is met.
"""

import csv
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

_SHAPE = re.compile(r"[!-~]{1,40}")
"""What a unit can look like at all: longer texts and those with spaces are words."""
_NOTE = re.compile(r"\{[^{}]*\}")
_NUMBERS = frozenset({"percent", "ppth", "ppm", "ppb", "pptr", "_10"})
_NOT_BY_DIMENSION = frozenset({"equivalents", "osmole"})
"""What the library takes for an amount of substance: how much of it a mole is depends on the substance."""
_STRAIGHT = 1e-9


class Conversion(NamedTuple):
    """A value in another unit: value x factor + offset."""

    factor: float
    offset: float

    def then(self, next_: "Conversion") -> "Conversion":
        return Conversion(self.factor * next_.factor, self.offset * next_.factor + next_.offset)

    def back(self) -> "Conversion":
        return Conversion(1 / self.factor, -self.offset / self.factor)


SAME = Conversion(1.0, 0.0)
TABLE = "conversions.csv"
"""Grain: one row a pair of known units of which one converts to the other, each to itself among them.

A text that is no unit of UCUM has one row, without another.
"""


def is_unit(text: str) -> bool:
    """Whether `text` is a unit of UCUM, a mere annotation such as {score} too."""
    return bool(text) and (text == _note(text) or _quantity(text) is not None)


@cache
def between(unit: str, other: str) -> Conversion | None:
    """From a unit of UCUM to another that measures the same; None where there is no way.

    Ratios must be ratios of the same: mmol/mol is neither a percentage nor mg/g. What stands in braces says of what the
    unit is, so both must have it. Arbitrary units convert to themselves alone, and so do equivalents and osmoles.
    """
    known, ways = _table()
    if unit in known and other in known:
        return ways.get((unit, other))
    return by_library(unit, other)


def by_library(unit: str, other: str) -> Conversion | None:
    """`between`, worked out."""
    if unit == other:
        return SAME if is_unit(unit) else None
    source = _quantity(unit)
    target = _quantity(other) if source is not None else None
    if source is None or target is None or _note(unit) != _note(other) or _kinds(unit) != _kinds(other):
        return None
    at = [_value(number, source, target) for number in (0.0, 1.0, 2.0)]
    if abs(at[2] - 2 * at[1] + at[0]) > _STRAIGHT * max(map(abs, at)):
        return None
    return Conversion(at[1] - at[0], at[0])


def table_of(units: Iterable[str]) -> str:
    """The text of TABLE for these texts, by the library."""
    names = sorted(set(units))
    pairs = ((unit, other, by_library(unit, other)) for unit in names for other in names)
    lines = [f"{unit},{other},{way.factor!r},{way.offset!r}" for unit, other, way in pairs if way]
    lines += [f"{unit},,," for unit in names if not by_library(unit, unit)]
    return "\n".join(["unit,other,factor,offset", *lines, ""])


@cache
def _table() -> tuple[frozenset[str], dict[tuple[str, str], Conversion]]:
    """What is known, and what of it converts."""
    with files(__package__).joinpath(TABLE).open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    ways = {(r["unit"], r["other"]): Conversion(float(r["factor"]), float(r["offset"])) for r in rows if r["other"]}
    return frozenset(row["unit"] for row in rows), ways


def _note(text: str) -> str:
    return "".join(_NOTE.findall(text))


def _value(number: float, source: Any, target: Any) -> float:
    quantity = _registry().Quantity(number * source.magnitude, source.units)
    return float(quantity.to(target.units).magnitude) / float(target.magnitude)


@cache
def _kinds(unit: str) -> tuple[tuple[str, float], ...]:
    """What each factor of a unit measures, with its power; numbers such as a percentage measure nothing."""
    registry, found = _registry(), []
    items = list(_quantity(unit).unit_items())
    for name, power in items:
        _, base, _ = registry.parse_unit_name(name)[0]
        dimension = str(registry.get_dimensionality(name))
        if dimension == "dimensionless" or base in _NOT_BY_DIMENSION:
            dimension = base
        if base not in _NUMBERS:
            found.append((dimension, power))
    if not found and "/" in unit:  # a ratio of one unit to itself, which the library takes for the number 1
        found.append((_NOTE.sub("", unit), 1))
    return tuple(sorted(found))


@cache
def _quantity(text: str) -> Any:
    """The library's quantity of one such unit, None where it is none."""
    if not _SHAPE.fullmatch(text):
        return None
    from lark.exceptions import LarkError
    from pint import Quantity

    try:
        found = _registry().from_ucum(text)
    except LarkError:
        return None
    return found if isinstance(found, Quantity) else None


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()

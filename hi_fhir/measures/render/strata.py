"""A stratifier as the place of a person's stratum among its strata, from 0."""

from functools import singledispatch
from typing import Any

import ibis

from hi_fhir.measures.frame import Frame
from hi_fhir.measures.stratifiers import ByAge, ByColumn, ByDecile, ByEthnicity, Rule, Stratifier


def place(stratifier: Stratifier, person: ibis.Table, frame: Frame) -> Any:
    """An int8, never null: `stratifier.strata[place]` is the person's stratum."""
    return _place(stratifier.rule, stratifier.strata, person, frame).cast("int8")


@singledispatch
def _place(rule: Rule, strata: tuple[str, ...], person: ibis.Table, frame: Frame) -> Any:
    raise NotImplementedError(f"{type(rule).__name__} has no query")


@_place.register
def _(rule: ByColumn, strata: tuple[str, ...], person: ibis.Table, frame: Frame) -> Any:
    return _among(person[rule.column], strata, len(strata) - 1)


@_place.register
def _(rule: ByAge, strata: tuple[str, ...], person: ibis.Table, frame: Frame) -> Any:
    oldest_first = reversed(list(enumerate(rule.from_ages)))
    return ibis.cases(*((person.age >= age, number) for number, age in oldest_first), else_=len(strata) - 1)


@_place.register
def _(rule: ByEthnicity, strata: tuple[str, ...], person: ibis.Table, frame: Frame) -> Any:
    not_known = strata.index("not-known")
    stated = _among(person[rule.column], strata, not_known)
    return (person.ethnicity == "stated").ifelse(stated, _among(person.ethnicity, strata, not_known))


@_place.register
def _(rule: ByDecile, strata: tuple[str, ...], person: ibis.Table, frame: Frame) -> Any:
    decile = person[f"imd_{frame.imd_year}_decile"]
    return ibis.cases(*((decile <= upto, number) for number, upto in enumerate(rule.upto)), else_=len(strata) - 1)


def _among(column: Any, strata: tuple[str, ...], otherwise: int) -> Any:
    return ibis.cases(*((column == stratum, number) for number, stratum in enumerate(strata)), else_=otherwise)

"""A stratifier as the index of a person's stratum among its strata, from 0."""

from functools import singledispatch
from typing import Any

import ibis

from hi_fhir.measures.render.query import Facts, condition, is_null
from hi_fhir.measures.stratifiers import ByAge, ByColumn, ByDecile, ByEthnicity, ByWords, Rule, Stratifier


def stratum_index(stratifier: Stratifier, facts: Facts) -> Any:
    """An int8, never null: `stratifier.strata[index]` is the person's stratum."""
    return _index(stratifier.rule, stratifier.strata, facts).cast("int8")


@singledispatch
def _index(rule: Rule, strata: tuple[str, ...], facts: Facts) -> Any:
    raise NotImplementedError(f"{type(rule).__name__} has no query")


@_index.register
def _(rule: ByColumn, strata: tuple[str, ...], facts: Facts) -> Any:
    return _among(facts.rows[rule.column], strata, len(strata) - 1)


@_index.register
def _(rule: ByAge, strata: tuple[str, ...], facts: Facts) -> Any:
    oldest_first = reversed(list(enumerate(rule.from_ages)))
    return ibis.cases(*((facts.rows.age >= age, number) for number, age in oldest_first), else_=len(strata) - 1)


@_index.register
def _(rule: ByEthnicity, strata: tuple[str, ...], facts: Facts) -> Any:
    person, not_known = facts.rows, strata.index("not-known")
    stated = _among(person[rule.column], strata, not_known)
    return (person.ethnicity == "stated").ifelse(stated, _among(person.ethnicity, strata, not_known))


@_index.register
def _(rule: ByDecile, strata: tuple[str, ...], facts: Facts) -> Any:
    decile = facts.rows[f"imd_{facts.context.imd_year}_decile"]
    return ibis.cases(*((decile <= upto, number) for number, upto in enumerate(rule.upto)), else_=len(strata) - 1)


@_index.register
def _(rule: ByWords, strata: tuple[str, ...], facts: Facts) -> Any:
    cases = []
    for number, word in enumerate(rule.words):
        holds = condition(word, facts)
        cases += [(holds, number), (is_null(holds), len(strata) - 1)]
    return ibis.cases(*cases, else_=len(rule.words))


def _among(column: Any, strata: tuple[str, ...], otherwise: int) -> Any:
    return ibis.cases(*((column == stratum, number) for number, stratum in enumerate(strata)), else_=otherwise)

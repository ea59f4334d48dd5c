"""The reference page of the words: what each says of itself, and the tables of people on whom it is tried."""

import inspect
from collections.abc import Iterator
from typing import Any

import hi_fhir.measures as language
from hi_fhir.measures.examples import EXAMPLE_PERIOD
from hi_fhir.measures.render.narrative import sentence, strata_told
from hi_fhir.measures.words.base import Word
from tests.support import word_tables

_TOLD = (
    "A word is true of somebody, false, or unknown (null) where what it needs is not known. Each table has people on "
    "whom it is tried, by the engine and by a plain reading, in every run of the tests: one person a row. The period "
    "is 2024-04-01 to 2025-03-31, and the reference date its end unless another is named. Names in capitals are value "
    "sets. How to compose words: [add a measure](../how-to/add-a-measure.md).\n"
)
_OF_READINGS = "`latest_reading` is of one or several: [values](../how-to/add-a-measure.md#values)."
_OF_STRATA = (
    "It is the rule of a breakdown: [bring your own measures](../how-to/bring-your-own-measures.md#a-breakdown)."
)


def words_page(written: str) -> str:
    parts = ["# The words of a definition\n", written, _TOLD]
    for name in word_tables.names():
        word = getattr(language, name, None)
        parts.append(f"## {name if word is None else _signature(name, word)}\n")
        if word is not None:
            parts += [f"{_told(word)}\n", *_of_what_it_gives(word)]
        for table in word_tables.tables(name):
            as_of = "" if table.as_of == EXAMPLE_PERIOD.end else f" As of {table.as_of}."
            parts.append(_table(table, f"*{sentence(table.word)}*.{as_of}", "holds"))
    parts += [f"## {_signature('Quantity', language.Quantity)}\n", f"{_told(language.Quantity)} {_OF_READINGS}\n"]
    parts += [f"## {_signature('ByWords', language.ByWords)}\n", f"{_told(language.ByWords)} {_OF_STRATA}\n"]
    for one in word_tables.strata_tables():
        told = "; ".join(f"{stratum}: {who}" for stratum, who in strata_told(one.word).items())
        parts.append(_table(one, f"*{told}*.", "stratum"))
    return "\n".join(parts)


def _signature(name: str, word: Any) -> str:
    parameters = inspect.signature(word).parameters.values()
    shown = (f"*{one.name}" if one.kind is one.VAR_POSITIONAL else one.name for one in parameters)
    return f"{name}({', '.join(shown)})"


def _told(documented: Any) -> str:
    return " ".join((inspect.getdoc(documented) or "").split())


def _of_what_it_gives(word: Any) -> Iterator[str]:
    """When the word is null, and what else can be asked of it."""
    given = word.__annotations__["return"]
    if word.__module__ != given.__module__ or given is Word:
        return
    yield f"{_told(given)}\n"
    for name, one in vars(given).items():
        if not name.startswith("_") and (isinstance(one, property) or inspect.isfunction(one)):
            shown = f".{name}" if isinstance(one, property) else f".{_signature(name, one).replace('(self, ', '(')}"
            yield f"- `{shown.replace('(self)', '()')}`: {_told(one)}\n"


def _table(table: word_tables.Table[Any], told: str, holds: str) -> str:
    lines = [
        f"    {table.expression}\n",
        f"{told}\n",
        f"| records | {holds} | why |",
        "|---|---|---|",
    ]
    lines += [f"| {row.text} | {row.holds} | {row.why} |" for row in table.rows]
    return "\n".join(lines) + "\n"

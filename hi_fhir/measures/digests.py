"""Digests of what a version names: a definition that changed under the same version gives other numbers by one name."""

from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from typing import Any

from hi_fhir.core.files import content_name
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import Crossing, Stratifier

_TEXTS = ("id", "title", "description", "rule_set", "source", "improvement")


def definition_digest(measure: Measure) -> str:
    """Of who is counted where, how people are told apart, and what is published of it.

    Version, review and worked examples are no part of it: they change no number and no meaning. Nor are codes: a value
    set has a version of its own.
    """
    return content_name(
        {
            **{name: rendered(getattr(measure, name)) for name in _TEXTS},
            "doubts": rendered(measure.caveats),  # as the digests of released versions call them
            **({} if measure.scoring == "proportion" else {"scoring": measure.scoring}),
            "populations": {name: rendered(word) for name, word in measure.populations()},
            "stratifiers": [rendered(one) for one in measure.stratifiers],
        }
    )


def stratifier_digest(one: Stratifier | Crossing) -> str:
    return content_name(rendered(one))


def rendered(value: Any) -> Any:
    """A frozen value as JSON that stays the same as long as what it says does.

    A field that has its default is left out, so that a word may be given one more without being another word.
    """
    if is_dataclass(value):
        told = {field.name: rendered(getattr(value, field.name)) for field in _said(value, fields(value))}
        return {"is": type(value).__name__, **told}
    if isinstance(value, tuple):
        return [rendered(part) for part in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"no rendering of {type(value).__name__}")


def _said(value: Any, of_it: Iterable[Field[Any]]) -> Iterable[Field[Any]]:
    said = (field for field in of_it if field.compare)  # what tells no two apart is not what they say
    return (field for field in said if field.default is MISSING or getattr(value, field.name) != field.default)

"""What a MeasureReport says beyond R4's own elements, as extensions under the deployment's canonical base."""

from collections.abc import Iterable
from typing import Any

from hi_fhir.disclosure.counts import MASKED, UNSUPPORTED, Cell

DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_REASONS = {MASKED: "masked", UNSUPPORTED: "unsupported"}

Json = dict[str, Any]


def absent(cell: Cell) -> Json:
    """The extension that says why a count is not given."""
    return {"url": DATA_ABSENT, "valueCode": _REASONS[cell.state]}


def valued(url: str, kind: str, value: Any) -> Json:
    """An extension with a value; kind: String, Code, Date, ..."""
    return {"url": url, f"value{kind}": value}


def counted(url: str, cell: Cell) -> Json:
    """An extension with a count, or with the reason why there is none."""
    if cell.value is None:
        return {"url": url, "extension": [absent(cell)]}
    return valued(url, "Integer", cell.value)


def nested(url: str, parts: Iterable[Json]) -> Json:
    return {"url": url, "extension": list(parts)}


def definition(base: str, name: str) -> str:
    """The URL of one of our own extensions."""
    return f"{base}/StructureDefinition/{name}"

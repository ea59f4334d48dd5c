"""Parts of a report's extensions as text, as pages say them."""

from typing import NamedTuple

from hi_fhir.pages import wording
from hi_fhir.reports.heads import Json


class NameAndValue(NamedTuple):
    name: str
    value: str


def texts(extension: Json) -> dict[str, str]:
    """Its parts as text; of several of one name the last."""
    return {one["url"]: text(one) for one in extension["extension"]}


def all_texts(extension: Json, name: str) -> list[str]:
    """Of all its parts of one name."""
    return [text(one) for one in extension["extension"] if one["url"] == name]


def text(extension: Json) -> str:
    """Its value as text; a count that is not given by its reason, an organisation by its name, a day in words."""
    for name, value in extension.items():
        if name == "valueReference":
            return str(value.get("display") or value["identifier"]["value"])
        if name == "valueDate":
            return wording.day_of(value)
        if name.startswith("value"):
            return f"{value:,}" if isinstance(value, int) else str(value)
    return ", ".join(text(one) for one in extension.get("extension", ()))


def spelt(name: str) -> str:
    return name.replace(".", ": ").replace("-", " ")

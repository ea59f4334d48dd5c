"""What the numbers of an area rest on, as one of its reports says it: sources, policies, versions, what was lost."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

Json = dict[str, Any]

_BASIS = {
    "as-of": "Reference date",
    "disclosure-policy": "Disclosure policy",
    "disclosure-policy-version": "Its version",
    "opt-out-policy": "Opt-outs",
    "imd-year": "Index of deprivation of",
    "quarantine-limit": "Most that may be lost of a source's records of a type",
    "software": "Software",
}
"""Parts of the basis that are shown, with what they are called."""


class NameAndValue(NamedTuple):
    name: str
    value: str


class DataBasis(NamedTuple):
    """sources: each with the day of its data. people, lost: counts of the whole run, as far as they are given."""

    date: str
    basis: Sequence[NameAndValue]
    sources: Sequence[NameAndValue]
    practices: Sequence[NameAndValue]
    notes: Sequence[str]
    lists: Sequence[str]
    unverified: Sequence[str]
    people: Sequence[NameAndValue]
    lost: Sequence[NameAndValue]
    versions: Sequence[NameAndValue]


def data_basis(content: bytes) -> DataBasis:
    """content: of a MeasureReport of ours."""
    report = orjson.loads(content)
    named: dict[str, list[Json]] = {}
    for extension in report.get("extension", ()):
        named.setdefault(extension["url"].rpartition("/")[2], []).append(extension)
    parts = {one["url"]: _value(one) for one in named["report-basis"][0]["extension"]}
    versions = [_parts(one) for one in named.get("version-used", ())]
    covered = [one["valueReference"] for one in named.get("covered-practice", ())]
    return DataBasis(
        date=report["date"],
        basis=[NameAndValue(name, parts[url]) for url, name in _BASIS.items() if url in parts],
        sources=[NameAndValue(one["source"], one["data-date"]) for one in map(_parts, named.get("data-source", ()))],
        practices=[NameAndValue(one["identifier"]["value"], one.get("display", "")) for one in covered],
        notes=[one["valueString"] for one in named.get("note", ())],
        lists=[" ".join(f"{name}: {value}" for name, value in _parts(one).items()) for one in _lists(named)],
        unverified=[one["valueString"] for one in named.get("unverified", ())],
        people=[NameAndValue(_spelt(one["url"]), _value(one)) for one in _within(named, "run-people")],
        lost=[
            NameAndValue(f"{kinds['type']}: {_spelt(name)}", value)
            for kinds in map(_parts, named.get("run-quarantine", ()))
            for name, value in kinds.items()
            if name != "type"
        ],
        versions=[NameAndValue(one["name"], one["version"]) for one in versions],
    )


def _lists(named: Mapping[str, list[Json]]) -> list[Json]:
    return named.get("registered-list", [])


def _within(named: Mapping[str, list[Json]], name: str) -> Iterator[Json]:
    for one in named.get(name, ()):
        yield from one["extension"]


def _parts(extension: Json) -> dict[str, str]:
    return {one["url"]: _value(one) for one in extension["extension"]}


def _value(extension: Json) -> str:
    """As text; a count that is not given by its reason."""
    for name, value in extension.items():
        if name.startswith("value"):
            return f"{value:,}" if isinstance(value, int) else str(value)
    reasons = [_value(one) for one in extension.get("extension", ())]
    return ", ".join(reasons)


def _spelt(name: str) -> str:
    return name.replace(".", ": ").replace("-", " ")

"""What a report says beside its numbers, by the name of each extension, as pages look at it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

Json = dict[str, Any]


class NameAndValue(NamedTuple):
    name: str
    value: str


class ReportHead(NamedTuple):
    """date: the day of the data. named: extensions by the last part of their URL."""

    date: str
    named: Mapping[str, Sequence[Json]]

    def of(self, name: str) -> Sequence[Json]:
        return self.named.get(name, ())

    def within(self, name: str) -> Iterator[Json]:
        """The parts of all extensions of a name."""
        for one in self.of(name):
            yield from one["extension"]


class _Head(msgspec.Struct):
    """What of a report is looked at: most of it are groups, which are passed over."""

    date: str
    extension: list[Json] = []


_DECODER = msgspec.json.Decoder(_Head)


def report_head(content: bytes) -> ReportHead:
    """content: of a MeasureReport of ours."""
    report = _DECODER.decode(content)
    named: dict[str, list[Json]] = {}
    for extension in report.extension:
        named.setdefault(extension["url"].rpartition("/")[2], []).append(extension)
    return ReportHead(report.date, named)


def texts(extension: Json) -> dict[str, str]:
    """Its parts as text; of several of one name the last."""
    return {one["url"]: text(one) for one in extension["extension"]}


def all_texts(extension: Json, name: str) -> list[str]:
    """Of all its parts of one name."""
    return [text(one) for one in extension["extension"] if one["url"] == name]


def text(extension: Json) -> str:
    """Its value as text; a count that is not given by its reason, an organisation by its name."""
    for name, value in extension.items():
        if name == "valueReference":
            return str(value.get("display") or value["identifier"]["value"])
        if name.startswith("value"):
            return f"{value:,}" if isinstance(value, int) else str(value)
    return ", ".join(text(one) for one in extension.get("extension", ()))


def spelt(name: str) -> str:
    return name.replace(".", ": ").replace("-", " ")

"""What a report says beside its numbers, by the name of each extension, without looking at its groups."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

Json = dict[str, Any]


class ReportHead(NamedTuple):
    """measure: with its version. date: the day of the data. named: extensions by the last part of their URL."""

    measure: str
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

    measure: str
    date: str
    extension: list[Json] = []


_DECODER = msgspec.json.Decoder(_Head)


def report_head(content: bytes) -> ReportHead:
    """content: of a MeasureReport of ours."""
    report = _DECODER.decode(content)
    named: dict[str, list[Json]] = {}
    for extension in report.extension:
        named.setdefault(extension["url"].rpartition("/")[2], []).append(extension)
    return ReportHead(report.measure, report.date, named)

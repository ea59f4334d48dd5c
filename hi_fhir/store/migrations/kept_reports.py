"""What reports say that were kept before the store had it as rows: read from their JSON, once, as it was written.

It stays as it is whatever reports come to look like: what it reads is what earlier versions of hi_fhir released.
"""

from collections.abc import Iterator
from typing import Any

import orjson

Json = dict[str, Any]
CellRow = tuple[str, str, str, str, str | None, int | None]

_STATES = {"masked": "masked", "unsupported": "unsupported"}
_RUN = {"run-people": None, "run-quarantine": "type", "readings-left-out": "value-set"}
"""Extensions that count, each with the part that tells of what."""
_EXACT = "practice-exact"


def cells_of(content: bytes) -> Iterator[CellRow]:
    """Every count of a report, or why it is not given; none of what is no report of ours."""
    report = orjson.loads(content)
    is_exact = _policy(report) == _EXACT
    for group in report.get("group", ()):
        yield from _counted("all", "all", group, is_exact)
        for stratifier in group.get("stratifier", ()):
            for stratum in stratifier["stratum"]:
                yield from _counted(*_named(stratifier, stratum), stratum, is_exact)
    for extension in report.get("extension", ()):
        if (name := _last(extension["url"])) in _RUN:
            yield from _of_run(name, _RUN[name], extension["extension"])


def covered_by(content: bytes) -> list[str]:
    """ODS codes of the practices that a report covers, as it says."""
    covered = (one for one in orjson.loads(content).get("extension", ()) if _last(one["url"]) == "covered-practice")
    return [one["valueReference"]["identifier"]["value"] for one in covered]


def kind_of(content: bytes) -> str | None:
    """What an Organization is called the kind of."""
    types = orjson.loads(content).get("type") or [{}]
    kind: str | None = types[0].get("text")
    return kind


def _named(stratifier: Json, stratum: Json) -> tuple[str, str]:
    if "component" in stratum:
        parts = stratum["component"]
        return "*".join(_code(part["code"]) for part in parts), "*".join(_code(part["value"]) for part in parts)
    return _code(stratifier["code"][0]), _code(stratum["value"])


def _counted(stratifier: str, stratum: str, counted: Json, is_exact: bool) -> Iterator[CellRow]:
    for population in counted["population"]:
        name = _code(population["code"]).replace("-", "_")
        if "count" in population:
            yield stratifier, stratum, name, *_given(population["count"], is_exact)
        else:
            yield stratifier, stratum, name, *_withheld(population["_count"]["extension"])
    for extension in counted.get("extension", ()):
        name = _last(extension["url"])
        if name == "score-absent":
            yield stratifier, stratum, "score", "absent", extension["valueCode"], None
        elif "valueInteger" in extension:
            yield stratifier, stratum, name, *_given(extension["valueInteger"], is_exact)
        elif any(_last(part["url"]) == "data-absent-reason" for part in extension.get("extension", ())):
            yield stratifier, stratum, name, *_withheld(extension["extension"])


def _of_run(name: str, of: str | None, parts: list[Json]) -> Iterator[CellRow]:
    counted = next((part["valueString"] for part in parts if part["url"] == of), "all")
    for part in parts:
        if "valueInteger" in part:
            yield name, counted, part["url"], *_given(part["valueInteger"], False)
        elif "extension" in part:
            yield name, counted, part["url"], *_withheld(part["extension"])


def _given(value: int, is_exact: bool) -> tuple[str, None, int]:
    """Zero was given as it is, and so was everything by the policy that rounds nothing."""
    return "shown" if is_exact or value == 0 else "rounded", None, value


def _withheld(extensions: list[Json]) -> tuple[str, str | None, None]:
    codes = {_last(one["url"]): one["valueCode"] for one in extensions}
    reason = codes.get("withheld-reason")
    is_suppressed = codes["data-absent-reason"] == "masked" and reason is not None
    return "suppressed" if is_suppressed else _STATES[codes["data-absent-reason"]], reason, None


def _policy(report: Json) -> str | None:
    for extension in report.get("extension", ()):
        if _last(extension["url"]) == "report-basis":
            named = (part["valueString"] for part in extension["extension"] if part["url"] == "disclosure-policy")
            return next(named, None)
    return None


def _code(concept: Json) -> str:
    return str(concept["coding"][0]["code"])


def _last(url: str) -> str:
    return url.rpartition("/")[2]

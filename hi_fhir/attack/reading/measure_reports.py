"""MeasureReports as anybody's software writes them (R4), from a folder or a file: JSON, NDJSON, alone or in Bundles."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import gcd
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from hi_fhir.attack.reading.shares import ratios_of
from hi_fhir.attack.reading.words import COVERED, EXACT, POLICIES, TELLING_TOTALS, WITHIN_FEW, score_state
from hi_fhir.attack.told import ALL, SCORE, Name, Report, Rounding, State, Told
from hi_fhir.core.errors import NotFoundError, UserError

Json = dict[str, Any]

_LINES = {".ndjson", ".jsonl"}
_ABSENT, _OTHERWISE = "data-absent-reason", "withheld-reason"
"""Extensions: that a count is not given; that it is so for another reason than that it is small."""
_ENOUGH = 10
"""So many counts that are all multiples of one number were rounded to it."""


class ToldCell(NamedTuple):
    """What one report tells of one thing. number: of people, or of a share."""

    name: Name
    state: State
    number: float | None


class Read(NamedTuple):
    report: Report
    policy: str | None
    cells: list[ToldCell]


def read_measure_reports(path: Path, masked_to: int, of: str | None = None) -> Told:
    """All MeasureReports in a folder or file. masked_to: the highest count that is masked, where no policy is named.

    To what their counts are rounded is seen from the counts. of: a practice's own alone, by itself: these are exact.

    Raises:
        NotFoundError: there are none.
        UserError: a file is not JSON, or a MeasureReport not of the shape that FHIR gives it.
    """
    read = [one for source, resource in _resources(path) for one in _reports(source, resource)]
    read = [one for one in read if of in (None, one.report.reporter)]
    if not read:
        whose = "" if of is None else f" of {of}"
        raise NotFoundError(f"{path}: there is no MeasureReport{whose} with a group in it (*.json, *.ndjson).")
    if of is None:
        return _told(read, Rounding(masked_to, _base(read)))
    return replace(_told(read, EXACT), knowing=frozenset({of}))


def _resources(path: Path) -> Iterator[tuple[str, Json]]:
    """Every MeasureReport and where it stands."""
    paths = sorted(one for one in path.rglob("*") if one.suffix in {".json", *_LINES}) if path.is_dir() else [path]
    for one in paths:
        content = one.read_bytes()
        lines = enumerate(content.splitlines(), 1) if one.suffix in _LINES else [(0, content)]
        for number, line in lines:
            if line.strip():
                where = f"{one}:{number}" if number else str(one)
                yield from _measure_reports(where, _parsed(where, line))


def _parsed(where: str, text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{where}: it is not JSON. Give MeasureReports as *.json or *.ndjson.") from error


def _measure_reports(where: str, resource: Any) -> Iterator[tuple[str, Json]]:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if kind == "MeasureReport":
        yield where, resource
    elif kind == "Bundle":
        for number, entry in enumerate(resource.get("entry", ()), 1):
            yield from _measure_reports(f"{where}#{number}", entry.get("resource"))


def _reports(where: str, resource: Json) -> Iterator[Read]:
    """One a group: a measure has several where it counts several things."""
    try:
        groups = resource.get("group", [])
        for number, group in enumerate(groups, 1):
            told = _report(where, resource, f"#{number}" if len(groups) > 1 else "")
            yield Read(told, _basis(resource, "disclosure-policy"), list(_cells(group)))
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise UserError(f"{where}: this MeasureReport has not the shape that FHIR R4 gives it ({error!r}).") from error


def _report(where: str, resource: Json, group: str) -> Report:
    measure, _, version = resource.get("measure", "").partition("|")
    period = resource["period"]
    covered = [one for one in resource.get("extension", ()) if one["url"].endswith(COVERED)]
    return Report(
        measure=f"{measure}{group}",
        measure_version=version,
        period=(period.get("start", ""), period.get("end", "")),
        reference_date=_basis(resource, "as-of") or "",
        extract_date=resource.get("date", ""),
        reporter=_organisation(resource.get("reporter", {})),
        practices=tuple(_organisation(one["valueReference"]) for one in covered),
        rounding=Rounding(0, 1),
        source=where,
    )


def _organisation(reference: Json) -> str:
    identifier = reference.get("identifier", {}).get("value")
    return str(identifier or reference.get("reference") or reference.get("display") or "")


def _basis(resource: Json, name: str) -> str | None:
    """A part of our own extension `report-basis`."""
    for extension in resource.get("extension", ()):
        if extension["url"].endswith("/report-basis"):
            for part in extension["extension"]:
                if part["url"] == name:
                    return str(part.get("valueString") or part.get("valueDate"))
    return None


def _cells(group: Json) -> Iterator[ToldCell]:
    yield from _counted(ALL, ALL, group)
    for number, stratifier in enumerate(group.get("stratifier", ()), 1):
        for stratum in stratifier.get("stratum", ()):
            yield from _counted(*_group(stratifier, stratum, number), stratum)


def _group(stratifier: Json, stratum: Json, number: int) -> tuple[str, str]:
    if parts := stratum.get("component"):
        return "*".join(_code(part["code"]) for part in parts), "*".join(_code(part["value"]) for part in parts)
    codes = stratifier.get("code") or [{"text": f"stratifier {number}"}]
    return _code(codes[0]), _code(stratum.get("value", {}))


def _code(concept: Json) -> str:
    codings = concept.get("coding") or [{}]
    return str(codings[0].get("code") or concept.get("text") or "")


def _counted(stratifier: str, stratum: str, counted: Json) -> Iterator[ToldCell]:
    seen: dict[str, int] = {}
    for population in counted.get("population", ()):
        code = _code(population["code"]).replace("-", "_")
        seen[code] = seen.get(code, 0) + 1
        name = Name(stratifier, stratum, code if seen[code] == 1 else f"{code}#{seen[code]}")
        yield _count(name, population.get("count"), population.get("_count", {}))
    for extension in counted.get("extension", ()):
        code = extension["url"].rpartition("/")[2]
        if code == "score-absent":
            yield ToldCell(Name(stratifier, stratum, SCORE), score_state(extension["valueCode"]), None)
        elif "valueInteger" in extension or "extension" in extension:
            yield _count(Name(stratifier, stratum, code), extension.get("valueInteger"), extension)
    if (score := counted.get("measureScore", {}).get("value")) is not None:
        is_percent = "%" in (counted["measureScore"].get("unit"), counted["measureScore"].get("code"))
        yield ToldCell(Name(stratifier, stratum, SCORE), State.SCORE_GIVEN, score / 100 if is_percent else score)


def _count(name: Name, count: int | None, withheld: Json) -> ToldCell:
    if count is not None:
        return ToldCell(name, State.EXACT, int(count))
    reasons = {one["url"].rpartition("/")[2]: one.get("valueCode") for one in withheld.get("extension", ())}
    if reasons.get(_OTHERWISE) == WITHIN_FEW:
        return ToldCell(name, State.WITHIN_FEW, None)
    is_small = reasons.get(_ABSENT) == "masked" and _OTHERWISE not in reasons
    return ToldCell(name, State.MASKED if is_small else State.WITHHELD, None)


def _base(read: Iterable[Read]) -> int:
    """The number to the multiples of which counts were rounded that no policy tells of; 1: to none."""
    others = (one for one in read if one.policy not in POLICIES)
    counts = {int(cell.number) for one in others for cell in one.cells if cell.state == State.EXACT and cell.number}
    return gcd(*counts) if len(counts) >= _ENOUGH else 1


def _told(read: list[Read], otherwise: Rounding) -> Told:
    """otherwise: of reports that name no policy that is known."""
    names: dict[Name, int] = {}
    rows: list[tuple[int, int, int, int]] = []
    scores: list[tuple[int, int, float]] = []
    reports = []
    for place, (report, policy, cells) in enumerate(read):
        rounding = POLICIES.get(policy or "", otherwise)
        tells_totals = policy in TELLING_TOTALS
        reports.append(replace(report, rounding=rounding, tells_totals=tells_totals))
        for cell in cells:
            name = names.setdefault(cell.name, len(names))
            is_share = cell.name.population == SCORE
            if is_share and cell.number is not None and policy not in POLICIES:
                scores.append((place, name, cell.number))
                continue
            is_rounded = cell.state == State.EXACT and cell.number and rounding.base > 1
            if tells_totals and cell.number and cell.number % rounding.base:
                is_rounded = False  # of a multiple nobody tells whether it is
            value = -1 if is_share or cell.number is None else int(cell.number)
            rows.append((place, name, State.ROUNDED if is_rounded else cell.state, value))
    told = Told(tuple(reports), tuple(names), *np.array(rows, dtype=np.int32).reshape(-1, 4).T)
    return replace(told, ratios=ratios_of(told, scores))

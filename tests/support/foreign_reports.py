"""MeasureReports as others write them."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]
MASKED = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}


def counted(score: float | None = None, **counts: int | None) -> Json:
    """Counts of a group or stratum as others write them; None: masked."""
    population = [
        {"code": {"coding": [{"code": name.replace("_", "-")}]}, **({"_count": MASKED} if n is None else {"count": n})}
        for name, n in counts.items()
    ]
    return {"population": population} | ({} if score is None else {"measureScore": {"value": score}})


def by(stratifier: str, **strata: Json) -> Json:
    return {
        "code": [{"text": stratifier}],
        "stratum": [{**own, "value": {"text": name}} for name, own in strata.items()],
    }


def report(group: Json, *stratifiers: Json, reporter: str = "A", **more: Any) -> Json:
    return {
        "resourceType": "MeasureReport",
        "type": "summary",
        "measure": "https://example.invalid/Measure/of-others|3",
        "date": "2025-04-01",
        "period": {"start": "2024-04-01", "end": "2025-03-31"},
        "reporter": {"identifier": {"value": reporter}},
        "group": [{**group, "stratifier": list(stratifiers)}],
        **more,
    }


def write(path: Path, *resources: Json) -> Path:
    path.write_text("\n".join(map(json.dumps, resources)), encoding="utf-8")
    return path

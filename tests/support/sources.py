"""Small sources by hand, run as from a shell: people of a practice, their records, and the reports that come of it."""

from pathlib import Path
from typing import Any

import orjson

from tests.support.cli import Ran, hi_fhir
from tests.support.reporting import count_of, groups_of

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
SNOMED = "http://snomed.info/sct"
PERIOD = "2024-04-01..2025-03-31"
SMOKER, HYPERTENSION = "8517006", "38341003"

Json = dict[str, Any]


def a_patient(id_: str, practice: str = "A99001") -> Json:
    return {
        "resourceType": "Patient",
        "id": id_,
        "birthDate": "1960-05-03",
        "meta": {"lastUpdated": "2025-04-02T10:00:00Z"},
        "managingOrganization": {"identifier": {"system": ODS, "value": practice}},
    }


def a_record(type_: str, id_: str, of: str, code: str, **fields: Any) -> Json:
    dated = {"effectiveDateTime": "2024-10-10"} if type_ == "Observation" else {"recordedDate": "2024-10-10"}
    coded = {"code": {"coding": [{"system": SNOMED, "code": code}]}, "subject": {"reference": f"Patient/{of}"}}
    return {"resourceType": type_, "id": id_, "status": "final", **coded, **dated, **fields}


def unreadable(type_: str, id_: str, code: str) -> Json:
    """A record of which the codes can be read and the day cannot."""
    return a_record(type_, id_, "p0", code, effectiveDateTime="yesterday", recordedDate="yesterday")


def write(folder: Path, *resources: Json) -> Path:
    """A folder of a bulk export."""
    folder.mkdir(exist_ok=True)
    for type_ in {one["resourceType"] for one in resources}:
        lines = [orjson.dumps(one) for one in resources if one["resourceType"] == type_]
        (folder / f"{type_}.ndjson").write_bytes(b"\n".join([*lines, b""]))
    return folder


def run(*sources: str | Path, measure: str = "smoking-status-recorded", audience: str = "practice") -> Ran:
    named = [word for source in sources for word in ("--source", source)]
    return hi_fhir("run", *named, "--period", PERIOD, "--measures", measure, "--audience", audience, "--json")


def reports(ran: Ran) -> dict[str, Json]:
    """By the reporter's code."""
    found = [orjson.loads(Path(path).read_bytes()) for path in ran.json["reports"]]
    return {report["reporter"]["identifier"]["value"]: report for report in found}


def whole(report: Json) -> Json:
    return next(group for _, _, group in groups_of(report))


def counts(report: Json) -> dict[str, int | str]:
    group = whole(report)
    names = (one["code"]["coding"][0]["code"] for one in group["population"])
    score = group.get("measureScore", {}).get("value")
    return {name: count_of(group, name) for name in names} | ({} if score is None else {"score": score})

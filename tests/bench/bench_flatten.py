"""Resources per CPU-second of flatten on lines of which most are Observations, and its peak memory.

Run: python tests/bench/bench_flatten.py [resources] [workers]
"""

import json
import random
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import orjson
import pyarrow as pa
import zstandard

from hi_fhir.core.config import Config
from hi_fhir.core.files import sha256_file
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables.scope import Scope

_SCT = "http://snomed.info/sct"
_LOINC = "http://loinc.org"
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CHUNK_BYTES = 64 << 20
_OBSERVATIONS, _ENCOUNTERS = 30, 5  # a patient


def _people(random_: random.Random) -> Iterator[str]:
    while True:
        yield str(uuid.UUID(int=random_.getrandbits(128), version=4))


def _meta(random_: random.Random, profile: str) -> dict[str, object]:
    updated = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(milliseconds=random_.randrange(7_000_000_000))
    stamp = updated.isoformat(timespec="milliseconds")
    return {
        "versionId": "1",
        "lastUpdated": stamp,
        "profile": [f"https://fhir.hl7.org.uk/StructureDefinition/{profile}"],
    }


def _observation(random_: random.Random, patient: str) -> dict[str, object]:
    when = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=random_.randrange(5_000_000))
    made: dict[str, object] = {
        "resourceType": "Observation",
        "id": str(uuid.UUID(int=random_.getrandbits(128), version=4)),
        "meta": _meta(random_, "UKCore-Observation"),
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"Recorded in practice. " * 15}</div>',
        },
        "identifier": [{"system": "https://example.invalid/observations", "value": str(random_.getrandbits(60))}],
        "status": "final",
        "category": [
            {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
                ]
            }
        ],
        "subject": {"reference": f"Patient/{patient}"},
        "encounter": {"reference": f"Encounter/{random_.getrandbits(60)}"},
        "effectiveDateTime": when.isoformat(),
        "issued": (when + timedelta(seconds=random_.randrange(600))).isoformat(),
        "performer": [{"reference": "Practitioner/17", "display": "Somebody at the practice"}],
    }
    if random_.random() < 0.2:
        made["code"] = {"coding": [{"system": _SCT, "code": "75367002"}, {"system": _LOINC, "code": "85354-9"}]}
        made["component"] = [
            {
                "code": {"coding": [{"system": _SCT, "code": code}]},
                "valueQuantity": {
                    "value": random_.randrange(*span),
                    "unit": "mmHg",
                    "system": "http://unitsofmeasure.org",
                    "code": "mm[Hg]",
                },
            }
            for code, span in (("271649006", (90, 180)), ("271650006", (50, 110)))
        ]
    else:
        code = random_.choice(["60621009", "1003671000000109", "1005671000000105", "160573003", "266919005"])
        made["code"] = {"coding": [{"system": _SCT, "code": code, "display": "A finding"}], "text": "A finding"}
        made["valueQuantity"] = {
            "value": random_.randrange(400) / 10,
            "unit": "kg/m2",
            "system": "http://unitsofmeasure.org",
            "code": "kg/m2",
        }
        made["note"] = [{"text": "Nothing of note. " * 3}]
    return made


def _encounter(random_: random.Random, patient: str) -> dict[str, object]:
    start = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=random_.randrange(5_000_000))
    problem = {"coding": [{"system": _SCT, "code": random_.choice(["49727002", "25064002"])}], "text": "A problem"}
    made: dict[str, object] = {
        "resourceType": "Encounter",
        "id": str(uuid.UUID(int=random_.getrandbits(128), version=4)),
        "meta": _meta(random_, "UKCore-Encounter"),
        "identifier": [{"system": "https://example.invalid/encounters", "value": str(random_.getrandbits(60))}],
        "status": "finished",
        "class": {"system": _ACT_CODE, "code": random_.choice(["AMB", "VR", "HH"]), "display": "seen"},
        "type": [{"coding": [{"system": _SCT, "code": "185347001"}], "text": "Seen for a problem"}],
        "subject": {"reference": f"Patient/{patient}"},
        "participant": [{"individual": {"reference": "Practitioner/17", "display": "Somebody at the practice"}}],
        "period": {"start": start.isoformat(), "end": (start + timedelta(minutes=10)).isoformat()},
        "serviceProvider": {"reference": "Organization/1"},
    }
    return made | ({"reasonCode": [problem]} if random_.random() < 0.7 else {})


def _patient(random_: random.Random, id_: str) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "meta": _meta(random_, "UKCore-Patient"),
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": f"999{random_.randrange(10**7):07d}"}],
        "gender": random_.choice(["female", "male"]),
        "birthDate": f"{random_.randrange(1930, 2020)}-0{random_.randrange(1, 10)}-11",
        "address": [{"use": "home", "postalCode": "ZZ99 3VZ"}],
        "managingOrganization": {"reference": "Organization/1"},
    }


def land(raw: Path, count: int, seed: int = 1) -> tuple[int, int]:
    """Write about `count` resources as chunks of a finished pull; resources and bytes written."""
    random_ = random.Random(seed)
    receipts: list[dict[str, object]] = []
    pending: dict[str, list[bytes]] = {"Patient": [], "Observation": [], "Encounter": []}
    sizes = dict.fromkeys(pending, 0)
    compressor = zstandard.ZstdCompressor()

    def close(type_: str) -> None:
        lines = pending[type_]
        name = f"{sum(1 for receipt in receipts if receipt['type'] == type_):05d}"
        (raw / type_).mkdir(parents=True, exist_ok=True)
        path = raw / type_ / f"{name}.ndjson.zst"
        with path.open("wb") as file:
            for start in range(0, len(lines), 200):
                file.write(compressor.compress(b"".join(lines[start : start + 200])))
        size, digest = sizes[type_], sha256_file(path)
        receipts.append({"type": type_, "name": name, "lines": len(lines), "bytes": size, "sha256": digest})
        pending[type_], sizes[type_] = [], 0

    def add(type_: str, made: dict[str, object]) -> None:
        line = orjson.dumps(made) + b"\n"
        pending[type_].append(line)
        sizes[type_] += len(line)
        if sizes[type_] > _CHUNK_BYTES - 65536:
            close(type_)

    people = _people(random_)
    for _ in range(max(1, count // (_OBSERVATIONS + _ENCOUNTERS + 1))):
        patient = next(people)
        add("Patient", _patient(random_, patient))
        for _ in range(_OBSERVATIONS):
            add("Observation", _observation(random_, patient))
        for _ in range(_ENCOUNTERS):
            add("Encounter", _encounter(random_, patient))
    for type_ in list(pending):
        close(type_)
    scope = msgspec.to_builtins(Scope(types=dict.fromkeys(pending)))
    manifest = {
        "id": "pull",
        "source_id": "bench",
        "method": "folder",
        "scope": scope,
        "data_date": "2025-04-02",
        "counts": {type_: {"received": sum(r["lines"] for r in receipts if r["type"] == type_)} for type_ in pending},
        "chunks": receipts,
    }
    (raw / "pull.json").write_bytes(orjson.dumps(manifest))
    return sum(int(str(r["lines"])) for r in receipts), sum(int(str(r["bytes"])) for r in receipts)


def measure(count: int, workers: int) -> dict[str, object]:
    """One flatten from landed chunks to the snapshot: rates by CPU and wall, peak memory of the largest process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = Config(data_dir=folder / "data", key_file=folder / "key" / "identity.key", workers=workers)
        resources, size = land(config.data_dir / "sources" / "bench" / "raw" / "pull", count)
        pa.array([0])  # imports what pyarrow imports late
        before, started = _cpu(), time.perf_counter()
        manifest = flatten(RunContext(config), SourceSettings("bench", "none"), "pull")
        wall, cpu = time.perf_counter() - started, _cpu() - before
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return {
            "resources": resources,
            "bytes_a_resource": round(size / resources),
            "rows": sum(manifest.rows.values()),
            "cpu_s": round(cpu, 2),
            "wall_s": round(wall, 2),
            "resources_a_cpu_s": round(resources / cpu),
            "mb_a_s": round(size / wall / 1e6),
            "peak_mb": max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children) // 1024,
        }


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    result = measure(arguments[0] if arguments else 200_000, arguments[1] if len(arguments) > 1 else 1)
    print(json.dumps(result, indent=2))  # noqa: T201

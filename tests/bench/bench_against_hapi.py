"""The service beside a real HAPI with the same reports: answers a second and p99, at the same clients, turn by turn.

Run: python -m tests.bench.bench_against_hapi [reports] [seconds of a turn]. Needs what tests/hapi/install.sh makes; to
load HAPI takes most of the time. Both are asked over loopback by as many processes as there are clients.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import requests

from tests.bench.bench_service import MEASURES, PERIODS, identifier, made_up_reports, make_store, reporter
from tests.support.hapi import Hapi
from tests.support.processes import HI_FHIR, environment
from tests.support.reporting import SETTINGS

GOALS = {"times_hapis_rate": 1.5, "p99_below_hapis": True}
CLIENTS, ROUNDS, BATCH, LOADERS, TRIES = 8, 2, 20, 3, 5
JAVA = ("-Xmx4g",)  # as a deployment has it: the compiler of its own choice, and room
KINDS = ("read", "by_identifier", "by_reporter", "by_reporter_and_period")
CODINGS = ("gzip", "identity")


def main(reports: int = 10_000, seconds: float = 4) -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), reports, seconds)))  # noqa: T201  a bench prints


def measure(folder: Path, reports: int, seconds: float) -> dict[str, object]:
    data_dir = folder / "data"
    data_dir.mkdir()
    make_store(data_dir / "hi_fhir.sqlite", reports)
    hapi = Hapi(folder, stray=True, java=JAVA)
    hapi.start()
    command = [*HI_FHIR, "serve", "--data-dir", str(data_dir), "--port", "0", "--audience", "icb"]
    env = environment(folder / "keys" / "identity.key")
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    try:
        began = time.monotonic()
        size = load(hapi.base_url, reports)
        loaded_s = round(time.monotonic() - began)
        assert process.stdout is not None
        ours = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        bases = {"hi_fhir": ours, "hapi": hapi.base_url}
        check_same(bases, reports)
        found = {coding: {kind: compare(bases, kind, coding, reports, seconds) for kind in KINDS} for coding in CODINGS}
    finally:
        process.terminate()
        process.wait(60)
        hapi.kill()
    return {"reports": reports, "report_kb": size, "hapi_load_s": loaded_s, "clients": CLIENTS, **found, "goals": GOALS}


def load(base: str, reports: int) -> int:
    """PUT the reports into HAPI; kilobytes of one."""
    sizes: list[int] = []
    for who in range(-(-reports // (MEASURES * PERIODS))):  # else what they report is not found by them
        organisation = {"resourceType": "Organization", "id": f"ods-{reporter(who).lower()}", "active": True}
        requests.put(f"{base}/Organization/{organisation['id']}", json=organisation, timeout=60).raise_for_status()

    def put(batch: Sequence[bytes]) -> None:
        for _ in range(TRIES):  # what is written side by side is refused now and then
            answer = requests.post(base, data=b"".join(bundle(batch)), headers=_JSON, timeout=600)
            answer.raise_for_status()
            refused = [one for one in answer.json()["entry"] if not one["response"]["status"].startswith("20")]
            if not refused:
                return
        raise AssertionError(refused[0])

    contents = iter(resources(reports))
    with ThreadPoolExecutor(LOADERS) as pool:
        while wave := [batch for _ in range(LOADERS) if (batch := list(islice(contents, BATCH)))]:
            sizes += [len(wave[0][0])]
            list(pool.map(put, wave))
    return round(sum(sizes) / len(sizes) / 1000)


_JSON = {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"}


def resources(reports: int) -> Iterator[bytes]:
    for one in made_up_reports(reports):
        resource = orjson.loads(one.content)
        named = {**resource["reporter"], "reference": f"Organization/{one.reporter_id}"}
        period = {"start": one.period_start.isoformat(), "end": one.period_end.isoformat()}
        yield orjson.dumps({**resource, "id": one.id, "reporter": named, "period": period})


def bundle(batch: Sequence[bytes]) -> Iterator[bytes]:
    yield b'{"resourceType":"Bundle","type":"batch","entry":['
    for number, content in enumerate(batch):
        id_ = orjson.loads(content)["id"]
        request = orjson.dumps({"method": "PUT", "url": f"MeasureReport/{id_}"})
        yield (b"," if number else b"") + b'{"resource":' + content + b',"request":' + request + b"}"
    yield b"]}"


def path_of(kind: str, reports: int, chance: random.Random) -> str:
    number = chance.randrange(reports)
    who = number // MEASURES // PERIODS
    by_reporter = {"reporter": f"Organization/ods-{reporter(who).lower()}", "_count": "10"}
    month = number // MEASURES % PERIODS + 1
    asked = {
        "by_identifier": {"identifier": f"{SETTINGS.identifier_system}|{identifier(number)}"},
        "by_reporter": by_reporter,
        "by_reporter_and_period": {**by_reporter, "period": f"eb2024-{month % 12 + 1:02}-15"},
    }
    if kind == "read":
        return f"/MeasureReport/mr-{identifier(number)}"
    return f"/MeasureReport?{urlencode(asked[kind])}"


def check_same(bases: dict[str, str], reports: int) -> None:
    """That both have the same to say."""
    for kind in KINDS[1:]:
        query = path_of(kind, reports, random.Random(1)).replace("_count=10", "_summary=count")
        totals = {name: ask_count(base + query) for name, base in bases.items()}
        assert len(set(totals.values())) == 1, (kind, totals)
        assert all(totals.values()), kind


def ask_count(url: str) -> int:
    found = requests.get(url + "&_total=accurate", timeout=120).json()
    return int(found["total"])


def compare(bases: dict[str, str], kind: str, coding: str, reports: int, seconds: float) -> dict[str, Any]:
    """Turn by turn, after a turn that only warms up."""
    times: dict[str, list[float]] = {name: [] for name in bases}
    for turn in range(ROUNDS + 1):
        for name, base in bases.items():
            found = ask_at_once(base, kind, coding, reports, seconds if turn else 1, turn)
            times[name] += found if turn else []
    result = {name: summary(found, seconds * ROUNDS) for name, found in times.items()}
    return {**result, "times_hapis_rate": round(result["hi_fhir"]["per_s"] / result["hapi"]["per_s"], 2)}


def summary(times: Sequence[float], seconds: float) -> dict[str, float]:
    ranked = sorted(times)
    at = {"p50_ms": 0.5, "p99_ms": 0.99}
    found = {name: round(ranked[int(share * (len(ranked) - 1))] * 1000, 1) for name, share in at.items()}
    return {"per_s": round(len(ranked) / seconds, 1), **found}


def ask_at_once(base: str, kind: str, coding: str, reports: int, seconds: float, turn: int) -> list[float]:
    with ProcessPoolExecutor(CLIENTS) as clients:
        asked = [
            clients.submit(ask, base, kind, coding, reports, seconds, turn * CLIENTS + number)
            for number in range(CLIENTS)
        ]
        return [one for found in asked for one in found.result()]


def ask(base: str, kind: str, coding: str, reports: int, seconds: float, seed: int) -> list[float]:
    """Seconds that each answer took."""
    chance, where = random.Random(seed), urlsplit(base)
    connection = HTTPConnection(str(where.hostname), where.port, timeout=120)
    times, until = [], time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        path = where.path + path_of(kind, reports, chance)
        connection.request("GET", path, headers={"Accept-Encoding": coding, "Accept": "application/fhir+json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        times.append(time.monotonic() - began)
    connection.close()
    return times


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*(int(one) for one in arguments[:1]), *(float(one) for one in arguments[1:2]))

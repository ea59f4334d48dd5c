"""Pages over a store of many reports while several people look: milliseconds until each has come, by kind of page.

Run: python -m tests.bench.bench_pages [reports] [requests of a kind]

The reports are those of `bench_service`: 10 measures, 12 periods, the rest areas, 114 strata each. Pictures are drawn
once and kept, so each is asked for as whoever comes first has it.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from hi_fhir.core.files import canonical_json
from hi_fhir.store import ledger
from hi_fhir.store.session import open_store
from tests.bench.bench_service import AT, ODS, cpu_s, make_store, measures
from tests.support.processes import HI_FHIR, environment

GOAL_P99_MS = 200
CLIENTS = 8


def main(reports: int = 10_000, requests: int = 400) -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), reports, requests)))  # noqa: T201  a bench prints


def measure(folder: Path, reports: int, requests: int) -> dict[str, object]:
    data_dir = folder / "data"
    data_dir.mkdir()
    areas = make_store(data_dir / "hi_fhir.sqlite", reports)
    add_organisations(data_dir / "hi_fhir.sqlite", areas)
    command = [*HI_FHIR, "serve", "--data-dir", str(data_dir), "--port", "0", "--audience", "icb"]
    env = environment(folder / "keys" / "identity.key")
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        base = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        found = {name: asked(process.pid, base, path, requests) for name, path in kinds(areas).items()}
    finally:
        process.terminate()
        process.wait(60)
    return {"reports": reports, "clients": CLIENTS, "pages": found, "goal_p99_ms": GOAL_P99_MS}


def kinds(areas: Sequence[str]) -> dict[str, Callable[[random.Random], str]]:
    """Kind of page to a maker of its path."""
    ids = measures()
    return {
        "start": lambda _: "/",
        "area": lambda chance: f"/areas/{chance.choice(areas)}",
        "completeness": lambda chance: f"/areas/{chance.choice(areas)}/completeness",
        "population": lambda chance: f"/areas/{chance.choice(areas)}/population",
        "about": lambda chance: f"/areas/{chance.choice(areas)}/about",
        "measure": lambda chance: f"/areas/{chance.choice(areas)}/measures/{chance.choice(ids)}",
    }


def asked(pid: int, base: str, path: Callable[[random.Random], str], requests: int) -> dict[str, float]:
    """Of requests by CLIENTS at once: half, 99 of 100 and all of them within, CPU-milliseconds each, kilobytes."""
    ask(base, path, 5, 0)
    before = cpu_s(pid)
    with ThreadPoolExecutor(CLIENTS) as clients:
        told = clients.map(lambda seed: ask(base, path, requests // CLIENTS, seed), range(1, CLIENTS + 1))
        took = sorted(one for own in told for one in own)
    each = (cpu_s(pid) - before) / len(took)
    milliseconds = [round(1000 * seconds) for seconds, _ in took]
    return {
        "p50_ms": milliseconds[len(took) // 2],
        "p99_ms": milliseconds[int(len(took) * 0.99)],
        "most_ms": milliseconds[-1],
        "cpu_ms": round(1000 * each, 1),
        "kb_gzip": round(max(size for _, size in took) / 1000, 1),
    }


def ask(base: str, path: Callable[[random.Random], str], requests: int, seed: int) -> list[tuple[float, int]]:
    """Seconds and bytes of each answer."""
    chance, where, found = random.Random(seed), urlsplit(base), []
    connection = HTTPConnection(str(where.hostname), where.port, timeout=60)
    for _ in range(requests):
        started = time.perf_counter()
        connection.request("GET", path(chance), headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        found.append((time.perf_counter() - started, len(body)))
    connection.close()
    return found


def add_organisations(path: Path, areas: Sequence[str]) -> None:
    store = open_store(path)
    with store.write() as session:
        for code in areas:
            id_ = f"ods-{code.lower()}"
            named = {"name": f"Area {code}", "type": [{"text": "General practice"}]}
            content = {
                "resourceType": "Organization",
                "id": id_,
                "identifier": [{"system": ODS, "value": code}],
                **named,
            }
            ledger.record_organisation(session, ledger.NewOrganisation(id_, ODS, code, canonical_json(content)), AT)
    store.close()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))

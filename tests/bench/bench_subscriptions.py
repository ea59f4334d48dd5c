"""Many reports to many subscribers of whom some are dead: until when the others have all, and how soon each is tried.

Run: python -m tests.bench.bench_subscriptions [reports] [subscribers] [dead]

A process receives for all of the living, and answers at once; the dead take a call and never answer. All are told of
each report, by id. told_all_s: from the last commit until each of the living has been told of all. first_try: from the
commit of a release (of RELEASED reports) until one of the living is called about its first report.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hi_fhir.core.audiences import Audience
from hi_fhir.store import ledger
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store, open_store
from hi_fhir.store.subscriptions import one_of_reader
from hi_fhir.subscriptions.announcing import announce
from tests.bench.bench_service import cpu_s
from tests.support.killed_subscriber import fhir, until
from tests.support.processes import HI_FHIR, environment, interrupt
from tests.support.recording import record_reports
from tests.support.released import CLOCK, new_report
from tests.support.subscribing import subscription

GOALS = {"told_all_s": 60, "first_try_p99_s": 2}
RELEASED = 50
EVERY_S = 0.5  # between two releases, as a job writes them


def main(reports: int = 1_000, subscribers: int = 100, dead: int = 10, store_url: str = "") -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), reports, subscribers, dead, store_url)))  # noqa: T201  a bench prints


def measure(folder: Path, reports: int, subscribers: int, dead: int, store_url: str) -> dict[str, object]:
    data = folder / "data"
    data.mkdir()
    settings = {"callback_networks": "127.0.0.0/8", "callback_http": "true", "data_dir": data}
    env = environment(folder / "identity.key", **settings, **({"store_url": store_url} if store_url else {}))
    with ExitStack() as opened:
        silent = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1_000))
        receiver, hook = started(
            [sys.executable, "-m", "tests.support.counting_receiver", str(folder)], dict(os.environ)
        )
        opened.callback(interrupt, receiver)
        service, base = started([*HI_FHIR, "serve", "--port", "0"], env)
        opened.callback(interrupt, service)
        store = open_store(store_url or data / "hi_fhir.sqlite")
        opened.callback(store.close)
        living = [fhir(f"{base}/Subscription", subscription(f"{hook}{n}"))["id"] for n in range(subscribers - dead)]
        until(lambda: active(base) >= len(living), 120)
        gone = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        for _ in range(dead):
            kill_later(store, fhir(f"{base}/Subscription", subscription(gone, timeout=5))["id"])
        before, began = cpu_s(service.pid), time.time()
        commits = [release(store, first) for first in range(0, reports, RELEASED)]
        last = commits[-1][1]
        until(lambda: all_told(folder, len(living), reports), 300)
        calls = told(folder)
        until_all = max(at for _, at, _ in calls) - last
        waits = sorted(first_tries(calls, commits))
        return {
            "reports": reports,
            "subscribers": subscribers,
            "dead": dead,
            "released_in_s": round(last - began, 1),
            "told_all_s": round(until_all, 2),
            "first_try_p50_s": round(waits[len(waits) // 2], 2),
            "first_try_p99_s": round(waits[int(len(waits) * 0.99)], 2),
            "calls": len(calls),
            "service_cpu_s": round(cpu_s(service.pid) - before, 1),
            "goals": GOALS,
        }


def started(command: list[str], env: dict[str, str]) -> tuple["subprocess.Popen[str]", str]:
    """A process, and the address that it prints."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, next(word for word in process.stdout.readline().split() if word.startswith("http"))


def active(base: str) -> int:
    return sum(one["resource"]["status"] == "active" for one in fhir(f"{base}/Subscription?_count=1000")["entry"])


def kill_later(store: Store, id_: str) -> None:
    """Have a subscription be one that answered its handshake, and then died."""
    with store.write() as session:
        row = one_of_reader(session, Reader(Audience.ICB), None, id_)
        assert row is not None
        row.status, row.due_at, row.leased_until, row.leased_by = "active", None, None, None


def release(store: Store, first: int) -> tuple[int, float]:
    """Number of the first event of a release, and when it was committed."""
    reports = [new_report(f"m-{number}", "A99001", "icb", b"{}") for number in range(first, first + RELEASED)]
    with store.write() as session:
        made = ledger.NewRelease(f"evaluation-{first}", "icb", "policy", "1", "nothing", {})
        kept = record_reports(session, made, reports, CLOCK.at)
        announce(session, [one.row for one in kept if one.row is not None], CLOCK.at)
    committed = time.time()
    time.sleep(EVERY_S)
    return first + 1, committed


def told(folder: Path) -> list[tuple[str, float, list[int]]]:
    """Path, instant and numbers of each call that told of events."""
    found: list[Any] = [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]
    return [(path, at, numbers) for path, at, numbers in found if numbers]


def all_told(folder: Path, living: int, reports: int) -> bool:
    highest: dict[str, int] = {}
    for path, _, numbers in told(folder):
        highest[path] = max(highest.get(path, 0), *numbers)
    return len(highest) == living and min(highest.values()) == reports


def first_tries(calls: list[tuple[str, float, list[int]]], commits: list[tuple[int, float]]) -> list[float]:
    """Seconds from a commit to the first call that told of its first event, of each subscriber."""
    at_number = {(path, number): at for path, at, numbers in reversed(calls) for number in numbers}
    paths = {path for path, _, _ in calls}
    return [at_number[path, number] - committed for number, committed in commits for path in paths]


if __name__ == "__main__":
    main(*(int(argument) if argument.isdecimal() else argument for argument in sys.argv[1:]))  # type: ignore[arg-type]

"""A service and a subscriber as processes, killed at any time: every event comes, in order, and none is skipped."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from hi_fhir.store import ledger
from hi_fhir.store.session import open_store
from hi_fhir.subscriptions.announcing import announce
from tests.support.processes import HI_FHIR, environment, kill
from tests.support.recording import record_reports
from tests.support.released import CLOCK, new_report
from tests.support.subscribing import numbers_of, subscription

RECEIVER = Path(__file__).parents[2] / "docs" / "how-to" / "receiver.py"
KILLS, SECONDS = 12, 40


class Killed:
    """A process that is started again each time that it is killed; `log`: what it prints."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path) -> None:
        self._command, self._env, self.log = command, env, log
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                self._command, env=self._env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
            )

    def kill(self) -> None:
        kill(self.process)


def port_free() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def fhir(url: str, resource: dict | None = None) -> dict:
    body = None if resource is None else json.dumps(resource).encode()
    headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
    with urlopen(Request(url, data=body, headers=headers), timeout=10) as answer:
        return json.load(answer)


def until(condition, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(URLError, OSError, json.JSONDecodeError):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture
def processes() -> Iterator[list[Killed]]:
    started: list[Killed] = []
    yield started
    for one in started:
        one.kill()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_no_event_is_lost_whoever_is_killed(tmp_path, processes):
    folder, data = tmp_path / "received", tmp_path / "data"
    folder.mkdir()
    data.mkdir(mode=0o700)
    hook_port, port = port_free(), port_free()
    env = environment(
        tmp_path / "keys" / "identity.key", callback_networks="127.0.0.0/8", callback_http="true", data_dir=data
    )
    receiver = Killed(
        [sys.executable, str(RECEIVER), str(folder), str(hook_port)], dict(os.environ), tmp_path / "receiver.log"
    )
    service = Killed([*HI_FHIR, "serve", "--port", str(port)], env, tmp_path / "service.log")
    processes += [receiver, service]
    base = f"http://127.0.0.1:{port}/fhir"
    until(lambda: fhir(f"{base}/metadata"), 30)
    until(lambda: receiver.log.exists() and b"http" in receiver.log.read_bytes(), 30)
    made = fhir(f"{base}/Subscription", subscription(f"http://127.0.0.1:{hook_port}/", "full-resource", most=3))
    until(lambda: fhir(f"{base}/Subscription/{made['id']}")["status"] == "active", 30)

    chance, store, released = random.Random(1), open_store(data / "hi_fhir.sqlite"), 0
    for number in range(KILLS):
        for _ in range(5):
            released += release_some(store, released)
            time.sleep(chance.uniform(0, 0.3))
        victim = chance.choice((receiver, service))
        victim.kill()
        victim.start()
        assert number < KILLS
    store.close()
    seen = folder / "seen.json"
    until(lambda: seen.exists() and [*json.loads(seen.read_text()).values()] == [released], 60)

    events = fhir(f"{base}/Subscription/{made['id']}/$events?content=id-only")
    assert numbers_of(events) == [*range(1, released + 1)]
    assert len([*folder.glob("mr-*.json")]) == released


def release_some(store, before: int) -> int:
    """Two reports that were never there."""
    reports = [new_report(f"m-{before + number}", "A99001", "icb", content(before + number)) for number in range(2)]
    with store.write() as session:
        made = ledger.NewRelease(f"evaluation-{before}", "icb", "policy", "1", "nothing", {})
        kept = record_reports(session, made, reports, CLOCK.at)
        announce(session, [one.row for one in kept if one.row is not None], CLOCK.at)
    return len(reports)


def content(number: int) -> bytes:
    return json.dumps({"id": f"mr-{number}", "resourceType": "MeasureReport", "status": "complete"}).encode()

"""A service and a subscriber as processes, killed -9 at any time while reports are released, and what was told then."""

import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from hi_fhir.store import ledger
from hi_fhir.store.session import Store, open_store
from hi_fhir.subscriptions.announcing import announce
from tests.support import noting_receiver
from tests.support.noting_receiver import NOTES, events_of
from tests.support.processes import HI_FHIR, environment, kill
from tests.support.recording import record_reports
from tests.support.released import CLOCK, new_report
from tests.support.subscribing import subscription

AT_ONCE = 3
"""Events in a call: what is under way, and so all that may be told again."""
_PAGE = 1_000
_LONGEST_S = 3.0  # between two kills: a service takes half of it to answer
_ENDS_S = 120


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


@dataclass
class Trial:
    """base: of the service. subscription: its id. released: ids of reports in the order of their release."""

    base: str
    subscription: str
    folder: Path
    store: Store
    processes: dict[str, Killed]
    released: list[str] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)

    def disturb(self, kills: int, chance: random.Random) -> None:
        """Kill one of both so many times, while reports are released one after the other."""
        over = threading.Event()
        releasing = threading.Thread(target=self._release_until, args=(over, random.Random(1)))
        releasing.start()
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0, _LONGEST_S))
                name = chance.choice(sorted(self.processes))
                self.processes[name].kill()
                self.processes[name].start()
                self.killed[name] += 1
        finally:
            over.set()
            releasing.join()
        until(lambda: self.acknowledged() == len(self.released), _ENDS_S)

    def acknowledged(self) -> int:
        """Up to which number the receiver has each event."""
        seen = self.folder / "seen.json"
        return max(json.loads(seen.read_text()).values()) if seen.exists() else 0

    def calls(self) -> list[list[tuple[int, str]]]:
        """What came, call by call, with what came again."""
        lines = (self.folder / NOTES).read_text().splitlines()
        return [[(number, report) for number, report in json.loads(line)] for line in lines]

    def events(self) -> list[tuple[int, str]]:
        """What $events tells, page by page."""
        found: list[tuple[int, str]] = []
        while len(found) < len(self.released):
            asked = f"$events?content=id-only&eventsSinceNumber={len(found) + 1}&eventsUntilNumber={len(found) + _PAGE}"
            page = events_of(fhir(f"{self.base}/Subscription/{self.subscription}/{asked}"))
            if not page:
                break
            found += page
        return found

    def kept(self) -> set[str]:
        return {path.stem for path in self.folder.glob("mr-*.json")}

    def faults(self) -> list[str]:
        """In words, whatever is not as it was promised; empty: nothing."""
        expected = list(enumerate(self.released, 1))
        told, first = _in_order(self.calls())
        if first != expected:
            told.append(
                f"{len(first)} events came for the first time, of {len(expected)}, or others than were released"
            )
        if self.events() != expected:
            told.append("$events tells something else")
        if self.kept() != set(self.released):
            told.append("the receiver has other reports than were released")
        return told

    def _release_until(self, over: threading.Event, chance: random.Random) -> None:
        while not over.wait(chance.uniform(0, 0.2)):
            self.released += _release_two(self.store, len(self.released))


def _in_order(calls: list[list[tuple[int, str]]]) -> tuple[list[str], list[tuple[int, str]]]:
    """What is wrong with the order of calls, and each event as it came first."""
    wrong: list[str] = []
    first: list[tuple[int, str]] = []
    for call in filter(None, calls):
        start, *_ = numbers = [number for number, _ in call]
        if numbers != list(range(start, start + len(call))):
            wrong.append(f"a call with {numbers}")
        if not len(first) + 1 - AT_ONCE <= start <= len(first) + 1:
            wrong.append(f"{start} came after {len(first)}")
        first += [event for event in call if event[0] > len(first)]
    return wrong, first


@contextmanager
def trial(tmp: Path) -> Iterator[Trial]:
    """A service and a subscriber that has subscribed to all that is released."""
    folder, data = tmp / "received", tmp / "data"
    folder.mkdir()
    data.mkdir(mode=0o700)
    hook, port = _port_free(), _port_free()
    env = environment(
        tmp / "keys" / "identity.key", callback_networks="127.0.0.0/8", callback_http="true", data_dir=data
    )
    receiver = [sys.executable, "-m", noting_receiver.__name__, str(folder), str(hook)]
    service = [*HI_FHIR, "serve", "--port", str(port)]
    processes = {"service": Killed(service, env, tmp / "service.log")}
    try:
        processes["subscriber"] = Killed(receiver, dict(os.environ), tmp / "receiver.log")
        base = f"http://127.0.0.1:{port}/fhir"
        until(lambda: fhir(f"{base}/metadata"), 60)
        until(lambda: b"http" in processes["subscriber"].log.read_bytes(), 60)
        asked = subscription(f"http://127.0.0.1:{hook}/", "full-resource", most=AT_ONCE)
        made = fhir(f"{base}/Subscription", asked)["id"]
        until(lambda: fhir(f"{base}/Subscription/{made}")["status"] == "active", 60)
        store = open_store(data / "hi_fhir.sqlite")
        try:
            yield Trial(base, made, folder, store, processes)
        finally:
            store.close()
    finally:
        for one in processes.values():
            one.kill()


def address_of(one: Killed) -> str:
    """The address that a process prints at its start."""
    found: list[str] = []

    def printed() -> bool:
        found.extend(re.findall(r"http://127\.0\.0\.1:\d+\S*", one.log.read_text()))
        return bool(found)

    until(printed, 60)
    return found[0]


def fhir(url: str, resource: dict[str, Any] | None = None) -> dict[str, Any]:
    body = None if resource is None else json.dumps(resource).encode()
    headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
    with urlopen(Request(url, data=body, headers=headers), timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def until(condition: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(URLError, OSError, json.JSONDecodeError):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


def _port_free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _release_two(store: Store, before: int) -> list[str]:
    """Two reports that were never there; their ids."""
    reports = [_report(number) for number in range(before, before + 2)]
    with store.write() as session:
        made = ledger.NewRelease(f"evaluation-{before}", "icb", "policy", "1", "nothing", {})
        kept = record_reports(session, made, reports, CLOCK.at)
        announce(session, [one.row for one in kept if one.row is not None], CLOCK.at)
    return [one.id for one in reports]


def _report(number: int) -> ledger.NewReport:
    report = new_report(f"m-{number}", "A99001", "icb", b"")
    content = {"resourceType": "MeasureReport", "id": report.id, "status": "complete"}
    return replace(report, content=json.dumps(content).encode())

"""A real HAPI for tests: on a free port, restarted with its data, emptied and ended; its output goes to a file."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import requests

_BUILT = Path(__file__).parents[1] / "hapi" / "target"
_START_S = 120
_HEAP = ("-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOADERS = 3
_LOAD_BATCH = 200


class Hapi:
    """One server and its database; `base_url` stays the same over restarts."""

    def __init__(self, folder: Path, *, stray: bool = False, java: Sequence[str] = _HEAP) -> None:
        self._folder = folder
        self._java = java  # its options
        self._stray = stray  # takes references to nowhere and elsewhere
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self.base_url = ""

    def start(self) -> None:
        """Start it and wait until it answers; on its former port if it had one."""
        port = self.base_url.rpartition(":")[2].partition("/")[0] or "0"
        self._starts += 1
        classpath = f"{_BUILT / 'classes'}:{(_BUILT / 'classpath.txt').read_text()}"
        stray = ["-Dstray=true"] if self._stray else []
        words = ["java", *self._java, *stray, "-cp", classpath, "HapiForTests", port]
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [*words, str(self._folder / "database")], stdin=subprocess.PIPE, stdout=output, stderr=output
            )
        self.base_url = self._wait_until_ready()

    def stop(self) -> None:
        """Ask it to end, as closing its input does, and wait."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            status = self._process.wait(timeout=_START_S)
            assert status == 0, f"HAPI ended with {status}: {self._log.read_text()[-2000:]}"
        self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None and self._process.stdin is not None:
            self._process.kill()
            self._process.wait(timeout=_START_S)
            self._process.stdin.close()
        self._process = None

    def reset(self) -> None:
        """Empty it of every resource and of all history."""
        everything = {"resourceType": "Parameters", "parameter": [{"name": "expungeEverything", "valueBoolean": True}]}
        requests.post(f"{self.base_url}/$expunge", json=everything, timeout=60).raise_for_status()

    def load(self, resources: Iterable[dict[str, Any]]) -> int:
        """PUT every resource in batches, a few at a time; how many there were.

        What others refer to goes first: order `resources` so.
        """
        remaining, loaded = iter(resources), 0
        with ThreadPoolExecutor(_LOADERS) as pool:
            batches = iter(lambda: list(islice(remaining, _LOAD_BATCH)), [])
            for count in pool.map(self._put, batches):
                loaded += count
        return loaded

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """The JSON answer to GET of `path` below the base."""
        answer = requests.get(
            f"{self.base_url}/{path}", params=parameters, headers={"Cache-Control": "no-cache"}, timeout=60
        )
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    def search(self, type_: str, **parameters: str) -> list[dict[str, Any]]:
        """Every resource that a search finds, over all of its pages."""
        page = self.get(type_, _count="200", **parameters)
        found = [entry["resource"] for entry in page.get("entry", ())]
        while following := [link["url"] for link in page["link"] if link["relation"] == "next"]:
            page = requests.get(following[0], timeout=60).json()
            found += [entry["resource"] for entry in page.get("entry", ())]
        return found

    def _put(self, resources: list[dict[str, Any]]) -> int:
        entries = [
            {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}
            for resource in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        answer = requests.post(self.base_url, json=bundle, timeout=120)
        answer.raise_for_status()
        refused = [entry for entry in answer.json()["entry"] if not entry["response"]["status"].startswith("20")]
        assert not refused, refused[0]
        return len(resources)

    @property
    def _log(self) -> Path:
        """Of the last start."""
        return self._folder / f"hapi-{self._starts}.log"

    def _wait_until_ready(self) -> str:
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if ready := re.search(rb"^READY (\S+)$", self._log.read_bytes(), re.MULTILINE):
                return ready.group(1).decode()
            assert self._process is not None
            assert self._process.poll() is None, f"HAPI ended before it was ready: {self._log.read_text()[-2000:]}"
            time.sleep(0.1)
        self.kill()
        raise AssertionError(f"HAPI was not ready within {_START_S} s: {self._log.read_text()[-2000:]}")


def _require_hapi() -> None:
    """Skip where there is no HAPI to start; in CI that is a failure, since nothing real was tested there."""
    if shutil.which("java") and (_BUILT / "sources.sha256").exists():
        return
    reason = "no HAPI is built: tests/hapi/install.sh says what is missing"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def hapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hapi]:
    """An empty HAPI, strict about references as HAPI is by default. One for all tests of a session."""
    yield from _running(Hapi(tmp_path_factory.mktemp("hapi")))


@pytest.fixture(scope="session")
def lenient_hapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hapi]:
    """An empty HAPI that takes any reference, as public sandboxes do."""
    yield from _running(Hapi(tmp_path_factory.mktemp("lenient-hapi"), stray=True))


def _running(server: Hapi) -> Iterator[Hapi]:
    _require_hapi()
    try:
        server.start()
        yield server
        server.stop()
    finally:
        server.kill()

"""The service among clients that are silent, slow or take no answer: how long an honest one waits, and its memory.

Run: python -m tests.bench.bench_slow_clients [clients of a kind] [reports] [kind ...]

Of those that take no answer, of 2.7 MB, there are a tenth, since that is as much work as if they did; of those that ask
for ten such answers at once and take none, a fiftieth. They show a token that is not the honest one's, as a client
would: the service takes them for one caller and the honest one for another.

Each kind in turn, against a service of its own. Seconds: the longest of a few honest reads on a new connection each, at
once and after the rest have had SECONDS; let_go: how many of them the service has closed by then.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.bench_service import identifier, make_store
from tests.support.processes import HI_FHIR, environment, interrupt

GOAL_S, SECONDS = 1, 12
FORM = b"Host: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
HEAD = b"GET /fhir/metadata HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: "
BODY = b"POST /fhir/MeasureReport/_search HTTP/1.1\r\n" + FORM + b"Content-Length: 5000\r\n\r\nmea"
SEARCH = b"GET /fhir/MeasureReport HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer theirs\r\n\r\n"
KINDS = {
    "silent": (b"", b""),
    "half_heads": (HEAD, b""),
    "trickled_heads": (HEAD, b"a"),
    "half_bodies": (BODY, b""),
    "trickled_bodies": (BODY, b"a"),
    "no_reading": (SEARCH, b""),
    "asking_ahead": (SEARCH * 10, b""),
}
"""What each client sends at once, and then each second."""
FEWER = {"no_reading": 10, "asking_ahead": 50}


def main(clients: int = 1_000, reports: int = 500, *kinds: str) -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        make_store(data_dir / "hi_fhir.sqlite", reports)
        numbers = {kind: clients // FEWER.get(kind, 1) for kind in kinds or KINDS}
        found = {kind: among(data_dir, kind, number) for kind, number in numbers.items()}
        print(json.dumps({"clients": clients, "goal_s": GOAL_S, **found}))  # noqa: T201  a bench prints


def among(data_dir: Path, kind: str, clients: int) -> dict[str, object]:
    command = [*HI_FHIR, "serve", "--data-dir", str(data_dir), "--port", "0"]
    env = environment(data_dir / "identity.key")
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with ExitStack() as opened:
        opened.callback(interrupt, process)
        base = urlsplit(next(word for word in process.stdout.readline().split() if word.startswith("http")))
        port = int(base.port or 0)
        honest_s(port)
        before = memory_mib(process.pid)
        at_first, then = KINDS[kind]
        others = [opened.enter_context(connected(port, at_first)) for _ in range(clients)]
        first, most = honest_s(port), memory_mib(process.pid)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for client in others if then else ():
                with suppress(OSError):
                    client.send(then)
            time.sleep(1)
            most = max(most, memory_mib(process.pid))
        later = honest_s(port)
        return {
            "first_s": first,
            "later_s": later,
            "connections_left": connections(process.pid),
            "mib": [before, most],
        }


def connected(port: int, sent: bytes) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.settimeout(10)
    client.connect(("127.0.0.1", port))
    client.sendall(sent)
    client.setblocking(False)
    return client


def honest_s(port: int, reads: int = 5) -> float | str:
    """Seconds of the slowest of a few reads, each on a connection of its own; a failure by its name."""
    longest = 0.0
    for number in range(reads):
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", f"/fhir/MeasureReport/mr-{identifier(number)}")
            connection.getresponse().read()
        except (OSError, HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()
        longest = max(longest, time.monotonic() - began)
    return round(longest, 3)


def memory_mib(pid: int) -> int:
    [line] = [one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) >> 10


def connections(pid: int) -> int:
    """Sockets that the process has open, the one that takes calls and its own pair left out."""
    links = [path.readlink() for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    return sum(str(link).startswith("socket:") for link in links) - 1


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:])

"""A FHIR R4 server for demos and tests, on loopback, in a thread of the process that asks for it."""

import logging
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import chain
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from hi_fhir.core.loopback import listen
from hi_fhir.sandbox.exports import EVERYONE
from hi_fhir.sandbox.faults import Faults
from hi_fhir.sandbox.memory import Memory
from hi_fhir.sandbox.routes import make_app

HOST = "127.0.0.1"
_THREADS = 16
_LOOK_SECONDS = 60.0
_END_SECONDS = 10.0  # for an answer that is under way when the server is to end
_NOTICE_SECONDS = 0.05  # how long an idle server may take to see that it is to end
_IN_MEMORY = 1 << 40  # waitress spills larger bodies to disk, and nothing here may touch it


@dataclass(frozen=True)
class Running:
    """A server that answers until its `serve` block ends."""

    base_url: str
    _thread: threading.Thread

    def wait(self) -> None:
        """Block until interrupted."""
        with suppress(KeyboardInterrupt):
            while self._thread.is_alive():
                self._thread.join(_LOOK_SECONDS)


@contextmanager
def serve(
    resources: Iterable[dict[str, Any]], *, port: int, faults: Faults | None = None, data_date: date
) -> Iterator[Running]:
    """Serve `resources` on loopback while the block runs. `port` 0 takes a free one.

    It is always noon UTC of `data_date` here: in the Date header and in the lastUpdated of what is written.

    Raises:
        ConfigError: the port is taken.
    """
    at = datetime.combine(data_date, time(12), UTC)
    listening = listen(HOST, port)
    with closing(listening):
        app = make_app(Memory(chain(resources, [_everyone()]), at), faults or Faults({}), at)
        with _answering(app, listening) as running:
            yield running


@contextmanager
def _answering(app: Flask, listening: socket.socket) -> Iterator[Running]:
    """Answer in a thread while the block runs. Waitress has no call that ends it, so its loop is turned here."""
    logging.getLogger("waitress").setLevel(logging.ERROR)
    channels: dict[int, Any] = {}
    server = create_server(
        app,
        map=channels,
        sockets=[listening],
        threads=_THREADS,
        ident=None,
        inbuf_overflow=_IN_MEMORY,
        outbuf_overflow=_IN_MEMORY,
    )
    ending = threading.Event()

    def answer() -> None:
        while not ending.is_set():
            wasyncore.loop(timeout=_NOTICE_SECONDS, map=channels, count=1)
        wasyncore.close_all(channels)

    thread = threading.Thread(target=answer, name="sandbox", daemon=True)
    thread.start()
    try:
        yield Running(f"http://{HOST}:{server.effective_port}/fhir", thread)
    finally:
        ending.set()
        thread.join(_END_SECONDS)
        server.task_dispatcher.shutdown()


def _everyone() -> dict[str, Any]:
    return {"resourceType": "Group", "id": EVERYONE, "type": "person", "actual": True, "name": "All patients"}

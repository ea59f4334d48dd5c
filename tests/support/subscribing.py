"""Subscriptions to a store of released reports: what a client sends, and who receives."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hi_fhir.subscriptions import guide
from tests.support.released import BASE

TOPIC = guide.topic_url(BASE)
Json = dict[str, Any]


def subscription(endpoint: str, content: str = "id-only", *, filters: Sequence[str] = (), **channel: Any) -> Json:
    """As a client sends it. channel: numbers of the guide's extensions (heartbeat, timeout, most), and elements."""
    urls = {"heartbeat": guide.HEARTBEAT, "timeout": guide.TIMEOUT, "most": guide.MAX_COUNT}
    kinds = {"most": "valuePositiveInt"}
    numbers = [
        {"url": urls[name], kinds.get(name, "valueUnsignedInt"): channel.pop(name)} for name in urls if name in channel
    ]
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "To be told.",
        "criteria": TOPIC,
        **(
            {"_criteria": {"extension": [{"url": guide.FILTER, "valueString": one} for one in filters]}}
            if filters
            else {}
        ),
        "channel": {
            **({"extension": numbers} if numbers else {}),
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": guide.CONTENT, "valueCode": content}]},
            **channel,
        },
    }


def classic(endpoint: str, criteria: str = "MeasureReport?", **channel: Any) -> Json:
    """R4's own form."""
    channel = {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json", **channel}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "-",
        "criteria": criteria,
        "channel": channel,
    }


class HandClock:
    """Stands still until it is set on."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def go_on(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(frozen=True)
class Received:
    """A call that came. body: None where it was empty."""

    method: str
    path: str
    headers: dict[str, str]
    body: Json | None
    text: str = ""

    @property
    def status(self) -> dict[str, Any]:
        """The parameters of the status that a notification begins with, by name."""
        assert self.body is not None
        return {one["name"]: one for one in self.body["entry"][0]["resource"]["parameter"]}

    @property
    def kind(self) -> str:
        return str(self.status["type"]["valueCode"])

    @property
    def numbers(self) -> list[int]:
        return numbers_of(self.body or {})


def numbers_of(bundle: Json) -> list[int]:
    """The numbers of the events that a notification, or $events, tells of."""
    parts = [one["part"] for one in bundle["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    return [int(part["valueString"]) for of_it in parts for part in of_it if part["name"] == "event-number"]


@dataclass
class Endpoint:
    """url: where it is called. answer: the status that a call is answered with, and headers with it."""

    url: str
    answer: Callable[[Received], int] = lambda _: 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    calls: list[Received] = field(default_factory=list)

    def told(self, kind: str) -> list[Received]:
        return [one for one in self.calls if one.body is not None and one.kind == kind]


def _json(body: bytes) -> Json | None:
    return json.loads(body) if body.startswith(b"{") else None


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """A subscriber on loopback that notes each call."""
    found = Endpoint("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = Received(self.command, self.path, dict(self.headers), _json(body), body.decode())
            found.calls.append(call)
            self.send_response(found.answer(call))
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.content)))
            self.end_headers()
            self.wfile.write(found.content)

        do_GET = do_POST = do_PUT = take  # noqa: N815  names of the standard library's

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()

"""A server of canned answers on loopback: each request gets that of the first route whose pattern is found in it."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_ABSENT = {"status": 404, "json": {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}}
_DAY = "Thu, 10 Apr 2025 09:00:00 GMT"


@contextmanager
def canned_server(folder: Path) -> Iterator[str]:
    """Serve `routes.json` of a folder and the files that it names; yields the FHIR base.

    A route has `match` (found in "METHOD /path?query"), and status, headers, type, json or file, and prefix (bytes in
    hexadecimal that go before the body). "{BASE}" stands for the FHIR base.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/fhir"
    finally:
        server.shutdown()
        server.server_close()


def _handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    routes = json.loads((folder / "routes.json").read_text())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return _DAY

        def do_GET(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            request = f"{self.command} {self.path}" + (f"?{asked}" if asked else "")
            route = next((one for one in routes if re.search(one["match"], request)), _ABSENT)
            base = f"http://127.0.0.1:{self.server.server_address[1]}/fhir"
            body = bytes.fromhex(route.get("prefix", "")) + _body(folder, route, base)
            self.send_response(route.get("status", 200))
            self.send_header("Content-Type", route.get("type", "application/fhir+json"))
            self.send_header("Content-Length", str(len(body)))
            for name, value in route.get("headers", {}).items():
                self.send_header(name, value.replace("{BASE}", base))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

    return Handler


def _body(folder: Path, route: dict[str, Any], base: str) -> bytes:
    if "file" in route:
        return (folder / route["file"]).read_bytes()
    return json.dumps(route["json"]).replace("{BASE}", base).encode() if "json" in route else b""

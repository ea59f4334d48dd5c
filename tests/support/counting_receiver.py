"""A receiver for many subscriptions, which notes path, instant and event numbers of each call: `FOLDER`."""

import json
import os
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.subscribing import numbers_of


class Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    notes = -1

    def do_POST(self) -> None:
        at = time.time()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        os.write(self.notes, json.dumps([self.path, at, numbers_of(json.loads(body))]).encode() + b"\n")

    def log_message(self, *_: object) -> None:
        pass


class Many(ThreadingHTTPServer):
    request_queue_size = 1_000
    daemon_threads = True


def main(folder: Path) -> None:
    Counting.notes = os.open(folder / "calls.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    server = Many(("127.0.0.1", 0), Counting)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)  # noqa: T201  its address
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

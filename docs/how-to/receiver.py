"""A receiver of notifications: keeps each report once, and fetches from $events what it has missed.

It takes R4's own form of Subscriptions too, as HAPI sends it: each report by PUT, without numbers and in any order.

Run: python receiver.py FOLDER [PORT]. It prints its address, and writes each report that it is told of into FOLDER.
"""

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

FHIR = "application/fhir+json"


def numbers_of(bundle: dict) -> list[int]:
    events = [one for one in bundle["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    return [int(part["valueString"]) for one in events for part in one["part"] if part["name"] == "event-number"]


def version_of(report: dict) -> int:
    return int(report["meta"]["versionId"])


def write(path: Path, content: dict) -> None:
    """Whole or not at all, whenever this program is ended."""
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(content))
    aside.replace(path)


class Receiver(ThreadingHTTPServer):
    """headers: makes those that the service wants to be asked with."""

    def __init__(self, folder: Path, port: int = 0, headers: Callable[[], dict[str, str]] = dict) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.folder, self.headers, self.lock = folder, headers, threading.Lock()
        self.seen = folder / "seen.json"  # subscription to the number up to which every event is here
        self.numbers = json.loads(self.seen.read_text()) if self.seen.exists() else {}

    def take(self, bundle: dict) -> None:
        status = {one["name"]: one for one in bundle["entry"][0]["resource"]["parameter"]}
        url = status["subscription"]["valueReference"]["reference"]
        numbers = numbers_of(bundle)
        with self.lock:
            last = self.numbers.get(url, 0)
            while numbers and min(numbers) > last + 1:  # a gap: ask for what is between, page by page
                asked = f"{url}/$events?eventsSinceNumber={last + 1}&eventsUntilNumber={min(numbers) - 1}"
                missed = json.load(urlopen(Request(asked, headers={"Accept": FHIR, **self.headers()}), timeout=30))
                self.keep(missed)
                last = max(numbers_of(missed))
            if numbers and max(numbers) > last:  # else all of it came before
                self.keep(bundle)
                self.numbers[url] = max(numbers)
                write(self.seen, self.numbers)

    def keep(self, bundle: dict) -> None:
        for entry in bundle["entry"][1:]:
            report = entry["resource"]
            write(self.folder / f"{report['id']}.json", report)

    def take_alone(self, report: dict) -> None:
        path = self.folder / f"{report['id']}.json"
        with self.lock:
            if not path.exists() or version_of(json.loads(path.read_text())) <= version_of(report):
                write(path, report)


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.take(self.read_json())
        self.answer()

    def do_PUT(self) -> None:
        resource = self.read_json()
        if resource["resourceType"] == "MeasureReport":  # its reporter may come before it
            self.server.take_alone(resource)
        self.answer()

    def read_json(self) -> dict:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    receiver = Receiver(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(f"http://127.0.0.1:{receiver.server_port}/", flush=True)
    receiver.serve_forever()

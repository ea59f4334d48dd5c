"""The receiver of the how-to, which notes each call as it comes: `noting_receiver.py FOLDER PORT`."""

import json
import os
import runpy
import sys
from pathlib import Path

RECEIVER = Path(__file__).parents[2] / "docs" / "how-to" / "receiver.py"
NOTES = "calls.jsonl"


def events_of(bundle: dict) -> list[tuple[int, str]]:
    """Number and report of each event that a notification, or $events, tells of."""
    parts = [one["part"] for one in bundle["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    found = [{part["name"]: part for part in of_it} for of_it in parts]
    return [
        (int(one["event-number"]["valueString"]), one["focus"]["valueReference"]["reference"].rpartition("/")[2])
        for one in found
    ]


def main(folder: Path, port: int) -> None:
    program = runpy.run_path(str(RECEIVER))
    receiver = program["Receiver"](folder, port)
    take = receiver.take
    notes = os.open(folder / NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def noted(bundle: dict) -> None:
        os.write(notes, json.dumps(events_of(bundle)).encode() + b"\n")  # whole, or not at all
        take(bundle)

    receiver.take = noted
    print(f"http://127.0.0.1:{receiver.server_port}/", flush=True)  # noqa: T201  as the receiver itself
    receiver.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

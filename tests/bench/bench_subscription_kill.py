"""Service and subscriber killed -9 at random while reports are released: whether each event is told, in order.

Run: python -m tests.bench.bench_subscription_kill [kills]
"""

import json
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.support.killed_subscriber import trial


def main(kills: int = 200) -> None:
    """Print one JSON object; faults: what was not as it was promised, none in the best case."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, trial(Path(folder)) as one:
        one.disturb(kills, random.Random(1))
        calls = [call for call in one.calls() if call]
        told = sum(map(len, calls))
        found = {
            "kills": dict(one.killed),
            "events": len(one.released),
            "calls": len(calls),
            "told_again": told - len(one.released),
            "faults": one.faults(),
            "wall_s": round(time.monotonic() - started),
        }
    print(json.dumps(found))  # noqa: T201  a bench prints


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))

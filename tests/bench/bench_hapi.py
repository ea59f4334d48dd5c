"""Records a second of a pull from a real HAPI on this machine, beside bare HTTP requests for the same slices.

Run: python -m tests.bench.bench_hapi [people] [rounds]. Needs what tests/hapi/install.sh makes; loading takes minutes.
"""

import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from hi_fhir.core.config import Config
from tests.bench.bench_pull import measure
from tests.support.crowd import make_crowd
from tests.support.hapi import Hapi

GOAL_SHARE, GOAL_CPU = 0.9, 0.25
_TYPES = ("Patient", "Encounter", "Condition", "Observation", "Procedure")


def main(people: int = 600, rounds: int = 3) -> None:
    """Print one JSON object: medians of the rounds, after one that only warms the server up."""
    with tempfile.TemporaryDirectory() as folder:
        server = Hapi(Path(folder), stray=True)
        server.start()
        try:
            server.load(make_crowd(Path(folder) / "crowd", people, seed=1).resources)
            config = replace(Config(), page_size=1_000)
            found = [measure(server.base_url, _TYPES, config) for _ in range(rounds + 1)][1:]
        finally:
            server.stop()
    result = {name: statistics.median(float(str(one[name])) for one in found) for name in found[0]}
    print(json.dumps({**result, "goal_share_of_bare": GOAL_SHARE, "goal_own_cpu_share_of_wall": GOAL_CPU}))  # noqa: T201


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))

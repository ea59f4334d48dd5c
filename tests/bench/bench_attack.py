"""The attack on a release of many measures and practices: CPU-seconds and memory, without the check beyond single sums.

Run: python -m tests.bench.bench_attack [measures] [practices]
"""

import json
import resource
import sys
import time

from hi_fhir.attack.attacking import attack
from hi_fhir.core.progress import Silent
from tests.support.crowds import made

GOAL_S = 120


def main(measures: int = 100, practices: int = 60, people: int = 8000) -> None:
    """Print one JSON object. people: of a practice, about."""
    told = made(measures, practices, people).told
    started = time.process_time()
    found = attack(told, Silent())
    result = {
        "reports": found.reports,
        "counts": found.cells,
        "masked": found.masked,
        "sums": found.sums,
        "recovered": len(found.recovered),
        "cpu_s": round(time.process_time() - started, 1),
        "goal_s": GOAL_S,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(result))  # noqa: T201  a bench prints


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

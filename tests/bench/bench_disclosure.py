"""Deciding what a release of many measures and practices may tell: CPU-seconds and memory, the making of it apart.

Run: python -m tests.bench.bench_disclosure [measures] [practices]
"""

import json
import resource
import sys
import time

from hi_fhir.core.audiences import Audience
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import release
from tests.support.made_up_release import Sizes, made_up_release

GOAL_S = 60


def main(measures: int = 100, practices: int = 60, people: int = 2000) -> None:
    """Print one JSON object. people: of a practice."""
    exact = made_up_release(Sizes(measures, practices, pcns=5, people=people), seed=1)
    started = time.process_time()
    released = release(exact, POLICIES[Audience.ICB], NOTHING)
    cpu = time.process_time() - started
    cells = [
        (exact.groups[group][population], cell.state)
        for group, of_group in released.groups.items()
        for population, cell in of_group.cells.items()
    ]
    told = [state for count, state in cells if count > POLICIES[Audience.ICB].own.masked_to]
    result = {
        "groups": len(exact.groups),
        "counts": len(cells),
        "not_small": len(told),
        "of_these_suppressed": told.count("suppressed"),
        "cpu_s": round(cpu, 1),
        "goal_s": GOAL_S,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(result))  # noqa: T201  a bench prints


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

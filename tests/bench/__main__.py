"""`make bench`: every benchmark in a process of its own, one JSON object a line, with its name and the day.

Each takes minutes; all of them about half an hour on two cores. Alone: python -m tests.bench.bench_NAME [sizes].
"""

import json
import subprocess
import sys
from datetime import UTC, datetime

BENCHES = (
    ("bench_flatten", "1000000", "1"),
    ("bench_evaluate", "10000", "1"),
    ("bench_evaluate", "100000", "1"),
    ("bench_run", "10000", "2"),
    ("bench_run", "100000", "2"),
    ("bench_reports", "10", "20"),
    ("bench_disclosure", "100", "60"),
    ("bench_attack", "100", "60"),
    ("bench_service", "10000", "2000"),
    ("bench_pages", "10000", "400"),
    ("bench_against_hapi", "10000", "10"),
    ("bench_pull",),
    ("bench_hapi",),
    ("bench_start_up",),
    ("bench_kill", "200"),
    ("bench_subscriptions", "1000", "100", "10"),
    ("bench_subscription_kill", "200"),
    ("bench_slow_clients", "1000"),
)


def main() -> int:
    """Exit code 0 if every benchmark ran to its end; a goal that is not reached is shown, not judged."""
    failed = 0
    for name, *sizes in BENCHES:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.bench.{name}", *sizes], stdout=subprocess.PIPE, text=True, check=False
        )
        failed += done.returncode != 0
        result = json.loads(done.stdout) if done.returncode == 0 else {"exit_code": done.returncode}
        line = {"bench": name, "day": datetime.now(UTC).date().isoformat(), **result}
        print(json.dumps(line), flush=True)  # noqa: T201  a bench prints
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

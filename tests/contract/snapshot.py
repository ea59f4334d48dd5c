"""One MeasureReport as people read it, kept beside the tests. Refresh it with: python -m tests.contract.snapshot"""

import json
from pathlib import Path
from typing import Any

from tests.support.reporting import released_reports

SNAPSHOT = Path(__file__).with_name("measure_report.json")
_WIDTH = 150


def snapshot() -> bytes:
    """A network's report to its board: masked and rounded counts, scores, zeros, two practices, a crossing."""
    report = released_reports("icb", people=90, seed=7, state="full").reports["U99001"]
    return f"{_spelt(report, 0)}\n".encode()


def _spelt(element: Any, indent: int) -> str:
    """JSON in which whatever fits into a line is one."""
    line = json.dumps(element, ensure_ascii=False)
    if indent + len(line) <= _WIDTH or not isinstance(element, dict | list):
        return line
    inner = " " * (indent + 2)
    if isinstance(element, dict):
        lines = [f"{inner}{json.dumps(name)}: {_spelt(value, indent + 2)}" for name, value in element.items()]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(inner + _spelt(value, indent + 2) for value in element) + "\n" + " " * indent + "]"


if __name__ == "__main__":
    SNAPSHOT.write_bytes(snapshot())

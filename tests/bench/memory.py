"""The memory of a command and of the processes that it starts, all together, by the step that it is at."""

import threading
from pathlib import Path

import orjson

_EVERY_S = 0.05
_OUTSIDE = "start"


class MemoryByStep(threading.Thread):
    """Looks at a process and its descendants until `end`, from outside.

    peaks: most MiB by step, and as "start" before the first and between two. What is shared counts in shares (PSS).
    """

    def __init__(self, process: int, events: Path) -> None:
        """events: the file of --log."""
        super().__init__(daemon=True)
        self.peaks: dict[str, int] = {}
        self._process, self._events = process, events
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.wait(_EVERY_S):
            step = _step(self._events)
            found = round(sum(map(_share_mib, _family(self._process))))
            self.peaks[step] = max(found, self.peaks.get(step, 0))

    def end(self) -> None:
        self._ended.set()
        self.join()


def _step(events: Path) -> str:
    """The step of the last event."""
    try:
        last = orjson.loads(events.read_bytes().rstrip().rpartition(b"\n")[2])
    except (OSError, orjson.JSONDecodeError):  # not there yet, or half written
        return _OUTSIDE
    return str(last["step"]) if last["event"] != "step-ended" and "step" in last else _OUTSIDE


def _family(process: int) -> list[int]:
    found = [process]
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += (one for child in children.read_text().split() for one in _family(int(child)))
        except OSError:  # the thread has ended
            continue
    return found


def _share_mib(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0)

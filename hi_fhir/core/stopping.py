"""A signal that asks the process to end: SIGINT or SIGTERM, both the same way, also where one was ignored at its start.

Started by `nohup` or in the background of a script, a process finds SIGINT ignored, and Python then leaves it so.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """Raised in the main thread by a signal. `signal` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


_asked: list[signal.Signals] = []


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Have each of SIGNALS raise Stopped while the block runs. From the main thread only."""
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    _asked.clear()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stopped_by(error: BaseException) -> signal.Signals | None:
    """The signal behind an error that ended the work, if one is.

    An engine that is interrupted raises an error of its own instead, so any error counts once a signal has come.
    """
    if _asked:
        return _asked[0]
    return signal.SIGINT if isinstance(error, KeyboardInterrupt) else None


def _stop(number: int, _frame: FrameType | None) -> None:
    stopped = Stopped(number)
    _asked.append(stopped.signal)
    raise stopped

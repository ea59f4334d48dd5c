"""What ends work before it is done: a signal to the process, or a wish from another of its threads.

SIGINT and SIGTERM end it in the same way, also where one was ignored at the start of the process.
Started by `nohup` or in the background of a script, a process finds SIGINT ignored, and Python then leaves it so.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from hi_fhir.core.errors import CancelledError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_AT_ONCE_S = 1


class Stopped(KeyboardInterrupt):
    """Raised in the main thread by a signal. `signal` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


class _Asked(NamedTuple):
    """at: monotonic seconds."""

    signal: signal.Signals
    at: float


_asked: list[_Asked] = []


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
        return _asked[0].signal
    return signal.SIGINT if isinstance(error, KeyboardInterrupt) else None


class Cancellation:
    """The wish that work ends, from any thread. The work looks for it between units that it has finished."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._parts: list[Cancellation] = []

    def ask(self) -> None:
        """Have the work end at its next look, its parts too."""
        self._asked.set()
        for part in self._parts:
            part.ask()

    def part(self) -> "Cancellation":
        """The cancellation of a part of the work: asked whenever the whole is, or alone."""
        part = Cancellation()
        self._parts.append(part)
        if self.is_asked():
            part.ask()
        return part

    def is_asked(self) -> bool:
        return self._asked.is_set()

    def check(self) -> None:
        """End here, if that was asked for.

        Raises:
            CancelledError: it was.
        """
        if self.is_asked():
            raise CancelledError("the work was cancelled. Begun again, it goes on where it stopped.")

    def wait(self, seconds: float) -> None:
        """Wait, but for no longer than until the work is asked to end.

        Raises:
            CancelledError: it was.
        """
        self._asked.wait(seconds)
        self.check()


def _stop(number: int, _frame: FrameType | None) -> None:
    """A wish that comes twice at once is one: `timeout` tells a process, and then its group, while that is ending."""
    now = time.monotonic()
    if _asked and now - _asked[-1].at < _AT_ONCE_S:
        return
    stopped = Stopped(number)
    _asked.append(_Asked(stopped.signal, now))
    raise stopped

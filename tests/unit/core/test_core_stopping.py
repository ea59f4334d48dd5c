"""Work that another thread does not want any more."""

import signal
import threading
import time

import pytest

from hi_fhir.core.errors import CancelledError
from hi_fhir.core.stopping import Cancellation, Stopped, stopped_by_signals


def test_nothing_ends_that_nobody_asked_to_end() -> None:
    cancel = Cancellation()
    cancel.check()
    cancel.wait(0)

    assert not cancel.is_asked()


def test_what_was_asked_to_end_ends_at_its_next_look() -> None:
    cancel = Cancellation()
    cancel.ask()

    with pytest.raises(CancelledError, match="goes on where it stopped"):
        cancel.check()


def test_a_part_ends_with_the_whole_whenever_it_began() -> None:
    whole = Cancellation()
    before = whole.part()
    whole.ask()

    assert before.is_asked()
    assert whole.part().is_asked()


def test_a_part_that_ends_alone_leaves_the_whole_going() -> None:
    whole = Cancellation()
    whole.part().ask()

    assert not whole.is_asked()


def test_a_wait_ends_when_the_work_is_to() -> None:
    cancel = Cancellation()
    threading.Timer(0.05, cancel.ask).start()
    began = time.monotonic()

    with pytest.raises(CancelledError):
        cancel.wait(60)
    assert time.monotonic() - began < 30


def test_a_signal_that_comes_twice_at_once_ends_work_once() -> None:
    ended = 0
    with stopped_by_signals():
        try:
            signal.raise_signal(signal.SIGTERM)
        except Stopped:
            ended += 1
            signal.raise_signal(signal.SIGTERM)  # while what was open is closed

    assert ended == 1

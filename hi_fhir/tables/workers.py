"""Independent tasks in this process, or in as many as asked for where the input is worth their start."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Protocol, TypeVar

from hi_fhir.core.unneeded import do_without_pandas

T = TypeVar("T")
R = TypeVar("R")

WORTH_PROCESSES = 1_000_000_000
"""Bytes of lines from which on starting processes pays: a process costs about a second, these lines take about ten."""


class RunAll(Protocol):
    def __call__(self, function: Callable[[T], R], tasks: Sequence[T], done: Callable[[], None]) -> list[R]:
        """The results in the order of the tasks; `done` is called after each."""
        ...


@contextmanager
def workers(count: int, size: int) -> Iterator[RunAll]:
    """Run tasks in `count` processes if `size` bytes are worth it. They end with this process, however it ends."""
    if count <= 1 or size < WORTH_PROCESSES:
        yield _run_here
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_start) as pool:
        try:
            yield _Pool(pool)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _run_here(function: Callable[[T], R], tasks: Sequence[T], done: Callable[[], None]) -> list[R]:
    results = []
    for task in tasks:
        results.append(function(task))
        done()
    return results


class _Pool:
    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def __call__(self, function: Callable[[T], R], tasks: Sequence[T], done: Callable[[], None]) -> list[R]:
        futures = [self._pool.submit(function, task) for task in tasks]
        for future in as_completed(futures):
            future.result()
            done()
        return [future.result() for future in futures]


def _start() -> None:
    """Begin a worker: it looks whether its parent lives, which may be killed. Ctrl-C is the parent's to hear."""
    do_without_pandas()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)

"""The threads of the service that attend to subscriptions.

Who does not answer is attended to by other threads than who does, so that a slow or dead subscriber delays none: what
has failed once, or took seconds, waits for the second kind until it has not. Who has just died is not known yet: a
thread that waits for an answer is stood in for by another.
"""

import logging
import queue
import threading
import time
from collections.abc import Sequence

from hi_fhir.core.clock import Clock
from hi_fhir.store import subscriptions as store
from hi_fhir.store.session import Store
from hi_fhir.subscriptions.attending import Attendant

log = logging.getLogger(__name__)

_LOOK_S = 0.25
_AT_ONCE = 500
_SLOW_S = 2  # a step that took longer is not kept among those who are prompt
_STEPS = 20  # of one subscription before others have their turn
_PROMPT, _AGAIN = 8, 8  # threads for who answered last time, and for who did not
_WAITS_S = 0.5  # after which a step is stood in for
_MOST_PROMPT = 64
_ENDS_S = 2  # for threads that are looking at the store as the service ends


class Dispatcher:
    """Looks for what is due, and has it done, from `start` to `stop`."""

    def __init__(self, store_: Store, clock: Clock, attendant: Attendant) -> None:
        self._store = store_
        self._clock = clock
        self._attendant = attendant
        self._over = threading.Event()
        self._under_way: set[int] = set()
        self._slow: set[int] = set()
        self._lock = threading.Lock()
        self._prompt: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._again: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._prompt_threads = 0
        self._began: dict[int, float] = {}  # thread of the first kind to when its step began
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        threads = [threading.Thread(target=self._work, args=(self._again,), daemon=True) for _ in range(_AGAIN)]
        self._begin(threads)
        self._stand_in()
        self._begin([threading.Thread(target=self._look, name="subscriptions", daemon=True)])

    def _begin(self, threads: Sequence[threading.Thread]) -> None:
        for thread in threads:
            thread.start()
        self._threads = [*(one for one in self._threads if one.is_alive()), *threads]

    def stop(self) -> None:
        """Take up nothing more. What is being sent is not waited for: it is sent again where nobody notes its end.

        Whoever is looking at the store is, for a moment: it may be closed then.
        """
        self._over.set()
        until = time.monotonic() + _ENDS_S
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            self._stand_in()
            try:
                with self._store.read() as session:
                    now = self._clock.now()
                    found = [one for kind in (False, True) for one in store.due(session, now, _AT_ONCE, failing=kind)]
            except Exception:
                log.exception("the store cannot be asked what is due")
                continue
            for id_, tries in found:
                with self._lock:
                    if id_ in self._under_way:
                        continue
                    self._under_way.add(id_)
                (self._again if tries or id_ in self._slow else self._prompt).put(id_)

    def _stand_in(self) -> None:
        """Start as many threads of the first kind as there are to be beside those that wait for an answer."""
        with self._lock:
            number = self._wanted() - self._prompt_threads
            self._prompt_threads += max(number, 0)
        self._begin([threading.Thread(target=self._work_promptly, daemon=True) for _ in range(number)])

    def _wanted(self) -> int:
        late = time.monotonic() - _WAITS_S
        return min(_PROMPT + sum(began < late for began in self._began.values()), _MOST_PROMPT)

    def _work_promptly(self) -> None:
        """Work until there are more threads than are wanted."""
        while not self._over.is_set():
            with self._lock:
                if self._prompt_threads > self._wanted():
                    self._prompt_threads -= 1
                    return
            self._take(self._prompt, self._began)

    def _work(self, waiting: "queue.SimpleQueue[int]") -> None:
        while not self._over.is_set():
            self._take(waiting, {})

    def _take(self, waiting: "queue.SimpleQueue[int]", steps: dict[int, float]) -> None:
        """Attend to whoever is next. steps: by thread, when the step began that is under way."""
        try:
            id_ = waiting.get(timeout=_LOOK_S)
        except queue.Empty:
            return
        try:
            for _ in range(_STEPS):
                began = time.monotonic()
                with self._lock:
                    steps[threading.get_ident()] = began
                is_more = not self._over.is_set() and self._attendant.attend(id_)
                is_slow = time.monotonic() - began > _SLOW_S
                (self._slow.add if is_slow else self._slow.discard)(id_)
                if is_slow or not is_more:
                    break
        except Exception:
            log.exception("a subscription could not be attended to")
        finally:
            with self._lock:
                steps.pop(threading.get_ident(), None)
                self._under_way.discard(id_)

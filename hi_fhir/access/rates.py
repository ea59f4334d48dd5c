"""How often each caller may ask, counted in this process's memory: every process of a deployment counts for itself.

A minute slides: what was asked in the one before counts by the part of it that is less than a minute ago. What is
refused is not counted, so whoever goes on asking is answered as often as may be.
"""

import math
import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from hi_fhir.core.clock import Clock

_MINUTE_S = 60
_MOST_CALLERS = 50_000  # that are told apart in a minute; all beyond them are one
_NEAR = 1e-6  # as exactly as instants are told
_ALL_OTHERS = "all others"


class Asker(StrEnum):
    """Who is counted by what: a client by its id, whoever is none by address, and by it again who wants a token."""

    CLIENT = "client"
    PEER = "peer"
    TOKEN = "token"  # noqa: S105


class Rates:
    """limits: requests a minute of each; 0: as many as they like."""

    def __init__(self, clock: Clock, limits: Mapping[Asker, int]) -> None:
        self._clock = clock
        self._limits = limits
        self._lock = threading.Lock()
        self._minute = 0
        self._before: Counter[tuple[Asker, str]] = Counter()
        self._now: Counter[tuple[Asker, str]] = Counter()

    def wait_s(self, asker: Asker, who: str) -> int | None:
        """Count a request; None: it may be answered. Else it is not counted, and may be asked in so many seconds."""
        limit = self._limits[asker]
        if not limit:
            return None
        minute, into_s = divmod(self._clock.now().timestamp(), _MINUTE_S)
        with self._lock:
            self._turn(int(minute))
            key = (asker, who)
            if key not in self._now and len(self._now) >= _MOST_CALLERS:
                key = (asker, _ALL_OTHERS)
            before, now = self._before[key], self._now[key]
            if before * (1 - into_s / _MINUTE_S) + now + 1 <= limit + _NEAR:
                self._now[key] += 1
                return None
        return _wait_s(limit, before, now, into_s)

    def _turn(self, minute: int) -> None:
        if minute != self._minute:
            self._before = self._now if minute == self._minute + 1 else Counter()
            self._now, self._minute = Counter(), minute


def _wait_s(limit: int, before: int, now: int, into_s: float) -> int:
    """Seconds until one more may ask, if nobody does until then."""
    left = limit - 1
    later = _MINUTE_S * (1 - (left - now) / before) if now <= left else _MINUTE_S * (2 - left / now)
    return max(
        1, math.ceil(later - into_s)
    )  # in this minute, as the one before fades; or in the next, as this one does

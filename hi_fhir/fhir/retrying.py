"""How long to wait before a request is made again: what the server asks for, within reason, else ever longer."""

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})

_LEAST_S, _FIRST_S, _LONGEST_S = 0.5, 1.0, 60.0
_JITTER = 0.25
_EPOCH_LIKE_S = 10**8  # some servers send an instant for a delay


def wait_s(attempt: int, headers: Mapping[str, str], cap_s: float, now: datetime) -> float:
    """Seconds to wait after failed try number `attempt` (from 0): the server's Retry-After, else 1, 2, 4, ... up to 60.

    Half a second at least, whatever the server says, and never more than `cap_s`. Up to a quarter is added by chance,
    so that slices which failed together do not come back together. A Retry-After that is neither seconds nor a date, or
    an instant in disguise, counts as none.
    """
    asked = _retry_after(headers, now)
    wanted = asked if asked is not None else min(_FIRST_S * 2**attempt, _LONGEST_S)
    return min(max(wanted, _LEAST_S) * (1 + random.random() * _JITTER), cap_s)


def response_date(headers: Mapping[str, str]) -> datetime | None:
    """The instant in a response's Date header."""
    return _http_date(headers.get("Date", ""))


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        seconds = float(text)
        return seconds if seconds < _EPOCH_LIKE_S else None
    until = _http_date(text)
    if until is None:
        return None
    return max((until - (response_date(headers) or now)).total_seconds(), 0.0)


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

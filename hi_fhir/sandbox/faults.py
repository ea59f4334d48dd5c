"""Which requests the sandbox answers wrongly: chosen by a seed, never by random, so that a failing test fails again.

A passing fault strikes each distinct request once, so a client that tries again gets everything in the end. A lasting
one strikes as often as it is asked, so a client can only name it and stop, or do without what it is denied.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from hi_fhir.core.errors import ConfigError

PASSING_SHARE = 0.2
LASTING_SHARE = 1.0


@dataclass(frozen=True)
class FaultKind:
    """One way to misbehave, told in `what`."""

    what: str
    lasts: bool = False


KINDS = {
    "429": FaultKind("too many requests, with Retry-After in seconds"),
    "503": FaultKind("unavailable, with Retry-After as a date"),
    "410-mid-search": FaultKind("a search expires between two of its pages, once"),
    "expired-links": FaultKind("links of an export answer 410 until its manifest is fetched again"),
    "truncated-body": FaultKind("the connection ends before the announced length"),
    "duplicate-pages": FaultKind("a page comes twice in the chain of next links"),
    "slow": FaultKind("a quarter of a second late"),
    "409": FaultKind("a write meets another one"),
    "412": FaultKind("a transaction is refused as if one of its conditions had several matches"),
    "413": FaultKind("a transaction of more than five entries is too long", lasts=True),
    "no-transactions": FaultKind("a transaction is refused with 400, 405 or 501", lasts=True),
    "export-unsupported": FaultKind("there is no $export", lasts=True),
    "html-body": FaultKind("a page of HTML with status 200", lasts=True),
    "operation-outcome-200": FaultKind("an OperationOutcome with status 200", lasts=True),
    "foreign-next-link": FaultKind("a next link to another host", lasts=True),
    "next-link-loop": FaultKind("a next link to its own page", lasts=True),
    "dropped-parameter": FaultKind("a search parameter is passed over, and missing from the self link", lasts=True),
}


class Faults:
    """Kinds of fault with the share of distinct requests that each strikes. It remembers whom it has struck."""

    def __init__(self, shares: Mapping[str, float], seed: int = 1) -> None:
        self._shares = shares
        self._seed = seed
        self._lock = Lock()
        self._struck: set[str] = set()

    def applies(self, kind: str, key: str) -> bool:
        """Whether the fault strikes what `key` stands for: always the same answer, but just once where it passes."""
        if not self._chosen(kind, key):
            return False
        if KINDS[kind].lasts:
            return True
        struck = f"{kind} {key}"
        with self._lock:
            if struck in self._struck:
                return False
            self._struck.add(struck)
            return True

    def _chosen(self, kind: str, key: str) -> bool:
        share = self._shares.get(kind, 0.0)
        if not share:
            return False
        digest = hashlib.sha256(f"{self._seed} {kind} {key}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < share * 2**64


def parse(text: str, seed: int = 1) -> Faults:
    """Faults from `KIND[:SHARE],...`; the share is of distinct requests, from 0 to 1, and has a default by kind.

    Raises:
        ConfigError: an unknown kind, or a share that is none.
    """
    shares: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, share = part.partition(":")
        if name not in KINDS:
            raise ConfigError(f"fault {name!r} is not known. Known ones: {', '.join(KINDS)}.")
        shares[name] = _share(name, share) if share else LASTING_SHARE if KINDS[name].lasts else PASSING_SHARE
    return Faults(shares, seed)


def _share(name: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(f"fault {name}: {text!r} is not a share. Write a number from 0 to 1, such as {name}:0.1.")
    return share

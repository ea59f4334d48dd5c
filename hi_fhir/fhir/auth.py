"""Who a request is from: credentials that are bound to the hosts they were given for.

Whatever is an `Auth` can stand where `Bearer` stands. Tokens that end are asked for by whoever makes a `RenewedBearer`.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from hi_fhir.core.clock import Clock

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""What a client says that it sends in place of a secret: a JWT that it signed. Source: RFC 7523, 2.2."""

_USED = 0.8  # share of a token's life after which it is replaced: what is asked for with it has to arrive too
_PORTS = {"http": "80", "https": "443"}


class Auth(Protocol):
    def authorization(self) -> str | None:
        """The Authorization header of a request made now; None sends none.

        Raises:
            SourceError: there is none to be had, from whoever gives them.
        """
        ...

    def renew(self, refused: str, /) -> bool:
        """Whether there is another header now that a server did not take this one (401).

        Raises:
            SourceError: as `authorization`.
        """
        ...


class NoAuth:
    def authorization(self) -> str | None:
        return None

    def renew(self, _refused: str, /) -> bool:
        return False


@dataclass(frozen=True)
class Bearer:
    """A token that does not change."""

    token: str = field(repr=False)

    def authorization(self) -> str | None:
        return f"Bearer {self.token}"

    def renew(self, _refused: str, /) -> bool:
        return False


@dataclass(frozen=True)
class AccessToken:
    """A token that was just asked for. lasts_s: seconds from now until its end; None: it was not said."""

    value: str = field(repr=False)
    lasts_s: float | None = None


class RenewedBearer:
    """A token that ends: asked for when it is first needed, again before its end, and where it is no longer taken.

    For any number of threads, of which one asks.
    """

    def __init__(self, ask: Callable[[], AccessToken], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._turn = threading.Lock()
        self._header: str | None = None
        self._until: datetime | None = None

    def authorization(self) -> str | None:
        with self._turn:
            if self._header is None or (self._until is not None and self._clock.now() >= self._until):
                self._replace()
            return self._header

    def renew(self, refused: str, /) -> bool:
        """Ask for another, unless that was done since the refused one was sent."""
        with self._turn:
            if self._header == refused:
                self._replace()
            return self._header != refused

    def _replace(self) -> None:
        asked_at = self._clock.now()  # not when the answer came: the token is that much older
        token = self._ask()
        self._header = f"Bearer {token.value}"
        self._until = None if token.lasts_s is None else asked_at + timedelta(seconds=token.lasts_s * _USED)


class Origin(NamedTuple):
    """What a credential is bound to. A port that cannot be read is kept as text, and equals no other."""

    scheme: str
    host: str
    port: str

    @classmethod
    def of(cls, url: str) -> "Origin":
        parts = urlsplit(url)
        try:
            port = str(parts.port or _PORTS.get(parts.scheme) or "")
        except ValueError:
            port = parts.netloc
        return cls(parts.scheme.lower(), (parts.hostname or "").lower(), port)


class Credentials:
    """The source's own credentials, for its own origin alone, and those of the hosts that it trusts."""

    def __init__(self, base: str, own: Auth, trusted: Mapping[str, Auth]) -> None:
        self._home = Origin.of(base)
        self._own = own
        self._trusted = {host.lower(): auth for host, auth in trusted.items()}

    def is_home(self, url: str) -> bool:
        return Origin.of(url) == self._home

    def is_trusted(self, url: str) -> bool:
        """Whether the deployment names the host of `url`, with or without its port."""
        return self._trusted_auth(Origin.of(url)) is not None

    def authorization(self, url: str) -> str | None:
        """The header for a request to `url`. A trusted host gets its own, and none if that would leave https."""
        auth = self._auth_for(url)
        return auth.authorization() if auth else None

    def renew(self, url: str, refused: str) -> bool:
        """Whether there is another header for `url` now that this one was refused there."""
        auth = self._auth_for(url)
        return auth is not None and auth.renew(refused)

    def _auth_for(self, url: str) -> Auth | None:
        origin = Origin.of(url)
        if origin == self._home:
            return self._own
        if self._home.scheme == "https" and origin.scheme != "https":
            return None
        return self._trusted_auth(origin)

    def _trusted_auth(self, origin: Origin) -> Auth | None:
        return self._trusted.get(f"{origin.host}:{origin.port}") or self._trusted.get(origin.host)


def bearer(token: str | None) -> Auth:
    return Bearer(token) if token else NoAuth()

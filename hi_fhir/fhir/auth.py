"""Who a request is from: credentials that are bound to the hosts they were given for.

The seam for SMART Backend Services: whatever has `authorization` can stand where `Bearer` stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from hi_fhir.core.config import SourceSettings

_PORTS = {"http": "80", "https": "443"}


class Auth(Protocol):
    def authorization(self) -> str | None:
        """The Authorization header of a request made now; None sends none."""
        ...


class NoAuth:
    def authorization(self) -> str | None:
        return None


@dataclass(frozen=True)
class Bearer:
    """A token that does not change."""

    token: str = field(repr=False)

    def authorization(self) -> str | None:
        return f"Bearer {self.token}"


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
        origin = Origin.of(url)
        if origin == self._home:
            return self._own.authorization()
        auth = self._trusted_auth(origin)
        if auth is None or (self._home.scheme == "https" and origin.scheme != "https"):
            return None
        return auth.authorization()

    def _trusted_auth(self, origin: Origin) -> Auth | None:
        return self._trusted.get(f"{origin.host}:{origin.port}") or self._trusted.get(origin.host)


def bearer(token: str | None) -> Auth:
    return Bearer(token) if token else NoAuth()


def credentials_of(source: SourceSettings) -> Credentials:
    """Those that the settings give for a server."""
    trusted = {host: bearer(token) for host, token in source.trusted_hosts.items()}
    return Credentials(source.address, bearer(source.token), trusted)

"""Which addresses are called that somebody else named over the network, and a session that calls no others.

Whoever may name an address could otherwise have this machine call what it alone can reach: other services of its
network, its own ports, a cloud's metadata. A name may lead elsewhere each time that it is asked for, so it is the
address of the connection itself that counts. Redirects are never followed, and no proxy is asked.
"""

import ipaddress
import re
import socket
import time
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from hi_fhir.core.errors import UserError
from hi_fhir.fhir.transport import PacedAdapter, PacedHttp, PacedHttps

Network = IPv4Network | IPv6Network
_LONGEST_S = 30.0
_PRINTED = re.compile(r"[!-~]+", re.ASCII)
_CARRY_IPV4 = tuple(
    map(
        ipaddress.IPv6Network,
        ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0:0/96", "fec0::/10"),
    )
)
"""Networks whose addresses stand for others, and the old site-local ones.

Source: RFC 6052, 8215, 3056, 4380, 4291, 2765, 3879.
"""


class UnsafeAddressError(UserError):
    """An address that somebody named is not called. The message says why, without the address."""


@dataclass(frozen=True)
class Guard:
    """networks: of the operator's, that may be called though no public ones. plain_http: whether https is no must."""

    networks: tuple[Network, ...] = ()
    plain_http: bool = False

    def check_url(self, url: str) -> None:
        """What can be told of a URL before anybody is called.

        Raises:
            UnsafeAddressError: it is no URL of a server, holds a user or password, or is of plain http.
        """
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname, parts.port
        except ValueError as error:
            raise UnsafeAddressError("it is not a URL.") from error
        if _PRINTED.fullmatch(url) is None or parts.scheme not in ("http", "https") or not host:
            raise UnsafeAddressError("it is not the URL of a server.")
        if "@" in parts.netloc or parts.fragment:
            raise UnsafeAddressError("it holds a user, a password or a fragment.")
        if parts.scheme == "http" and not self.plain_http:
            raise UnsafeAddressError("it has to begin with https.")

    def permits(self, address: str) -> bool:
        """Whether an address, as text, may be called: a public one, or one of the operator's networks."""
        found = _plain(address)
        if any(found in network for network in self.networks if network.version == found.version):
            return True
        carries = isinstance(found, IPv6Address) and any(found in network for network in _CARRY_IPV4)
        return found.is_global and not found.is_multicast and not carries

    def session(self, connections: int) -> requests.Session:
        """A session that calls no other addresses, follows no redirect unless told to and asks no proxy."""
        session = _Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one's cookies are no other's
        adapter = _Adapter(self, connections)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session


class _Session(requests.Session):
    def get_redirect_target(self, _resp: requests.Response) -> str | None:
        """None: requests would read all of an answer to prepare a redirect that nobody follows."""
        return None


def _plain(address: str) -> IPv4Address | IPv6Address:
    found = ipaddress.ip_address(address.partition("%")[0])
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _connect(guard: Guard, connection: HTTPConnection) -> socket.socket:
    """A socket to the first address of the connection's host that answers, once it is sure that all may be called."""
    host = connection.host.strip("[]").rstrip(".")
    try:
        found = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NewConnectionError(connection, "its name was not found.") from error
    addresses = [str(address[0]) for *_, address in found]
    if not all(map(guard.permits, addresses)):
        raise UnsafeAddressError("it leads to an address that is not public and not listed in callback_networks.")
    timeout = connection.timeout if isinstance(connection.timeout, float | int) else _LONGEST_S
    until = time.monotonic() + timeout  # of all addresses together
    last: OSError = TimeoutError()
    for address in dict.fromkeys(addresses):
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, connection.port or 0), left)
            sock.settimeout(timeout)
            return sock
        except OSError as error:
            last = error
    if isinstance(last, TimeoutError):
        raise urllib3.exceptions.ConnectTimeoutError(connection, "nothing answered in time.") from last
    raise NewConnectionError(connection, "nothing answers there.") from last


class _Adapter(PacedAdapter):
    def __init__(self, guard: Guard, connections: int) -> None:
        class Http(PacedHttp):
            def _new_conn(self) -> socket.socket:
                return _connect(guard, self)

        class Https(PacedHttps):
            def _new_conn(self) -> socket.socket:
                return _connect(guard, self)

        class HttpPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Http

        class HttpsPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Https

        self._guarded = {"http": HttpPool, "https": HttpsPool}
        super().__init__(pool_connections=32, pool_maxsize=connections)

    def pools(self) -> dict[str, Any]:
        return self._guarded

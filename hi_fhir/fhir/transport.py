"""How bytes go to a server and come back: a session whose every read is held to a deadline, its headers' too.

A timeout of a socket is of one read: a server that sends a byte a minute never meets it. So the socket of each response
is read through a `Pace`, which ends a read when the response as a whole, or a file of many megabytes its next part, has
taken too long.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.loopback import is_loopback
from hi_fhir.core.source_settings import ClientCertificate

_own = threading.local()


class Pace:
    """How long a response may take, from when it is asked for. Made before the request, in the thread that reads it."""

    def __init__(self, limit_s: float) -> None:
        self.is_over = False
        self._limit_s = limit_s
        self._until = time.monotonic() + limit_s
        _own.pace = self

    def left_s(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            self.is_over = True
            raise TimeoutError("the response took too long as a whole")
        return left

    def renew(self) -> None:
        """Begin anew: as much as may be asked for in that time has come."""
        self._until = time.monotonic() + self._limit_s


class _PacedReader(io.RawIOBase):
    """The reading side of a socket, for one response."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._timeout_s = sock.gettimeout()
        self._pace: Pace | None = getattr(_own, "pace", None)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._pace.left_s() if self._pace is not None else None
        if left is None or (self._timeout_s is not None and self._timeout_s <= left):
            return self._raw.readinto(buffer)
        self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            self._pace.left_s() if self._pace is not None else None
            raise
        finally:
            self._sock.settimeout(self._timeout_s)  # the connection may be used again

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PacedSocket:
    """A socket as far as `http.client` reads from one."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_PacedReader(self._sock))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(cast(socket.socket, _PacedSocket(sock)), *arguments, **named)


class PacedHttp(HTTPConnection):
    """A connection whose responses are read to a pace."""

    response_class = _Response


class PacedHttps(HTTPSConnection):
    """The same by TLS."""

    response_class = _Response


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = PacedHttp


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = PacedHttps


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class PacedAdapter(HTTPAdapter):
    """Has such connections."""

    def pools(self) -> dict[str, Any]:
        """The pools by scheme."""
        return _POOLS

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self.pools()

    def proxy_manager_for(self, *arguments: Any, **named: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **named)
        manager.pool_classes_by_scheme = self.pools()
        return manager


def verification(ca_file: Path | None) -> str | bool:
    """What a server's certificate is held against: the authorities of the file, or those that are usually trusted.

    Raises:
        ConfigError: the file is not there, or holds no certificate.
    """
    if ca_file is None:
        return True
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # an SSLError is one too
        raise ConfigError(f"ca_file {ca_file} is not there, or holds no certificates in PEM.") from error
    return str(ca_file)


def own_certificate(shown: ClientCertificate | None) -> tuple[str, str] | None:
    """The files of what a client shows of itself: certificate, key.

    Raises:
        ConfigError: they are not there or not of each other, others may read the key, or it has a password, which
            nobody is there to type.
    """
    if shown is None:
        return None
    try:
        if Path(shown.key).stat().st_mode & 0o077:
            raise ConfigError(f"client certificate: others may read {shown.key}. Run: chmod 600 on it.")
        ssl.create_default_context().load_cert_chain(shown.certificate, shown.key, password="")
    except (OSError, ValueError) as error:  # an SSLError is an OSError too
        raise ConfigError(
            f"client certificate: {shown.certificate} and {shown.key} are not there, not a certificate and its key in "
            "PEM, or the key has a password. Give the key without one, readable by its owner alone."
        ) from error
    return shown.certificate, shown.key


def proxies_for(url: str, proxy: str | None) -> dict[str, str]:
    """How `url` is reached: this machine directly, others by the proxy, or as the environment says where none is set.

    Raises:
        ConfigError: the proxy is no URL.
    """
    if is_loopback(urlsplit(url).hostname or ""):
        return {"http": "", "https": "", "all": ""}
    if proxy is None:
        return {}
    if urlsplit(proxy).scheme not in ("http", "https") or not urlsplit(proxy).hostname:
        raise ConfigError("setting proxy: give the URL of an HTTP proxy, such as http://proxy.example:8080.")
    return {"http": proxy, "https": proxy}


def a_session(connections: int) -> requests.Session:
    """A session for so many requests at a time."""
    session = requests.Session()
    adapter = PacedAdapter(pool_connections=8, pool_maxsize=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session

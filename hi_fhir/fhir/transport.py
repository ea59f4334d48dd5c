"""How bytes go to a server and come back: a session whose every read is held to a deadline, its headers' too.

A timeout of a socket is of one read: a server that sends a byte a minute never meets it. So the socket of each answer
is read through a `Pace`, which ends a read when the answer as a whole, or a file of many megabytes its next part, has
taken too long.
"""

import http.client
import io
import socket
import threading
import time
from typing import Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

_own = threading.local()


class Pace:
    """How long an answer may take, from when it is asked for. Made before the request, in the thread that reads it."""

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
            raise TimeoutError("the answer took too long as a whole")
        return left

    def renew(self) -> None:
        """Begin anew: as much as may be asked for in that time has come."""
        self._until = time.monotonic() + self._limit_s


class _PacedReader(io.RawIOBase):
    """The reading side of a socket, for one answer."""

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


class _Http(HTTPConnection):
    response_class = _Response


class _Https(HTTPSConnection):
    response_class = _Response


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **named: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **named)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def a_session(connections: int) -> requests.Session:
    """A session for so many requests at a time."""
    session = requests.Session()
    adapter = _Adapter(pool_connections=8, pool_maxsize=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session

"""The WSGI server: waitress, with an end to how long a client may take, and room for one more whoever holds the rest.

Waitress takes requests in and sends answers out in one thread, whatever the clients' speed, and gives the application's
threads whole requests alone. By itself it lets a client take for ever that sends a byte now and then, takes nobody in
while a number of connections are open, and has a thread wait for whoever asks for much and takes none of it.
"""

import logging
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask

from hi_fhir.fhir.rest.errors import error_response
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.web.headers import OF_EVERY_ANSWER
from hi_fhir.web.turns import CallerTurns

_THREADS = 4  # more of them wait for each other
_STAND_INS = 64  # more threads, in place of those that wait for clients to take what they were sent
_TAKEN_IN = 256  # new connections at a time
_LOOK_S = 1  # between looks for clients that take too long
_HEAD_BYTES, _BODY_BYTES = 32 << 10, 64 << 10  # of a request; a body is a search of ours, and nothing larger
_AHEAD = 4 << 20  # bytes that wait for a client before more of its requests are answered
_DROP = struct.pack("ii", 1, 0)  # what was not sent when the socket is closed
_IN_MEMORY = 256 << 10  # bytes of an answer on its way; what is beyond goes by a file


@dataclass(frozen=True)
class ClientLimits:
    """Of each client. idle_s: seconds without a byte, in or out. exchange_s: from a request's first byte to the last of
    its answer, but for the time that the answer is made in. connections: of all clients together.
    """

    idle_s: float = 10
    exchange_s: float = 60
    connections: int = 4_000


class Answering(TcpWSGIServer):
    """The application behind a socket that takes calls. `run` answers until interrupted.

    channels: its connections, for who turns waitress' loop instead. trusted_proxy: the address of the one whose
    X-Forwarded-For is believed, or `*` for whoever calls; None: nobody's is.
    """

    def __init__(
        self,
        app: Flask,
        listening: socket.socket,
        limits: ClientLimits,
        channels: dict[int, Any] | None = None,
        trusted_proxy: str | None = None,
    ) -> None:
        forwarded = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": "x-forwarded-for"}
        adjustments = Adjustments(
            sockets=[listening],
            threads=_THREADS,
            ident=None,
            asyncore_use_poll=True,  # select is for a thousand files
            connection_limit=limits.connections,
            cleanup_interval=_LOOK_S,
            max_request_header_size=_HEAD_BYTES,
            max_request_body_size=_BODY_BYTES,
            recv_bytes=_BODY_BYTES,
            outbuf_overflow=_IN_MEMORY,
            outbuf_high_watermark=_AHEAD,
            **(forwarded if trusted_proxy else {}),
        )
        logging.getLogger("waitress").setLevel(logging.ERROR)  # a full house and bad requests are the clients' doing
        self.channel_class = _Channel
        self._limits = limits
        self._waited_for: list[_Channel] = []  # by a thread each, the longest first
        self._lock = threading.Lock()
        where = (listening.family, listening.type, listening.proto, listening.getsockname())
        super().__init__(
            app,
            {} if channels is None else channels,
            _sock=listening,
            adj=adjustments,
            sockinfo=where,
            bind_socket=False,
        )
        self.task_dispatcher.queue = CallerTurns(_Channel.caller)

    def maintenance(self, now: float) -> None:
        """Let go who takes too long."""
        idle, late = now - self._limits.idle_s, now - self._limits.exchange_s
        for channel in self.active_channels.values():
            if channel.waits() and (channel.last_activity < idle or (channel.is_under_way() and channel.began < late)):
                channel.let_go()

    def readable(self) -> bool:
        can_accept: bool = super().readable()
        if self.in_connection_overflow:
            waiting = [channel for channel in self.active_channels.values() if channel.waits()]
            if waiting:
                min(waiting, key=lambda channel: channel.began).let_go()
        return can_accept

    def handle_accept(self) -> None:
        """Take in all who call: each turn of waitress' loop asks every connection, and by itself takes in one."""
        for _ in range(_TAKEN_IN):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before or len(self._map) >= self._limits.connections:
                return

    @contextmanager
    def stood_in_for(self, channel: "_Channel") -> Iterator[None]:
        """Another thread is there while this one waits for a client; where there are too many, the first is let go."""
        with self._lock:
            self._waited_for.append(channel)
            if len(self._waited_for) > _STAND_INS:
                next((one for one in self._waited_for if not one.will_close), channel).let_go()
                self.pull_trigger()
            self._have_threads()
        try:
            yield
        finally:
            with self._lock:
                self._waited_for.remove(channel)
                self._have_threads()

    def _have_threads(self) -> None:
        dispatcher = self.task_dispatcher
        if len(dispatcher.threads) > dispatcher.stop_count:  # else they are all being ended, with the service
            dispatcher.set_thread_count(_THREADS + min(len(self._waited_for), _STAND_INS))


class _ErrorTask(ErrorTask):
    """Answers what is no request, or too large a one, as everything else is answered."""

    def execute(self) -> None:
        error = self.request.error
        answer = error_response(FhirError(error.code, f"{error.reason}."))
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend([*answer.headers.items(), *OF_EVERY_ANSWER])
        self.set_close_on_finish()
        self.content_length = len(answer.body)
        self.write(answer.body)


class _Channel(HTTPChannel):
    """A connection. began: when the request that is under way began to come in, or the connection."""

    error_task_class = _ErrorTask

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.began = time.time()
        super().__init__(*args, **kwargs)

    def received(self, data: bytes) -> bool:
        if self.request is None and not self.requests:
            self.began = time.time()
        taken: bool = super().received(data)
        return taken

    def caller(self) -> tuple[str, str]:
        """Who asks, as far as it is known before the request is looked at: an address, and the token that is shown."""
        headers, address = self.requests[0].headers, str(self.addr[0])
        if self.adj.trusted_proxy in ("*", address):
            address = headers.get("X_FORWARDED_FOR", address).rpartition(",")[2].strip()
        return address, headers.get("AUTHORIZATION", "")

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Called by a thread of the application, which waits in it where too much waits for the client already."""
        if self.total_outbufs_len > self.adj.outbuf_high_watermark:
            with self.server.stood_in_for(self):
                super()._flush_outbufs_below_high_watermark()

    def waits(self) -> bool:
        """Whether it is the client's turn: to send, or to take what it was sent."""
        return not self.requests or self.total_outbufs_len > 0

    def let_go(self) -> None:
        self.will_close = True
        if self.total_outbufs_len:  # waitress closes a socket when it can be written to, which this one never can
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP)
                self.socket.shutdown(socket.SHUT_RDWR)

    def is_under_way(self) -> bool:
        """Whether a request is half here, or an answer half there."""
        return self.request is not None or self.total_outbufs_len > 0

"""A server on loopback, written in sockets, that sends what no server should: without end, slowly, packed, deep."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

Send = Callable[[bytes], None]
Attack = Callable[[Send, str], None]

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nDate: Tue, 01 Apr 2025 23:30:00 GMT\r\n"
_BUNDLE = b'{"resourceType": "Bundle", "entry": ['
_MB = 1 << 20
_AS_MANY_MB = 11


@contextmanager
def hostile(attack: Attack) -> Iterator[str]:
    """The base of a server that answers each request by `attack`, which is given the request's line and target."""
    listening = socket.create_server(("127.0.0.1", 0))
    ending = threading.Event()

    def accept() -> None:
        while not ending.is_set():
            try:
                calling, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(calling,), daemon=True).start()

    def answer(calling: socket.socket) -> None:
        with calling, suppress(OSError):
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += calling.recv(65_536)
            attack(calling.sendall, asked.split(b"\r\n")[0].decode())

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/fhir"
    finally:
        ending.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def body(send: Send, content: bytes, *headers: bytes, status: bytes = b"200 OK") -> None:
    """A whole answer, whose connection ends with it."""
    head = _HEAD.replace(b"200 OK", status)
    extra = b"".join(header + b"\r\n" for header in headers)
    send(head + extra + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(content) + content)


def endless(send: Send, _: str) -> None:
    """A page whose entries have no end."""
    send(_HEAD + b"Connection: close\r\n\r\n" + _BUNDLE)
    record = b'{"resource": {"resourceType": "Patient", "id": "p1", "text": "' + b"x" * 200 + b'"}},'
    while True:
        send(record * 4_000)


def endless_chunks(send: Send, _: str) -> None:
    """Whitespace in chunks, for ever: valid JSON that never begins."""
    send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        send(b"100000\r\n" + b" " * _MB + b"\r\n")


def bomb(send: Send, _: str) -> None:
    """4 GiB of whitespace, a thousandth of it when packed."""
    body(send, _member() * 64, b"Content-Encoding: gzip")


@cache
def _member() -> bytes:
    return gzip.compress(b" " * (64 * _MB))


def announced(send: Send, _: str) -> None:
    """A length of a terabyte, announced."""
    send(_HEAD + b"Content-Length: 1099511627776\r\n\r\n" + _BUNDLE)
    time.sleep(5)


def deep(send: Send, _: str) -> None:
    """Arrays in arrays, 100,000 deep."""
    body(send, _BUNDLE + b'{"resource": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}]}")


def many_objects(send: Send, _: str) -> None:
    """A page of nothing but empty entries, which take more room once read than as text."""
    send(_HEAD + b"Connection: close\r\n\r\n" + _BUNDLE)
    for _part in range(60):
        send(_empty_entries())
    send(b"{}]}")


@cache
def _empty_entries() -> bytes:
    return b"{}," * (_MB // 3)


def as_many_as_go(send: Send, _: str) -> None:
    """As large a page as is taken, of entries as small as they are taken."""
    entry = b'{"resource":[],"id": "1"},'
    entries = entry * ((_AS_MANY_MB * _MB) // len(entry))
    body(send, _BUNDLE + entries + b"{}]}")


def drip(send: Send, _: str) -> None:
    """A byte at a time, each well within the timeout of a read."""
    send(_HEAD + b"Content-Length: 100000\r\n\r\n")
    for _byte in range(100_000):
        send(b" ")
        time.sleep(0.02)


def dripping_head(send: Send, _: str) -> None:
    """The same before there is any answer at all."""
    send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _byte in range(60_000):
        send(b"x")
        time.sleep(0.02)


def many_headers(send: Send, _: str) -> None:
    send(_HEAD + b"".join(b"X-%d: 1\r\n" % number for number in range(100_000)) + b"\r\n{}")


def long_header(send: Send, _: str) -> None:
    send(_HEAD + b"X-Long: " + b"x" * (8 * _MB) + b"\r\n\r\n{}")


def unasked_packing(send: Send, _: str) -> None:
    body(send, b"\x8b\x00\x80{}\x03", b"Content-Encoding: br")


def endless_refusal(send: Send, _: str) -> None:
    """A status that says no, and a body without end."""
    send(_HEAD.replace(b"200 OK", b"500 No") + b"Connection: close\r\n\r\n")
    while True:
        send(b"x" * _MB)


def no_http(send: Send, _: str) -> None:
    send(b"SSH-2.0-OpenSSH_9.6\r\n")


def broken_off(send: Send, _: str) -> None:
    """The connection ends before anything is said."""

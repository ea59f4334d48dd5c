"""Clients that are silent, slow or wrong keep nobody else from being answered, and are let go themselves."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import orjson
import pytest
import requests
from waitress import wasyncore

from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from hi_fhir.web.headers import OF_EVERY_ANSWER
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.server import Answering, ClientLimits
from hi_fhir.web.turns import CallerTurns
from tests.support.released import CLOCK, release

WAIT_S = 20
FORM = b"Host: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
HEAD = b"GET /fhir/metadata HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = b"POST /fhir/MeasureReport/_search HTTP/1.1\r\n" + FORM + b"Content-Length: 500\r\n\r\nmea"
SEARCH = b"GET /fhir/MeasureReport HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
UNFINISHED = {"silent": b"", "half a head": HEAD, "half a body": BODY}
BRIEF = ClientLimits(idle_s=0.5, exchange_s=30)
PATIENT = ClientLimits(idle_s=60, exchange_s=60)


@pytest.fixture(scope="module")
def store(module_store: Store) -> Store:
    release(module_store, reporters=[f"A990{number:02}" for number in range(10)])
    return module_store


Connect = Callable[[], socket.socket]


@contextmanager
def answering(
    store: Store, limits: ClientLimits, trusted_proxy: str | None = None
) -> Iterator[tuple[Answering, Connect]]:
    """A service, and what connects to it; all that is open is closed at the end."""
    ending, channels = threading.Event(), {}
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        app = create_app(store, CLOCK, everyone_is(Reader("icb")))
        server = Answering(app, listening, limits, channels, trusted_proxy)

        def answer() -> None:
            while not ending.is_set():
                wasyncore.loop(timeout=0.02, map=channels, count=1, use_poll=True)
            for channel in list(server.active_channels.values()):
                channel.handle_close()  # which a thread that waits for it is told of
            wasyncore.close_all(channels)

        thread = threading.Thread(target=answer)
        thread.start()

        def connect() -> socket.socket:
            client = opened.enter_context(socket.socket())
            client.settimeout(WAIT_S)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.connect(listening.getsockname())
            return client

        try:
            yield server, connect
        finally:
            ending.set()
            thread.join(WAIT_S)
            server.task_dispatcher.shutdown()


def is_answered(server: Answering) -> bool:
    return requests.get(f"{address(server)}/fhir/MeasureReport", timeout=WAIT_S).json()["total"] == 20


def address(server: Answering) -> str:
    return f"http://127.0.0.1:{server.effective_port}"


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_others_are_answered_while_hundreds_send_no_whole_request(store, sent):
    with answering(store, PATIENT) as (server, connect):
        for _ in range(300):
            connect().sendall(sent)

        assert is_answered(server)


def test_all_who_call_are_taken_in_at_once(store):
    channels: dict[int, object] = {}
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        server = Answering(create_app(store, CLOCK, everyone_is(Reader("icb"))), listening, PATIENT, channels)
        for _ in range(50):
            opened.enter_context(socket.create_connection(listening.getsockname(), timeout=WAIT_S))

        wasyncore.loop(timeout=1, map=channels, count=1, use_poll=True)

        assert len(server.active_channels) == 50
        wasyncore.close_all(channels)
        server.task_dispatcher.shutdown()


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_who_sends_nothing_more_is_let_go(store, sent):
    with answering(store, BRIEF) as (_, connect):
        client = connect()
        client.sendall(sent)

        assert is_let_go(client)


@pytest.mark.parametrize("sent", [HEAD + b"X-Long: ", BODY], ids=["head", "body"])
def test_who_sends_a_byte_now_and_then_is_let_go_too(store, sent):
    with answering(store, ClientLimits(idle_s=5, exchange_s=0.5)) as (_, connect):
        client = connect()
        client.sendall(sent)
        client.settimeout(0.05)

        assert sends_until_let_go(client)


def sends_until_let_go(client: socket.socket) -> bool:
    for _ in range(100):
        try:
            client.sendall(b"a")
            if client.recv(100) == b"":
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def test_who_does_not_take_an_answer_is_let_go(store):
    """The answers are larger than what the sockets between them hold."""
    with answering(store, BRIEF) as (server, connect):
        connect().sendall(SEARCH * 40)

        assert is_answered(server)
        assert is_left_by_all(server)


@pytest.fixture
def one_thread(monkeypatch):
    """Which 50 kB that wait for a client are too much for."""
    monkeypatch.setattr("hi_fhir.web.server._THREADS", 1)
    monkeypatch.setattr("hi_fhir.web.server._AHEAD", 50_000)
    monkeypatch.setattr("hi_fhir.web.server._STAND_INS", 3)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("greedy", [1, 3, 8])
def test_who_asks_for_much_and_takes_none_of_it_holds_up_nobody(store, greedy):
    """Where more do than there are threads in their place, the first of them are let go."""
    with answering(store, PATIENT) as (server, connect):
        for _ in range(greedy):
            connect().sendall(SEARCH * 40)
        until(lambda: len(server.active_channels) == min(greedy, 3))

        assert is_answered(server)
        assert len(server.active_channels) >= min(greedy, 3)
        assert len(server.task_dispatcher.threads) <= 5


@pytest.mark.parametrize(
    ("trusted_proxy", "named"),
    [(None, "127.0.0.1"), ("192.0.2.1", "127.0.0.1"), ("127.0.0.1", "9.9.9.9"), ("*", "9.9.9.9")],
)
def test_callers_are_told_apart_by_the_token_and_by_the_address_that_a_trusted_proxy_names(
    store, monkeypatch, trusted_proxy, named
):
    callers = []

    class Noting(CallerTurns):
        def append(self, one):
            callers.append(one.caller())
            super().append(one)

    monkeypatch.setattr("hi_fhir.web.server.CallerTurns", Noting)
    with answering(store, PATIENT, trusted_proxy) as (server, _):
        for headers in ({}, {"Authorization": "Bearer x", "X-Forwarded-For": "8.8.8.8, 9.9.9.9"}):
            assert requests.get(f"{address(server)}/healthz", headers=headers, timeout=WAIT_S).status_code == 200

    assert callers == [("127.0.0.1", ""), (named, "Bearer x")]


@pytest.mark.usefixtures("one_thread")
def test_threads_that_stood_in_end_once_those_they_stood_in_for_go_on(store):
    with answering(store, BRIEF) as (server, connect):
        for _ in range(2):
            connect().sendall(SEARCH * 40)
        until(lambda: len(server.task_dispatcher.threads) == 3)

        assert is_left_by_all(server)
        until(lambda: len(server.task_dispatcher.threads) == 1)
        assert is_answered(server)


def is_left_by_all(server: Answering) -> bool:
    """Once the server has no connection left."""
    until(lambda: not server.active_channels)
    return True


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_let_go(client: socket.socket) -> bool:
    """Whether the other side ends the connection before the client has waited for too long."""
    with suppress(ConnectionError):
        while client.recv(1 << 20):
            pass
    return True


def test_a_kept_connection_is_answered_again(store):
    with answering(store, PATIENT) as (server, _), requests.Session() as session:
        answers = [session.get(f"{address(server)}/fhir/metadata", timeout=WAIT_S).status_code for _ in range(5)]

    assert answers == [200] * 5


def test_where_all_connections_are_taken_the_one_that_waits_longest_makes_room(store):
    with answering(store, ClientLimits(idle_s=60, exchange_s=60, connections=20)) as (server, connect):
        waiting = [connect() for _ in range(60)]

        assert is_answered(server)
        assert is_let_go(waiting[0])


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"NONSENSE\r\n\r\n", 400, "invalid"),
        (HEAD + b"X-Long: " + b"a" * 33_000 + b"\r\n\r\n", 431, "too-long"),
        (b"POST /fhir/MeasureReport/_search HTTP/1.1\r\n" + FORM + b"Content-Length: 99999\r\n\r\n", 413, "too-long"),
    ],
)
def test_what_is_no_request_is_answered_as_everything_else_is(store, sent, status, code):
    with answering(store, PATIENT) as (_, connect):
        client = connect()
        client.sendall(sent)
        head, _, body = b"".join(iter(lambda: client.recv(1 << 16), b"")).partition(b"\r\n\r\n")

    lines = head.decode().split("\r\n")
    assert int(lines[0].split()[1]) == status
    assert {f"{name}: {value}" for name, value in OF_EVERY_ANSWER} <= set(lines)
    assert orjson.loads(body)["issue"][0]["code"] == code


def test_a_body_in_pieces_without_end_is_refused_once_it_is_too_large(store):
    with answering(store, PATIENT) as (_, connect):
        client = connect()
        client.sendall(b"POST /fhir/MeasureReport/_search HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n")
        client.sendall((b"1000\r\n" + b"a" * 4096 + b"\r\n") * 17)

        assert client.recv(1 << 16).startswith(b"HTTP/1.1 413 ")

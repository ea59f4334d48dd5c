"""The service as its operator meets it: health, addresses, and the command as a process."""

import re
import signal
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.serve import client_limits, serve
from tests.support.cli import hi_fhir
from tests.support.processes import serving
from tests.support.released import CLOCK, release


def test_a_service_lives_and_is_ready_once_its_store_is_migrated(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'hi_fhir.sqlite'}")
    service = create_app(store, CLOCK, everyone_is(Reader("icb"))).test_client()

    assert service.get("/healthz").json == {"status": "ok"}
    assert service.get("/readyz").json == {"status": "ok", "store": "migrated"}

    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    stale = service.get("/readyz")
    store.close()

    assert (stale.status_code, stale.json["store"]) == (503, "not migrated")


def test_a_service_without_its_store_is_alive_and_not_ready(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'data' / 'hi_fhir.sqlite'}")
    service = create_app(store, CLOCK, everyone_is(Reader("icb"))).test_client()
    store.close()
    (tmp_path / "data").rename(tmp_path / "elsewhere")

    answer = service.get("/readyz")

    assert (answer.status_code, answer.json["store"]) == (503, "unreachable")
    assert service.get("/healthz").status_code == 200


OPEN = {"public_url": "https://numbers.example"}


@pytest.mark.parametrize(
    ("host", "settings", "by"),
    [
        *((host, {}, host) for host in ("0.0.0.0", "192.0.2.1", "::", "example.invalid")),  # noqa: S104
        *((host, OPEN, "https://numbers.example") for host in ("127.0.0.1", "::1", "localhost")),
        ("127.0.0.1", {"public_url": "http://10.0.0.5:8080"}, "http://10.0.0.5:8080"),
    ],
)
def test_who_can_be_called_by_others_is_not_without_log_in(tmp_path, monkeypatch, host, settings, by):
    monkeypatch.setattr("hi_fhir.web.serve.listen", lambda *_: pytest.fail("it listens"))
    with pytest.raises(ConfigError, match=rf"{re.escape(by)}.* nobody logs in\. .*serve with --clients"):
        serve(Config(data_dir=tmp_path, agreements="required", **settings), Reader("icb"), host, 0, print)


@pytest.mark.parametrize(
    ("host", "settings"),
    [
        *(("::", settings) for settings in ({}, {"public_url": "http://localhost"})),
        ("127.0.0.1", {"public_url": "http://pcn.example"}),
    ],
)
def test_who_can_be_called_by_others_is_so_by_tls(tmp_path, monkeypatch, host, settings):
    monkeypatch.setattr("hi_fhir.web.serve.listen", lambda *_: pytest.fail("it listens"))
    with pytest.raises(ConfigError, match=r"set public_url to the https address"):
        serve(Config(data_dir=tmp_path, agreements="required", **settings), None, host, 0, print)


@pytest.mark.parametrize(("host", "settings"), [("0.0.0.0", OPEN), ("127.0.0.1", OPEN)])  # noqa: S104
def test_who_can_be_called_by_others_says_that_practices_agreed(tmp_path, monkeypatch, host, settings):
    monkeypatch.setattr("hi_fhir.web.serve.listen", lambda *_: pytest.fail("it listens"))
    with pytest.raises(ConfigError, match=r"record what practices agreed to .*kept-elsewhere"):
        serve(Config(data_dir=tmp_path, **settings), None, host, 0, print)


@pytest.mark.parametrize(
    ("host", "settings"),
    [
        *(("0.0.0.0", {**OPEN, "agreements": one}) for one in ("required", "kept-elsewhere")),  # noqa: S104
        ("127.0.0.1", {**OPEN, "agreements": "required"}),
        ("127.0.0.1", {"public_url": "http://localhost:8080"}),
        ("::1", {}),
    ],
)
def test_who_says_so_or_is_called_by_nobody_else_listens(tmp_path, monkeypatch, host, settings):
    def listens(address, port):
        raise ConnectionAbortedError(address)

    monkeypatch.setattr("hi_fhir.web.serve.listen", listens)
    with pytest.raises(ConnectionAbortedError, match=host):
        serve(Config(data_dir=tmp_path, **settings), None, host, 0, print)


@pytest.mark.parametrize("settings", [{}, {"public_url": "http://localhost:8080"}, {"public_url": "http://[::1]:8080"}])
def test_whom_nobody_else_calls_needs_no_log_in(tmp_path, monkeypatch, settings):
    def listens(address, port):
        raise ConnectionAbortedError(address)

    monkeypatch.setattr("hi_fhir.web.serve.listen", listens)
    with pytest.raises(ConnectionAbortedError):
        serve(Config(data_dir=tmp_path, **settings), Reader("icb"), "127.0.0.1", 0, print)


def test_a_taken_port_is_told_as_such(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="Name another, or 0"):
        serve(Config(data_dir=tmp_path), Reader("icb"), "127.0.0.1", taken.getsockname()[1], print)


def test_the_command_serves_what_was_released_until_it_is_interrupted(tmp_path):
    store = open_store(Config(data_dir=tmp_path).store_place)
    release(store)
    store.close()

    with serving(tmp_path) as base_url:
        bundle = requests.get(f"{base_url}/MeasureReport?_count=3", timeout=5).json()
        following = next(link["url"] for link in bundle["link"] if link["relation"] == "next")
        rest = requests.get(following, timeout=5).json()

    assert (bundle["total"], len(bundle["entry"]), len(rest["entry"])) == (4, 3, 1)


@pytest.mark.slow
def test_a_practice_is_served_its_own_reports(tmp_path):
    store = open_store(Config(data_dir=tmp_path).store_place)
    release(store)
    own = release(store, audience="practice").reports
    store.close()

    with serving(tmp_path, "--audience", "practice", "--organisation", "a99002") as base_url:
        bundle = requests.get(f"{base_url}/MeasureReport", timeout=5).json()

    served = {entry["resource"]["id"] for entry in bundle["entry"]}
    assert served == {report.id for report in own if report.reporter == "A99002"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--audience", "practice"), "--audience practice goes with --organisation ODS"),
        (("--audience", "practice", "--organisation", " "), "--organisation: one of its ODS codes is empty"),
        (("--organisation", "QX1", "--organisation", ""), "--organisation: one of its ODS codes is empty"),
    ],
)
def test_exact_reports_have_a_practice_by_name_and_nobody_is_not_everybody(tmp_path, arguments, told):
    ran = hi_fhir("serve", "--data-dir", tmp_path, *arguments)

    assert ran.code == 2
    assert told in ran.err


@pytest.mark.parametrize(
    ("settings", "arguments", "organisations"),
    [
        ({}, [], None),
        ({"HI_FHIR_SERVE_ORGANISATIONS": "qx1, QX2"}, [], {"QX1", "QX2"}),
        ({"HI_FHIR_SERVE_ORGANISATIONS": "QX1"}, ["--organisation", " qx3"], {"QX3"}),
    ],
)
def test_whoever_calls_is_the_organisation_that_the_option_or_the_setting_names(
    tmp_path, monkeypatch, settings, arguments, organisations
):
    readers = []
    monkeypatch.setattr("hi_fhir.web.serve.serve", lambda _config, reader, *_: readers.append(reader))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    assert hi_fhir("serve", "--data-dir", tmp_path, *arguments).code == 0
    assert readers == [Reader("icb", organisations)]


def test_who_calls_the_address_that_the_service_listens_on_is_answered(tmp_path, monkeypatch):
    served = []

    class Server:
        effective_host, effective_port = "127.0.0.2", 8765

        def __init__(self, app, *_, **__):
            served.append(app.test_client())

        def run(self):
            pass

    monkeypatch.setattr("hi_fhir.web.serve.listen", lambda *_: socket.socket())
    monkeypatch.setattr("hi_fhir.web.serve.Answering", Server)
    serve(Config(data_dir=tmp_path), Reader("icb"), "127.0.0.2", 8765, print)

    [service] = served
    assert service.get("/fhir/metadata", base_url="http://127.0.0.2:8765").status_code == 200
    assert service.get("/fhir/metadata", base_url="http://example.invalid:8765").status_code == 400


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_service_that_was_started_where_signals_are_ignored_ends_by_each(tmp_path, number):
    with serving(tmp_path, ended_by=number) as base_url:
        assert requests.get(f"{base_url}/metadata", timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "connections"),
    [(1_024, 524_288, (4_100, 524_288), 4_000), (1_024, 1_024, (1_024, 1_024), 924), (20_000, 20_000, None, 4_000)],
)
def test_there_are_as_many_connections_as_files_may_be_open(monkeypatch, soft, hard, raised, connections):
    set_to = []
    monkeypatch.setattr("hi_fhir.web.serve.resource.getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr("hi_fhir.web.serve.resource.setrlimit", lambda _, pair: set_to.append(pair))

    assert client_limits().connections == connections
    assert set_to == ([raised] if raised else [])


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/fhir/MeasureReport/_search", "/fhir/Subscription", "/fhir/nowhere"])
@pytest.mark.parametrize("head", [b"Content-Length: 100000000", b"Transfer-Encoding: chunked"])
def test_a_body_of_100_mb_is_refused_before_it_is_here(tmp_path, path, head):
    with serving(tmp_path) as base_url:
        where = urlsplit(base_url)
        with socket.create_connection((str(where.hostname), where.port or 80), timeout=20) as calling:
            calling.sendall(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n\r\n")
            sent = 0
            with suppress(OSError):  # it is let go while it sends
                while sent < 100_000_000:
                    part = b"x" * 65_536
                    calling.sendall(b"10000\r\n" + part + b"\r\n" if b"chunked" in head else part)
                    sent += len(part)
            with suppress(OSError):
                answer = calling.recv(65_536)
                assert b" 413 " in answer.split(b"\r\n")[0]
                assert b"OperationOutcome" in answer
                assert b"nosniff" in answer
        assert sent < 20_000_000
        assert requests.get(f"{base_url}/metadata", timeout=5).status_code == 200

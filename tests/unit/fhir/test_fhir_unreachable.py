"""Why a server is not reached is told apart: the name, the port, the proxy, the certificate, plain HTTP, or time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import responses

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, SourceError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.settings import source_client
from tests.support import hostile
from tests.support.calling import NOW
from tests.support.tls import made_certificate, secured_server

ONCE = Config(tries=1, timeout_s=5)


def caught(base: str, config: Config = ONCE) -> SourceError:
    with (
        FhirClient(source_client(config, SourceSettings("elm", base)), NOW, lambda _: None) as client,
        pytest.raises(SourceError) as error,
    ):
        client.request(Request("search of Patient", f"{base}/Patient?name=Quartz"))
    assert "Quartz" not in str(error.value)
    return error.value


def a_closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return int(listening.getsockname()[1])


def test_a_refused_connection() -> None:
    error = caught(f"http://127.0.0.1:{a_closed_port()}/fhir")
    assert error.kind == "no-connection"
    assert "127.0.0.1 refuses the connection. Does the server run" in str(error)
    assert error.retryable


def test_a_name_that_nobody_knows_is_asked_for_twice_and_not_six_times(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def unknown(host: str, *_: Any, **__: Any) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = caught("http://elm.invalid/fhir", replace(ONCE, tries=6))
    assert error.kind == "unknown-host"
    assert "the name elm.invalid cannot be resolved" in str(error)
    assert asked == ["elm.invalid"] * 2


def test_plain_http_behind_https() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def answer() -> None:
            calling, _ = listening.accept()
            with calling:
                calling.recv(65_536)
                calling.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        error = caught(f"https://127.0.0.1:{listening.getsockname()[1]}/fhir")
    assert error.kind == "plain-http"
    assert "speaks plain HTTP there, not HTTPS" in str(error)
    assert not error.retryable


def test_a_connection_that_ends_before_it_says_anything() -> None:
    with hostile.hostile(hostile.broken_off) as base:
        assert "ended the connection before it answered" in str(caught(base))


def test_a_server_that_says_nothing() -> None:
    with hostile.hostile(lambda _send, _asked: threading.Event().wait(2)) as base:
        error = caught(base, replace(ONCE, timeout_s=0.2))
    assert error.kind == "timeout"
    assert "no response in time" in str(error)


def test_a_proxy_that_fails_and_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    password = "swordfish"
    error = caught("http://elm.invalid/fhir", replace(ONCE, proxy=f"http://me:{password}@127.0.0.1:{a_closed_port()}"))
    assert error.kind == "proxy"
    assert "Is the setting proxy" in str(error)
    assert password not in str(error)
    seen = []

    def as_a_proxy(send: hostile.Send, asked: str) -> None:
        seen.append(asked)
        hostile.body(send, b"{}")

    with hostile.hostile(as_a_proxy) as base:
        config = replace(ONCE, proxy=base.removesuffix("/fhir"))
        with FhirClient(source_client(config, SourceSettings("elm", "http://elm.invalid/fhir")), NOW) as client:
            assert client.request(Request("look", "http://elm.invalid/fhir/metadata")).body == b"{}"
    assert seen == ["GET http://elm.invalid/fhir/metadata HTTP/1.1"]


@pytest.mark.parametrize("way", ["setting", "environment"])
def test_this_machine_is_asked_without_a_proxy(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"http://127.0.0.1:{a_closed_port()}"
    if way == "environment":
        monkeypatch.setenv("HTTP_PROXY", nowhere)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
    config = replace(ONCE, proxy=nowhere if way == "setting" else None)
    with (
        hostile.hostile(lambda send, _: hostile.body(send, b"{}")) as base,
        FhirClient(source_client(config, SourceSettings("elm", base)), NOW) as client,
    ):
        assert client.request(Request("look", base)).body == b"{}"


@pytest.mark.parametrize("proxy", ["proxy.example:8080", "ftp://proxy.example", "http://"])
def test_a_proxy_that_is_no_url_is_the_users_to_mend_and_is_not_shown(proxy: str) -> None:
    with pytest.raises(ConfigError, match="setting proxy: give the URL of an HTTP proxy") as error:
        FhirClient(source_client(replace(ONCE, proxy=proxy), SourceSettings("elm", "http://elm.invalid/fhir")), NOW)
    assert proxy not in str(error.value).replace("http://proxy.example:8080", "")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_ca_file_that_is_none_is_the_users_to_mend(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="not there, or holds no certificates"):
        FhirClient(source_client(replace(ONCE, ca_file=path), SourceSettings("elm", "https://elm.invalid/fhir")), NOW)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server on loopback with a certificate of its own making, and that certificate."""
    own = made_certificate(tmp_path_factory.mktemp("tls"), "localhost")
    with secured_server(own, None) as url:
        yield f"{url}/fhir", Path(own.certificate)


def test_a_certificate_that_nobody_vouches_for(secured: tuple[str, Path]) -> None:
    error = caught(secured[0])
    assert error.kind == "certificate"
    assert "the certificate of localhost is not trusted: self" in str(error)
    assert "ca_file" in str(error)
    assert not error.retryable


def test_a_certificate_of_ones_own_authority(secured: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")  # the setting goes first
    config = replace(ONCE, ca_file=secured[1])
    with FhirClient(source_client(config, SourceSettings("elm", secured[0])), NOW) as client:
        assert client.request(Request("look", secured[0])).status == 200


def test_a_certificate_of_another_name(secured: tuple[str, Path]) -> None:
    error = caught(secured[0].replace("localhost", "127.0.0.1"), replace(ONCE, ca_file=secured[1]))
    assert error.kind == "certificate"
    assert "mismatch" in str(error)


@responses.activate
def test_what_is_known_of_no_failure_is_told_as_such() -> None:
    responses.get("http://elm.invalid/fhir/Patient", body=responses.ConnectionError("something"))
    assert "elm.invalid cannot be reached" in str(caught("http://elm.invalid/fhir"))

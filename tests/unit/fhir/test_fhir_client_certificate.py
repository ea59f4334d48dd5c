"""Mutual TLS: a client shows its own certificate to the server that it is for, and to no other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, SourceError
from hi_fhir.core.source_settings import ClientCertificate, SourceSettings
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.settings import source_client
from tests.support.calling import NOW
from tests.support.tls import made_certificate, secured_server


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> ClientCertificate:
    return made_certificate(tmp_path_factory.mktemp("host"), "localhost")


@pytest.fixture(scope="module")
def elm(tmp_path_factory: pytest.TempPathFactory) -> ClientCertificate:
    return made_certificate(tmp_path_factory.mktemp("elm"), "elm")


@pytest.fixture(scope="module")
def insisting(host: ClientCertificate, elm: ClientCertificate) -> Iterator[str]:
    with secured_server(host, elm) as url:
        yield url


@pytest.fixture(scope="module")
def asking(host: ClientCertificate, elm: ClientCertificate) -> Iterator[str]:
    with secured_server(host, elm, wanted=False) as url:
        yield url


@pytest.fixture
def config(host: ClientCertificate) -> Config:
    return Config(tries=1, timeout_s=5, ca_file=Path(host.certificate))


def test_a_certificate_is_shown_to_the_server_that_insists(
    insisting: str, elm: ClientCertificate, config: Config
) -> None:
    source = SourceSettings("elm", insisting, client_certificate=elm)
    with FhirClient(source_client(config, source), NOW) as client:
        assert client.request(Request("look", insisting)).body == b'{"shown":"elm"}'


def test_who_has_none_to_show_is_told_how(insisting: str, config: Config) -> None:
    with (
        FhirClient(source_client(config, SourceSettings("elm", insisting)), NOW) as client,
        pytest.raises(SourceError, match="client_certificate") as error,
    ):
        client.request(Request("look", insisting))
    assert error.value.kind == "tls"
    assert not error.value.retryable


def test_it_is_shown_to_no_other_server(insisting: str, asking: str, elm: ClientCertificate, config: Config) -> None:
    source = SourceSettings("elm", insisting, client_certificate=elm, trusted_hosts={"localhost": ""})
    with FhirClient(source_client(config, source), NOW) as client:
        assert client.request(Request("look", asking)).body == b'{"shown":""}'
        request = Request("look", f"{insisting}/elsewhere", headers={"X-To": f"{asking}/"}, anywhere=True)
        assert client.request(request).body == b'{"shown":""}'
        assert client.request(Request("look", insisting)).body == b'{"shown":"elm"}'


@pytest.mark.parametrize("fault", ["no-file", "no-certificate", "another-key", "open-to-others", "password"])
def test_what_cannot_be_shown_is_the_users_to_mend(
    tmp_path: Path, elm: ClientCertificate, config: Config, fault: str
) -> None:
    shown = made_certificate(tmp_path, "oak", password=b"opal" if fault == "password" else None)
    if fault == "no-file":
        Path(shown.certificate).unlink()
    if fault == "no-certificate":
        Path(shown.certificate).write_text("opal", encoding="ascii")
    if fault == "another-key":
        shown = replace(shown, key=elm.key)
    if fault == "open-to-others":
        Path(shown.key).chmod(0o640)
    source = SourceSettings("oak", "https://oak.invalid/fhir", client_certificate=shown)
    with pytest.raises(ConfigError, match="client certificate: ") as error:
        FhirClient(source_client(config, source), NOW)
    assert "opal" not in str(error.value)

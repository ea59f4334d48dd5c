"""Which servers can be published to, and how they are named."""

import pytest

from hi_fhir.core.errors import ConfigError
from hi_fhir.reports.sending.targets import read_target


def test_a_target_is_named_by_scheme_host_port_and_path() -> None:
    assert read_target("https://ICB.example:8443/fhir/").base_url == "https://icb.example:8443/fhir"


@pytest.mark.parametrize(
    "url",
    ["https://me:secret@icb.example/fhir", "https://icb.example/fhir?key=secret", "https://icb.example/fhir#secret"],
)
def test_credentials_and_queries_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_target(url)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["icb.example/fhir", "ftp://icb.example", "http:///fhir", "http://icb.example:x/fhir"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="--publish"):
        read_target(url)


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [
        ("http://127.0.0.1:8080/fhir", True),
        ("http://127.9.9.9/fhir", True),
        ("http://localhost/fhir", True),
        ("http://[::1]:8080/fhir", True),
        ("http://10.0.0.1/fhir", False),
        ("https://localhost.example/fhir", False),
        ("https://icb.example/fhir", False),
    ],
)
def test_loopback_is_this_machine_only(url: str, is_loopback: bool) -> None:
    assert read_target(url).is_loopback is is_loopback

"""What `--source` names, and whose secrets go there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.cli.options import read_sources
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.source_settings import SourceSettings

HOME = "https://elm.example/fhir"
KNOWN = SourceSettings("main", HOME, token="secret", practice="A99001", trusted_hosts={"files.example": "other"})


def config(source: SourceSettings = KNOWN) -> Config:
    return Config(sources={source.name: source})


@pytest.mark.parametrize("address", [HOME, "https://ELM.example:443/other"])
def test_a_source_on_its_own_server_has_what_the_settings_say(address: str) -> None:
    assert read_sources(config(), [address]) == (replace(KNOWN, address=address),)


@pytest.mark.parametrize(
    "address", ["https://oak.example/fhir", "http://elm.example/fhir", "https://elm.example:8443/"]
)
@pytest.mark.parametrize("secrets", [{"token": None}, {"trusted_hosts": {}}])
def test_secrets_of_one_server_go_to_no_other(address: str, secrets: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="source main are for the server in its settings") as caught:
        read_sources(config(replace(KNOWN, **secrets)), [address])
    assert "secret" not in str(caught.value)


def test_a_source_without_secrets_may_be_anywhere() -> None:
    plain = SourceSettings("main", HOME, practice="A99001")

    assert read_sources(config(plain), ["http://oak.example"]) == (replace(plain, address="http://oak.example"),)


def test_a_folder_may_stand_in_for_a_server(tmp_path: Path) -> None:
    assert read_sources(config(), [str(tmp_path)])[0].address == str(tmp_path)


def test_a_token_in_the_environment_alone_is_for_the_source_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HI_FHIR_SOURCE_OAK_ROAD_TOKEN", "secret")

    oak, main = read_sources(Config(), [f"oak-road={HOME}", "http://example.invalid/fhir"])[::-1]

    assert (oak.token, main.token) == ("secret", None)


def test_a_password_in_an_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="source oak: its address holds a user or a password"):
        read_sources(Config(), ["oak=http://me:secret@example.invalid/fhir"])

"""The provider that people log in by, as the settings file names it, and where its secret is read from."""

import re
import tomllib
from pathlib import Path

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.open_id_settings import OpenIdSettings
from hi_fhir.core.secret_files import read_secret

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hi-fhir.toml"


def test_the_table_of_the_reference_is_one_that_is_read(file: Path) -> None:
    [block] = re.findall(r"^    \[open_id\]\n(?:    .*\n)+", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    table = re.sub(r"^    ", "", block, flags=re.MULTILINE)
    file.write_text(table, encoding="utf-8")

    found = Config.from_env({}).open_id

    assert found == OpenIdSettings(**{**tomllib.loads(table)["open_id"], "secret_command": ("pass", "hi-fhir/open-id")})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ('issuer = "http://login.example"', "https address"),
        ("issuer = 5", r"\[open_id\]"),
        ('roles = { x = "public" }', "maps words of the provider to practice, pcn, icb, operator"),
    ],
)
def test_a_table_that_nobody_could_log_in_by_is_refused(file: Path, changed: str, told: str) -> None:
    usual = {
        "issuer": '"https://login.example"',
        "client_id": '"x"',
        "role_claim": '"r"',
        "organisation_claim": '"o"',
        "roles": '{ x = "icb" }',
    }
    name, _, value = changed.partition(" = ")
    lines = (f"{one} = {text}" for one, text in {**usual, name: value}.items())
    file.write_text("\n".join(["[open_id]", *lines]), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        Config.from_env({})


def test_a_secret_is_in_its_owners_file_or_printed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("hush\n")
    path.chmod(0o600)
    assert read_secret("open_id", "secret", "secret", str(path), ()) == "hush\n"
    assert read_secret("open_id", "secret", "secret", None, ("cat", str(path))) == "hush\n"
    path.chmod(0o640)
    for file, command, told in (
        (None, (), r"\(secret\), or what prints it \(secret_command\)"),
        (str(path), ("cat", str(path)), r"\(secret\), or what prints it"),
        (str(path), (), "others may read"),
        (str(tmp_path / "absent"), (), "cannot be read"),
        (None, ("false",), "which is to print its secret, failed"),
    ):
        with pytest.raises(ConfigError, match=told):
            read_secret("open_id", "secret", "secret", file, command)

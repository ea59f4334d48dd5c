"""Settings: where each comes from, which wins, and what is said of one that is wrong."""

from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.config import RANGES, Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.source_settings import ClientCertificate, SignedSettings, SourceSettings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hi-fhir.toml"


def test_without_a_file_and_an_environment_the_defaults_hold(file: Path) -> None:
    assert Config.from_env({}) == Config()


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(file: Path) -> None:
    file.write_text("page_size = 50\nslices = 3\n", encoding="utf-8")

    config = Config.from_env({"HI_FHIR_SLICES": "4"})

    assert (config.page_size, config.slices, config.tries) == (50, 4, Config.tries)


def test_values_take_the_type_of_their_setting(file: Path) -> None:
    config = Config.from_env(
        {
            "HI_FHIR_DATA_DIR": "here",
            "HI_FHIR_OVERLAYS": "one:two",
            "HI_FHIR_TIMEOUT_S": "1.5",
            "HI_FHIR_OPT_OUT_LIST": "list.csv",
        }
    )

    assert (config.data_dir, config.overlays) == (Path("here"), (Path("one"), Path("two")))
    assert (config.timeout_s, config.opt_out_list) == (1.5, Path("list.csv"))


@pytest.mark.parametrize(
    ("url", "file"),
    [
        (None, "data/hi_fhir.sqlite"),
        ("sqlite:///reports.sqlite", "reports.sqlite"),
        ("sqlite:////srv/hi fhir/reports.sqlite", "/srv/hi fhir/reports.sqlite"),
    ],
)
def test_the_store_is_in_the_data_folder_or_where_the_setting_says(url: str | None, file: str) -> None:
    assert Config(data_dir=Path("data"), store_url=url).store_place == Path(file)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://elm:s%40cret@db.example:5433/reports", "postgresql://db.example:5433/reports"),
        ("postgresql://elm@[::1]/reports?password=s%40cret&sslmode=verify-full", "postgresql://[::1]/reports"),
        ("postgresql:///reports?host=/run/postgresql", "postgresql:///reports"),
    ],
)
def test_a_store_on_a_server_is_shown_without_who_asks_and_by_which_password(url: str, shown: str) -> None:
    config = Config(store_url=url)

    assert (config.store_place, config.store_shown) == (url, shown)
    assert "cret" not in repr(config)


def test_organisations_are_a_list_of_the_file_and_joined_by_commas_in_the_environment(file: Path) -> None:
    file.write_text('publish_organisations = ["qx1", " QX2 ", "QX1"]\n', encoding="utf-8")

    config = Config.from_env({"HI_FHIR_SERVE_ORGANISATIONS": "a99001, a99002"})

    assert (config.publish_organisations, config.serve_organisations) == (("QX1", "QX2"), ("A99001", "A99002"))


def test_sources_are_tables_of_the_file_and_their_tokens_come_from_the_environment(file: Path) -> None:
    file.write_text(
        '[sources.elm-road]\naddress = "http://example.invalid/fhir"\npractice = "A00001"\ntoken = "file"\n',
        encoding="utf-8",
    )

    from_file, from_environment = Config.from_env({}), Config.from_env({"HI_FHIR_SOURCE_ELM_ROAD_TOKEN": "secret"})

    assert from_file.sources["elm-road"].token == "file"
    assert from_environment.sources["elm-road"].token == "secret"
    assert from_environment.sources["elm-road"].practice == "A00001"
    assert "secret" not in repr(from_environment)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pagesize = 50\n", "unknown setting 'pagesize'"),
        ("page_size = [\n", "Fix the line named"),
        ('imd_year = "soon"\n', "setting imd_year: 'soon' is not one of 2019, 2025"),
        ("imd_year = 2015\n", "setting imd_year: 2015 is not one of 2019, 2025"),
        ('opt_out_policy = "none"\n', "setting opt_out_policy: 'none' is not one of not-applicable"),
        ('page_size = "many"\n', "setting page_size: 'many' is not a whole number from 1 to 10,000"),
        ("page_size = 1.5\n", r"setting page_size: 1\.5 is not a whole number from 1 to 10,000"),
        ("page_size = true\n", "setting page_size: True is not a whole number"),
        ("overlays = [1]\n", r"setting overlays: \[1\] is not a list of folders"),
        ("data_dir = 1\n", "setting data_dir: 1 is not text"),
        ('publish_organisations = ["QX1", 2]\n', "setting publish_organisations: .* is not a list of ODS codes"),
        ("publish_organisations = []\n", "setting publish_organisations: one of its ODS codes is empty"),
        ('serve_organisations = "QX1,"\n', "setting serve_organisations: one of its ODS codes is empty"),
        ('store_url = "mysql://elm:secret@db/reports"\n', "^store_url: the store is a file of SQLite or .*/database.$"),
        ('store_url = "postgresql://elm:secret@db"\n', "^store_url: the store is a file of SQLite or .*/database.$"),
        ('store_url = "sqlite://"\n', "store_url: the store is a file of SQLite"),
        ('store_url = "sqlite:///"\n', "store_url: the store is a file of SQLite"),
        ('store_url = "sqlite:///:memory:"\n', "store_url: the store is a file of SQLite"),
        ('store_url = "sqlite:///reports?mode=ro"\n', "store_url: the store is a file of SQLite"),
        ("sources = 5\n", "sources are tables"),
        ("[sources]\nelm = 5\n", r"\[sources.elm\]: a source is a table"),
        ('[sources.elm]\naddress = "x"\ncolour = "red"\n', r"\[sources.elm\]: .*colour"),
        ('[sources.elm]\naddress = "x"\nname = "oak"\n', r"\[sources.elm\]: .*name"),
        ("[sources.elm]\n", r"\[sources.elm\]: .*address"),
        ('[sources.elm]\naddress = "x"\nrewrite_next_host = "false"\n', r"\[sources.elm\]: .*rewrite_next_host"),
        ('[sources.elm]\naddress = "x"\ntrusted_hosts = ["x"]\n', r"\[sources.elm\]: .*trusted_hosts"),
        ('[sources.elm]\naddress = "x"\nwhole_types = "Observation"\n', r"\[sources.elm\]: .*whole_types"),
        ('[sources.elm]\naddress = "http://me:secret@example.invalid"\n', "source elm: .*HI_FHIR_SOURCE_ELM_TOKEN"),
    ],
)
def test_a_setting_that_is_wrong_is_named(file: Path, text: str, message: str) -> None:
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=message):
        Config.from_env({})


def test_a_file_that_is_named_must_be_there(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"settings file other\.toml is not there"):
        Config.from_env({"HI_FHIR_CONFIG": "other.toml"})


@pytest.mark.parametrize("name", RANGES)
def test_a_number_stays_in_its_range(file: Path, name: str) -> None:
    lowest, highest = RANGES[name]
    variable = f"HI_FHIR_{name.upper()}"

    assert lowest <= getattr(Config, name) <= highest
    assert getattr(Config.from_env({variable: f"{lowest:g}"}), name) == lowest
    for wrong in (f"{lowest - 1:g}", f"{highest + 1:.0f}", "nan", "inf", ""):
        with pytest.raises(ConfigError, match=rf"setting {name}: '{wrong}' is not a .*number from {lowest} to "):
            Config.from_env({variable: wrong})


def test_every_number_has_a_range_or_a_choice() -> None:
    given = vars(Config()).items()
    numbers = {name for name, value in given if isinstance(value, int | float) and not isinstance(value, bool)}

    assert numbers == {*RANGES, "imd_year"}


def test_a_token_to_publish_with_needs_the_server_that_it_is_for(file: Path) -> None:
    with pytest.raises(ConfigError, match="publish_client_certificate need publish_url"):
        Config.from_env({"HI_FHIR_PUBLISH_TOKEN": "secret"})

    whole = Config.from_env({"HI_FHIR_PUBLISH_TOKEN": "secret", "HI_FHIR_PUBLISH_URL": "https://icb.example/fhir"})

    assert whole.publish_token == "secret"
    assert "secret" not in repr(whole)


def test_a_certificate_to_publish_with_is_a_table_of_two_files(file: Path) -> None:
    table = 'publish_url = "https://icb.example/fhir"\n[publish_client_certificate]\n'
    file.write_text(f'{table}certificate = "c.pem"\nkey = "c.key"\n', encoding="utf-8")
    assert Config.from_env({}).publish_client_certificate == ClientCertificate("c.pem", "c.key")

    file.write_text(
        'publish_url = "https://icb.example/fhir"\n[publish_client_certificate]\nkey = 5\n', encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"\[publish_client_certificate\]"):
        Config.from_env({})


@pytest.mark.parametrize(
    "more",
    [
        {"token": "secret"},
        {"signed": SignedSettings("gp", key="k.pem")},
        {"client_certificate": ClientCertificate("c.pem", "c.key")},
        {"trusted_hosts": {"files.example": ""}},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_is_for_one_server_is_known_as_such(more: dict[str, Any]) -> None:
    assert SourceSettings("elm", "https://elm.example/fhir", **more).has_credentials
    assert not SourceSettings("elm", "https://elm.example/fhir").has_credentials


def test_a_secret_that_is_wrong_is_not_told(file: Path) -> None:
    file.write_text("publish_token = 12345\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="setting publish_token: its value is not text") as caught:
        Config.from_env({})
    assert "12345" not in str(caught.value)


def test_a_settings_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.mkdir()

    with pytest.raises(ConfigError, match=r"settings file hi-fhir\.toml cannot be read: Is a directory"):
        Config.from_env({})


@pytest.mark.parametrize("address", ["http://me:secret@example.invalid/fhir", "https://me@example.invalid/fhir"])
def test_an_address_with_a_user_or_a_password_is_refused_without_telling_it(address: str) -> None:
    with pytest.raises(ConfigError, match="source elm: its address holds a user or a password") as caught:
        SourceSettings("elm", address)
    assert "secret" not in str(caught.value)

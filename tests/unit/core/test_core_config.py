"""Settings: where each comes from, which wins, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError


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
        ("page_size = [\n", "Mend the line named"),
        ('imd_year = "soon"\n', "setting imd_year: 'soon' is not a int"),
        ("imd_year = 2015\n", "imd_year 2015 is not 2019 or 2025"),
        ('opt_out_policy = "none"\n', "opt_out_policy 'none' is not one of not-applicable"),
        ('[sources.elm]\naddress = "x"\ncolour = "red"\n', r"\[sources.elm\]: .*colour"),
        ("[sources.elm]\n", r"\[sources.elm\]: .*address"),
    ],
)
def test_a_setting_that_is_wrong_is_named(file: Path, text: str, message: str) -> None:
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=message):
        Config.from_env({})


def test_a_file_that_is_named_must_be_there(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"settings file other\.toml is not there"):
        Config.from_env({"HI_FHIR_CONFIG": "other.toml"})

"""Names of before go on working for one version, and say what they are called now."""

from pathlib import Path

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.renamed import OPTIONS, SETTINGS, current_options
from tests.support.cli import hi_fhir

COMMANDS = {"--organisation": "serve"}
VALUES = {"publish_organisations": ('"A99001"', ("A99001",))}
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("old", "new"), OPTIONS.items())
def test_an_option_by_its_old_name_is_the_new_one_with_a_warning(old: str, new: str) -> None:
    warnings: list[str] = []

    assert current_options(["run", old, "2025-03-31"], warnings.append) == ["run", new, "2025-03-31"]
    assert current_options([f"{old}=2025-03-31"], warnings.append) == [f"{new}=2025-03-31"]
    assert warnings == [f"option {old} is called {new} now; the next version will not know the old name."] * 2


def test_the_command_line_takes_an_old_name_and_warns_on_stderr() -> None:
    ran = hi_fhir("evaluate", "--period", "2024-04-01..2025-03-31", "--as-of", "yesterday")

    assert ran.code == 2
    assert "Warning: option --as-of is called --reference-date now" in ran.err
    assert "is not a day such as" in ran.err


@pytest.mark.parametrize("new", OPTIONS.values())
def test_an_option_by_its_new_name_warns_of_nothing_and_is_there(new: str) -> None:
    warnings: list[str] = []

    assert current_options([new], warnings.append) == [new]
    assert warnings == []
    assert f"{new} " in hi_fhir(COMMANDS.get(new, "run"), "--help").out


@pytest.mark.parametrize(("old", "new"), SETTINGS.items())
def test_a_setting_by_its_old_name_is_the_new_one_from_the_file_and_the_environment(old: str, new: str) -> None:
    warnings: list[str] = []
    text, value = VALUES.get(new, ("7", 7))
    from_environment = Config.from_env({f"HI_FHIR_{old.upper()}": text.strip('"')}, warnings.append)
    Path("hi-fhir.toml").write_text(f"{old} = {text}\n", encoding="utf-8")
    from_file = Config.from_env({}, warnings.append)

    assert getattr(from_environment, new) == getattr(from_file, new) == value
    assert [word in told for word, told in zip((old.upper(), old), warnings, strict=True)] == [True, True]


def test_a_setting_by_both_names_is_refused() -> None:
    Path("hi-fhir.toml").write_text("answer_limit_mb = 7\nresponse_limit_mb = 8\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="answer_limit_mb and response_limit_mb are one setting"):
        Config.from_env({})


def test_every_old_name_is_told_in_the_changelog() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert [name for name in (*OPTIONS, *SETTINGS) if f"`{name}`" not in changes] == []

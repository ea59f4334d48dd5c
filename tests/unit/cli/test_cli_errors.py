"""One place turns errors into exit codes and messages: 0 done, 1 ours, 2 the user's, 3 the server's, 4 a gate's."""

from pathlib import Path

import click
import pytest

from hi_fhir.cli.main import COMMANDS, cli
from hi_fhir.core import errors
from tests.support.cli import hi_fhir, settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with settings(monkeypatch, tmp_path):
        yield tmp_path


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `hi-fhir status` raise this."""

    @click.command("status")
    def status_command() -> None:
        raise error

    from hi_fhir.cli import status

    monkeypatch.setattr(status, "status_command", status_command)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UserError("mend it"), 2),
        (errors.ConfigError("mend it"), 2),
        (errors.DefinitionError("mend it"), 2),
        (errors.TerminologyError("mend it"), 2),
        (errors.NotFoundError("mend it"), 2),
        (errors.SourceError("it failed", kind="http-status"), 3),
        (errors.GateError("it does not add up"), 4),
        (errors.HiFhirError("something"), 1),
    ],
)
def test_an_error_is_one_message_and_its_exit_code(
    error: errors.HiFhirError, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(error, monkeypatch)

    ran = hi_fhir("status")

    assert (ran.code, ran.out, ran.err) == (code, "", f"hi-fhir: {error}\n")


def test_our_own_fault_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(KeyError("nothing"), monkeypatch)

    ran = hi_fhir("status")

    assert ran.code == 1
    assert "Traceback" in ran.err
    assert "this is a fault of hi-fhir" in ran.err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_says_how_to_go_on(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(error, monkeypatch)

    ran = hi_fhir("status")

    assert (ran.code, ran.err.strip()) == (130, "Interrupted (SIGINT). The same command goes on where it stopped.")


def test_an_exit_code_that_a_command_sets_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(click.exceptions.Exit(3), monkeypatch)

    assert hi_fhir("status").code == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["evaluate"], "Missing option '--period'"),
        (["evaluate", "--period", "2025-03-31..2024-04-01"], "is not a period such as 2024-04-01..2025-03-31"),
        (["evaluate", "--period", "2024"], "is not a period such as"),
        (["evaluate", "--period", "2024-04-01..2025-03-31", "--reference-date", "yesterday"], "is not a day such as"),
        (["evaluate", "--period", "2024-04-01..2025-03-31", "--measures", "nope"], "holds no source yet"),
        (["report"], "the data folder holds no evaluation"),
        (["report", "--evaluation", "nope"], "no evaluation is called 'nope'"),
        (["status", "--run", "nope"], "no run is called 'nope'"),
        (["quarantine"], "source 'main' has no snapshot"),
        (["flatten"], "holds no source yet"),
        (["flatten", "--source", "elm"], "source 'elm' has no finished pull"),
        (["publish", "--publish", "http://example.invalid/fhir"], "publishing needs to know who it is for"),
        (["pull", "--source", "nowhere"], "neither a URL (http:// or https://) nor a folder"),
        (["pull", "--source", "a b=http://example.invalid"], "may have letters, digits, - and _ only"),
        (["pull", "--source", "http://example.invalid", "--source", "http://example.invalid"], "called 'main'"),
        (
            ["run", "--source", "http://example.invalid", "--period", "2024-04-01..2025-03-31", "--workers", "0"],
            "workers",
        ),
    ],
)
def test_what_the_user_can_mend_exits_with_2_and_says_what(place: Path, arguments: list[str], message: str) -> None:
    ran = hi_fhir(*arguments)

    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_a_setting_that_does_not_parse_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HI_FHIR_WORKERS", "many")

    ran = hi_fhir("status")

    assert ran.code == 2
    assert "setting workers: 'many' is not a whole number from 1 to 64" in ran.err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["--version"], ["run", "--help"], ["measures", "list", "-h"]]
)
def test_help_and_version_exit_with_0(arguments: list[str]) -> None:
    ran = hi_fhir(*arguments)

    assert ran.code == 0
    assert "hi-fhir" in ran.out


def test_help_tells_the_exit_codes() -> None:
    printed = " ".join(hi_fhir("--help").out.split())

    assert "0 done, 1 our fault, 2 yours" in printed
    assert "130 interrupted" in printed


def test_help_lists_every_command() -> None:
    assert cli.list_commands(click.Context(cli)) == list(COMMANDS)
    assert all(f"\n  {name} " in hi_fhir("--help").out for name in COMMANDS)


def test_nothing_run_yet_is_no_error(place: Path) -> None:
    assert hi_fhir("status", "--json").json["runs"] == []
    assert hi_fhir("status").code == 0

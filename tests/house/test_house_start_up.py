"""What a command loads before it does anything: an engine that is not used costs each of them half a second."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from hi_fhir.cli.main import COMMANDS, cli
from tests.support.data_folder import unpack

HEAVY = {
    *("alembic", "duckdb", "fhir", "flask", "ibis", "numpy", "pandas", "pyarrow", "pydantic", "requests", "rich"),
    *("sqlalchemy", "sqlglot", "zstandard"),
}
TOLD = """
import sys
from hi_fhir.cli.main import run_command
code = run_command(sys.argv[1:])
sys.stderr.write(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """Those of HEAVY that a command has loaded when it ends, as a process of its own."""
    environ = {"HI_FHIR_DATA_DIR": str(folder / "data"), "HI_FHIR_KEY_FILE": str(folder / "keys" / "identity.key")}
    ran = subprocess.run(
        [sys.executable, "-c", TOLD, *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return HEAVY.intersection(ran.stderr.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of before."""
    made = tmp_path_factory.mktemp("start-up")
    unpack(made)
    return made


@pytest.mark.parametrize(
    ("arguments", "used"),
    [
        (["--help"], set()),
        (["status", "--help"], {"rich"}),
        (["measures", "list"], {"rich"}),
        (["status"], {"rich"}),
    ],
)
def test_a_command_loads_what_it_uses(folder: Path, arguments: list[str], used: set[str]) -> None:
    assert loaded(folder, *arguments) == used


def test_a_run_loads_no_solver_before_there_is_something_to_attack() -> None:
    told = "import sys, hi_fhir.pipeline.run; print('scipy' in sys.modules, 'ibis' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "False True\n", ran.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_how_the_help_of_each_begins(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert " ".join((command.help or "").split()).startswith(COMMANDS[name][1])

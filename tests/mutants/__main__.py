"""Which small wrong changes of a module no test notices: `python -m tests.mutants MODULE [--sample N] TESTS...`

Each change is tried in a process of its own, forked when what we build on has been loaded and nothing of hi_fhir has:
so that what runs while a module is imported (definitions of measures, decorated functions, constants) is changed too.
"""

import argparse
import contextlib
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from pathlib import Path
from types import ModuleType

import click
import duckdb
import hypothesis
import ibis
import ibis.backends.duckdb
import pyarrow.parquet
import pytest
import sqlglot

from tests.mutants.changes import Change, changes

LOADED = (duckdb, hypothesis, ibis, pyarrow, sqlglot)
"""What takes long to import, and is so imported once."""

QUIET = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
SEED = 20261128


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module from a source of ours."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(self, fullname, path=None, target=None):
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._path)
        exec(compile(self._source, self._path, "exec"), module.__dict__)  # noqa: S102  our own source


def goes_unnoticed(path: Path, change: Change, tests: list[str], seconds: float) -> bool:
    """Whether every test passes with the change; tests that take longer than `seconds` have noticed it."""
    process = os.fork()
    if process == 0:
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        name = ".".join(path.with_suffix("").parts)
        sys.meta_path.insert(0, _Changed(name, path, change.source))
        code = 3
        with contextlib.suppress(BaseException):
            code = int(pytest.main([*QUIET, *tests]))
        os._exit(code)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("module", type=Path, help="such as hi_fhir/cohorts/linking.py")
    parser.add_argument("tests", nargs="+", help="files or ids of the tests that are about it, the fastest first")
    parser.add_argument(
        "--sample", type=int, default=0, help="how many of the changes, drawn with a fixed seed; 0: all"
    )
    parser.add_argument("--seconds", type=float, default=300.0, help="that the tests may take for one change")
    given = parser.parse_args()
    unchanged = given.module.read_text(encoding="utf-8")
    if not goes_unnoticed(given.module, Change(0, "", "", unchanged), given.tests, given.seconds):
        click.echo("the tests fail without any change. Mend them first.")
        return 2
    made = changes(unchanged)
    tried = sorted(random.Random(SEED).sample(made, given.sample)) if 0 < given.sample < len(made) else made
    survived = 0
    for change in tried:
        if goes_unnoticed(given.module, change, given.tests, given.seconds):
            survived += 1
            click.echo(f"{given.module}:{change.line}\n  - {change.before}\n  + {change.after}")
    click.echo(f"{given.module}: {len(made)} changes, {len(tried)} tried, {survived} that no test noticed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())

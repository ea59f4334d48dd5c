"""Commands as a shell would run them: exit code, what is printed, and what is said on stderr."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hi_fhir.cli.main import run_command


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document that was printed."""
        return json.loads(self.out)


def hi_fhir(*arguments: str | Path) -> Ran:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = run_command([str(argument) for argument in arguments])
    return Ran(code, out.getvalue(), err.getvalue())


@contextmanager
def settings(environment: pytest.MonkeyPatch, folder: Path, **values: object) -> Iterator[None]:
    """No settings of whoever runs the tests: a key and data in `folder`, and `values` as HI_FHIR_<NAME>."""
    own = {"key_file": folder / "keys" / "identity.key", "data_dir": folder / "data", **values}
    with environment.context() as patched:
        patched.chdir(folder)
        for name, value in own.items():
            patched.setenv(f"HI_FHIR_{name.upper()}", str(value))
        yield

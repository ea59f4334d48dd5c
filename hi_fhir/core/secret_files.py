"""Secrets of the deployment's own: in a file that its owner alone may read, or printed by a command."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from hi_fhir.core.errors import ConfigError

_COMMAND_S = 30
_NOT_OWNER = 0o077


def read_secret(place: str, name: str, what: str, file: str | None, command: Sequence[str]) -> str:
    """The text of a secret. place, what: as errors call them. name: of the setting for its file; that for the command
    has `_command` after it.

    Raises:
        ConfigError: neither or both are named, others may read the file, or it cannot be had.
    """
    if (file is None) == (not command):
        raise ConfigError(f"{place}: name the file of the {what} ({name}), or what prints it ({name}_command).")
    if file is not None:
        path = Path(file)
        try:
            if path.stat().st_mode & _NOT_OWNER:
                raise ConfigError(f"{place}: others may read {path}. Run: chmod 600 on it, and think of a new {name}.")
            return path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{place}: {path} cannot be read.") from error
    try:
        ran = subprocess.run(command, capture_output=True, timeout=_COMMAND_S, check=True, text=True)  # noqa: S603  the operator's own command, from the settings file
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place}: {command[0]}, which is to print its {name}, failed.") from error
    return ran.stdout

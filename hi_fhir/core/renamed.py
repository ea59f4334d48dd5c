"""Names of options and settings of the version before: they go on working until the next, with a warning.

A name that was renamed has its line here and nowhere else; the release after takes the line out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hi_fhir.core.errors import ConfigError

OPTIONS = {"--as-of": "--reference-date", "--data-date": "--extract-date", "--practice": "--organisation"}
SETTINGS = {
    "answer_limit_mb": "response_limit_mb",
    "answer_limit_s": "response_limit_s",
    "publish_check": "release_check",
    "publish_practice": "publish_organisations",
}

Warn = Callable[[str], None]


def current_options(arguments: Sequence[str], warn: Warn) -> list[str]:
    """The words of a command line with the names of options as they are now."""
    found = []
    for word in arguments:
        name, equals, value = word.partition("=")
        if name in OPTIONS:
            warn(f"option {name} is called {OPTIONS[name]} now; the next version will not know the old name.")
        found.append(f"{OPTIONS.get(name, name)}{equals}{value}")
    return found


def current_settings(given: Mapping[str, Any], told: Callable[[str], str], warn: Warn) -> dict[str, Any]:
    """Settings by their names as they are now. told: how a name reads where it was given.

    Raises:
        ConfigError: one is given by its old name and by its new one.
    """
    found = dict(given)
    for old, new in SETTINGS.items():
        if old in found:
            if new in found:
                raise ConfigError(
                    f"{told(old)} and {told(new)} are one setting, and both are given. Leave out the first."
                )
            warn(f"setting {told(old)} is called {told(new)} now; the next version will not know the old name.")
            found[new] = found.pop(old)
    return found

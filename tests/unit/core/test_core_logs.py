"""Lines of the log steer no terminal and cannot be forged."""

import logging

import pytest

from hi_fhir.cli import main
from hi_fhir.core import logs

EVIL = "a\x1b]0;owned\x07\nINFO forged\u202e\x9b31m"
SHOWN = "a\\x1b]0;owned\\x07\\x0aINFO forged\\u202e\\x9b31m"


def test_a_line_of_the_log_is_one_line_without_marks_that_steer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.Logger("x")
    monkeypatch.setattr(logs.logging, "getLogger", lambda: log)
    logs.log_to_stderr()
    try:
        raise ValueError(EVIL)
    except ValueError:
        log.exception("%s failed", EVIL)

    first, *rest = capsys.readouterr().err.splitlines()
    assert first == f"ERROR x: {SHOWN} failed"
    assert rest[0] == "Traceback (most recent call last):"
    assert not set("".join(rest)) & set("\x1b\x07\u202e\x9b")


def test_the_command_line_logs_so(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[bool] = []
    monkeypatch.setattr(main, "log_to_stderr", lambda: called.append(True))
    with pytest.raises(SystemExit):
        main.main(["--version"])
    assert called

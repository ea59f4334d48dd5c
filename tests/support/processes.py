"""The command line as its user runs it: processes of their own, which end with the test."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

HI_FHIR = (sys.executable, "-m", "hi_fhir")
END_S = 30
"""How long a process may take to end once it is told to."""


def environment(key_file: Path, **settings: object) -> dict[str, str]:
    """This process's environment without its own settings of hi_fhir, with those given.

    Bytecode is kept, as where hi_fhir is installed: compiling its modules takes a quarter of a CPU-second a process.
    """
    not_taken = ("HI_FHIR_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(not_taken)}
    named = {f"HI_FHIR_{name.upper()}": str(value) for name, value in settings.items()}
    return {**kept, **named, "HI_FHIR_KEY_FILE": str(key_file)}


def run_hi_fhir(
    arguments: Sequence[object], env: Mapping[str, str], *, timeout_s: float = 300
) -> subprocess.CompletedProcess[str]:
    """One command to its end, with what it printed."""
    command = [*HI_FHIR, *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)


def start_hi_fhir(arguments: Sequence[object], env: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """One command in a process group of its own; what it prints goes to `log`."""
    with log.open("ab") as sink:
        return subprocess.Popen(
            [*HI_FHIR, *map(str, arguments)],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )


def started_ignoring_signals(command: Sequence[str], env: Mapping[str, str]) -> "subprocess.Popen[str]":
    """A process that finds SIGINT and SIGTERM ignored at its start; what it prints on stdout can be read."""
    ignored = [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        return subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, restore_signals=False
        )
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), ignored, strict=True):
            signal.signal(number, handler)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to the process and its workers."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=END_S)


def interrupt(process: "subprocess.Popen[Any]", number: signal.Signals = signal.SIGINT) -> int:
    """Its exit code once the signal has ended it; it is killed where that does not, and the test fails."""
    process.send_signal(number)
    try:
        return process.wait(timeout=END_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=END_S)


@contextmanager
def serving(data_dir: Path, *arguments: str, ended_by: signal.Signals = signal.SIGINT) -> Iterator[str]:
    """`hi-fhir serve` as a process that finds SIGINT and SIGTERM ignored, as in a script's background; its base URL."""
    command = [*HI_FHIR, "serve", "--port", "0", "--data-dir", str(data_dir), *arguments]
    with started_ignoring_signals(command, environment(data_dir / "identity.key")) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/fhir", process.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            assert interrupt(process, ended_by) == 0


@contextmanager
def sandbox(arguments: Sequence[object], env: Mapping[str, str]) -> Iterator[str]:
    """A sandbox server on a free port; yields its FHIR base."""
    process = subprocess.Popen(
        [*HI_FHIR, "sandbox", "--port", "0", "--json", *map(str, arguments)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield _base_url(process)
    finally:
        interrupt(process)
        if process.stdout:
            process.stdout.close()


def _base_url(process: "subprocess.Popen[bytes]") -> str:
    """The address in the JSON object that the server prints when it is ready."""
    printed = b""
    while process.stdout and (line := process.stdout.readline()):
        printed += line
        try:
            return str(orjson.loads(printed)["base_url"])
        except orjson.JSONDecodeError:
            continue
    raise AssertionError(f"the sandbox ended with exit code {process.wait(timeout=END_S)} before it was ready")

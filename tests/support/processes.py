"""The command line as its user runs it: processes of their own, which end with the test."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

HI_FHIR = (sys.executable, "-m", "hi_fhir")


def environment(key_file: Path, **settings: object) -> dict[str, str]:
    """This process's environment without its own settings of hi_fhir, with those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HI_FHIR_")}
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


def kill(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to the process and its workers."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            kill(process)
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
    raise AssertionError(f"the sandbox ended with exit code {process.wait()} before it was ready")

"""A real PostgreSQL for tests: on a free port of loopback, with a database for each test, ended by its process id.

Its text is in the order of a language by default, unlike SQLite's: whoever forgets to ask for that of bytes is found.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from hi_fhir.store.session import open_store

USER, PASSWORD = "elm", f"p@ss/{secrets.token_hex(8)}"
_PASSWORD_IN_URL = PASSWORD.replace("@", "%40").replace("/", "%2F")
_START_S = 60
_OWNERS = ("postgres", "nobody")
"""Users that a server may run as where tests are run by root, as whom it does not run."""
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "60",
}
_TEMPLATE = "migrated"


class Postgres:
    """One server and its databases."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder, self._owner = programs, folder, _owner()
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def start(self) -> None:
        """Make an empty server and wait until it answers."""
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        if self._owner:
            for path in (self._folder, secret):
                shutil.chown(path, self._owner)
        access = ("--auth=scram-sha-256", f"--username={USER}", f"--pwfile={secret}", "--no-sync")
        words = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")
        subprocess.run(
            [self._programs / "initdb", *access, *words, "--pgdata", self._data],
            check=True,
            capture_output=True,
            cwd=self._folder,
            user=self._owner,
        )
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.resume()

    def resume(self) -> None:
        """Start it, on its former port if it had one."""
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self._port), *settings],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._owner,
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """End it, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_START_S)
        self._process = None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}:{_PASSWORD_IN_URL}@127.0.0.1:{self._port}/{database}"

    def empty(self) -> str:
        """The URL of a new database without a table."""
        return self._made("template0")

    def migrated(self) -> str:
        """The URL of a new store with nothing in it: a copy, since to migrate takes longer."""
        if not self._ask("SELECT 1 FROM pg_database WHERE datname = %s", _TEMPLATE):
            self._ask(f"CREATE DATABASE {_TEMPLATE}")
            open_store(self.url(_TEMPLATE)).close()
        return self._made(_TEMPLATE)

    def _made(self, template: str) -> str:
        name = f"store_{next(self._numbers)}"
        self._ask(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def _ask(self, statement: str, *values: str) -> list[tuple[object, ...]]:
        with self._connection() as connection:
            asked = connection.execute(statement, values or None)
            return asked.fetchall() if asked.description else []

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self._port, dbname="postgres", user=USER, password=PASSWORD, autocommit=True
        )

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            assert self._process is not None
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            try:
                self._connection().close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"PostgreSQL was not ready within {_START_S} s")

    @property
    def _data(self) -> Path:
        return self._folder / "data"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server without a store. One for all tests of a session."""
    with a_postgres() as server:
        yield server


@contextmanager
def a_postgres() -> Iterator[Postgres]:
    """A server without a store, which ends with the block."""
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="hi-fhir-postgres-", ignore_cleanup_errors=True) as folder:
        server = Postgres(programs, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _programs() -> Path:
    """The folder of the newest server's programs. Skips where there is none; in CI that is a failure."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    named = shutil.which("initdb")
    if found or named:
        return found[-1].parent if found else Path(str(named)).resolve().parent
    reason = "there is no PostgreSQL server: tests/postgres/install.sh says what is missing"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _owner() -> str | None:
    """As whom the server runs; None: as whoever runs the tests."""
    users = {one.pw_name for one in pwd.getpwall()}
    return next(name for name in _OWNERS if name in users) if os.geteuid() == 0 else None

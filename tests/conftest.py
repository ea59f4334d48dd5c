"""What all tests share: an empty store in each kind of database, their limits of time, and how hard Hypothesis looks.

Briefly in `make test`, longer in `make test-all` (--hypothesis-profile=long), the same examples each time, so that a
commit passes or fails whenever it is tested; other examples with each `make hunt`.
"""

import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from hi_fhir.access import passwords
from hi_fhir.attack import given_away
from hi_fhir.core.config import Config
from hi_fhir.disclosure.suppression.exactly import proving
from hi_fhir.pipeline import giving
from hi_fhir.store import session
from hi_fhir.store.session import Store, open_store
from tests.support.postgres import Postgres, postgres
from tests.support.worked_out_once import worked_out_once

__all__ = ["postgres"]

SLOW_TO_MAKE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("short", max_examples=20, deadline=None, derandomize=True, suppress_health_check=SLOW_TO_MAKE)
settings.register_profile("long", max_examples=60, deadline=None, derandomize=True, suppress_health_check=SLOW_TO_MAKE)
settings.register_profile("hunt", max_examples=1_000, deadline=None, suppress_health_check=SLOW_TO_MAKE)
settings.load_profile("short")


@pytest.fixture(scope="session", autouse=True)
def unwaited_disk() -> Iterator[None]:
    """Nothing waits for the disk, but for the commands of processes that tests start: those of the kills among them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def little_work_for_tables() -> Iterator[None]:
    """Releases that tests make in passing look briefly for whole tables: tests of that search say how long it may."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proving, "MOST_WORK", 2_000)
        patch.setattr(proving, "MOST_WORK_NEARBY", 1_000)
        yield


@pytest.fixture(scope="session", autouse=True)
def little_work_for_attacks() -> Iterator[None]:
    """Releases that tests make in passing are attacked with single sums alone: tests of more say how many."""
    values = list(Config.__init__.__defaults__)
    values[[one.name for one in fields(Config) if one.init].index("release_check")] = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config.__init__, "__defaults__", tuple(values))
        yield


@pytest.fixture(scope="session", autouse=True)
def decided_and_attacked_once() -> Iterator[None]:
    """Releases that tests make in passing are decided and attacked once where they are the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(giving, "release", worked_out_once(giving.release))
        patch.setattr(given_away, "given_away", worked_out_once(given_away.given_away))
        yield


@pytest.fixture(scope="session", autouse=True)
def migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new store in SQLite is a copy of one that was migrated, since to migrate takes longer than most tests."""
    migrated = tmp_path_factory.mktemp("migrated") / "hi_fhir.sqlite"
    open_store(migrated).close()
    migrate = session._migrate

    def copy(store: Store) -> None:
        if store.engine.dialect.name != "sqlite" or not session.is_empty(store):
            migrate(store)
            return
        with closing(sqlite3.connect(migrated)) as source, store.engine.connect() as connection:
            source.backup(connection.connection.driver_connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_migrate", copy)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords are hashed with little work: the test of how much it is says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=16, parallelism=1))
        yield


def pytest_collection_finish() -> None:
    """What was collected stays to the end: it is not looked through for what is no longer needed again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


LIMITS_S = {"real": 1_800, "slow": 900, "hunt": 7_200}
"""Limits of the tests that may take longer than others; that of the others is in pyproject.toml."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not item.get_closest_marker("timeout"):
            limits = [limit for name, limit in LIMITS_S.items() if item.get_closest_marker(name)]
            if limits:
                item.add_marker(pytest.mark.timeout(max(limits)))


DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.real)]
"""Where a store can be. A PostgreSQL is started for the tests that are real."""


@pytest.fixture(params=DATABASES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store is or will be, of this test alone, in each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hi_fhir.sqlite'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.migrated()


@pytest.fixture(params=DATABASES)
def unmigrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store will be that nobody has opened yet, in each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'hi_fhir.sqlite'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty()


@pytest.fixture(scope="module", params=DATABASES)
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Gives the URL of another empty store each time, in each kind of database."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path_factory.mktemp('store') / 'hi_fhir.sqlite'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.migrated


@pytest.fixture(scope="module")
def module_store(new_store: Callable[[], str]) -> Iterator[Store]:
    """An empty store for all tests of a module, which fill it once and read it."""
    yield from _opened(new_store())


@pytest.fixture
def fresh_store(store_url: str) -> Iterator[Store]:
    """An empty store, of this test alone, whatever its module has filled."""
    yield from _opened(store_url)


@pytest.fixture
def store(fresh_store: Store) -> Store:
    """An empty store, which a module may give as it needs it."""
    return fresh_store


def _opened(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()

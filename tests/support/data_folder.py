"""Writes the data folder that a test opens from now on: `make data-folder`, once a manifest or table came to be other.

A few of the sandbox's people go the whole way, from the records in tests/data, with a key that is no secret. What is
kept is the folder as a deployment has it, its identity key and its store, in one archive. The records are written where
there are none: those that are there stay, so that tests/data/rows.json compares the same lines.
"""

import os
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import chdir, closing
from datetime import UTC, date, datetime
from pathlib import Path

from hi_fhir.cohorts.imports import import_organisations
from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.files import commit_bytes, owner_folder
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.run import RunRequest, run
from hi_fhir.sandbox.folder import write_folder
from hi_fhir.sandbox.people import make_people

DATA = Path(__file__).parents[1] / "data"
RECORDS = DATA / "records"
ARCHIVE = DATA / "data-folder.zip"
SOURCE = "main"
KEY = b"5e" * 32 + b"\n"
PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
MEASURES = ("ethnicity-recorded", "hypertension-treated-to-target-under-80", "smoking-status-recorded")
CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))

_PEOPLE, _SEED = 24, 11
_WRITTEN = (2026, 11, 28, 0, 0, 0)
_OF_THE_MOMENT = ("*lock", "*-wal", "*-shm")


def write_records() -> None:
    """The records, as a bulk export leaves them, and the organisations to import; nothing where they are."""
    if not RECORDS.exists():
        with tempfile.TemporaryDirectory() as folder:
            write_folder(Path(folder), make_people(_PEOPLE, _SEED), gz=True)
            RECORDS.mkdir(parents=True)
            for path in [*Path(folder, "fhir").iterdir(), Path(folder, "organisations.csv")]:
                (RECORDS / path.name).write_bytes(path.read_bytes())


def settings_in(folder: Path) -> Config:
    """Settings of a deployment whose data folder and key lie in `folder`; it has the key that is no secret."""
    config = Config(data_dir=folder / "data", key_file=folder / "keys" / "identity.key", workers=1)
    commit_bytes(owner_folder(config.key_file.parent) / config.key_file.name, KEY)
    return config


def write_archive() -> None:
    """The archive, in place of the last."""
    with tempfile.TemporaryDirectory() as home, chdir(home):  # so that no path of a machine is told or hashed
        shutil.copytree(RECORDS, RECORDS.name)
        config = settings_in(Path())
        import_organisations(Path(RECORDS.name, "organisations.csv"), config.data_dir / "imports")
        source = SourceSettings(name=SOURCE, address=RECORDS.name)
        request = RunRequest((source,), PERIOD, measures=MEASURES, audience="icb", keep_raw=True)
        run(RunContext(config, CLOCK), request)
        with closing(sqlite3.connect(config.store_place)) as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.rmtree(RECORDS.name)
        _pack(Path())


def _pack(here: Path) -> None:
    kept = (path for path in sorted(here.rglob("*")) if path.is_file() and not any(map(path.match, _OF_THE_MOMENT)))
    with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in kept:
            entry = zipfile.ZipInfo(path.as_posix(), _WRITTEN)
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def unpack(home: Path) -> Path:
    """The data folder of the archive, in `home`, beside its key."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(home)
    for path in home.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return home / "data"


if __name__ == "__main__":
    os.umask(0o077)
    write_records()
    write_archive()

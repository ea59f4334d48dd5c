"""A board's platform and the service that tells it: processes on loopback, which end with the demo."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast
from uuid import uuid4

import orjson
from sqlalchemy.orm import Session

from hi_fhir.access.scopes import Scopes
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import SourceError
from hi_fhir.core.files import owner_folder
from hi_fhir.pipeline.context import RunContext
from hi_fhir.sandbox.people.model import SyntheticOrganisation
from hi_fhir.store import clients, subscriptions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.readable import readable_reports
from hi_fhir.store.search import StoredVersion, read_report
from hi_fhir.subscriptions.notifications import as_resource
from hi_fhir.terminology.data_files import shipped_folder

_STARTS_S, _TOLD_S, _LOOK_S, _ENDS_S = 60, 60, 0.1, 10
_SCOPES = "system/Subscription.cruds system/MeasureReport.rs"


@dataclass(frozen=True)
class Received:
    """events: that the subscriber was told of since it was last asked. held: reports that it has. differing: of these
    and of those that it may see, how many are not the same.
    """

    events: int
    held: int
    differing: int


class Subscriber:
    """What a platform has received, held against what its board may see."""

    def __init__(
        self, context: RunContext, board: SyntheticOrganisation, client: str, folder: Path, subscription: str
    ) -> None:
        """client: as it is registered. folder: what it keeps. subscription: its id."""
        self._context = context
        self._reader = _reader(board)
        self._client = client
        self._folder = folder
        self._subscription = subscription
        self._told = 0
        self._same: dict[str, tuple[int, int]] = {}

    def received(self) -> Received:
        """Once it has been told of all that was released.

        Raises:
            SourceError: it was not.
        """
        told, until = self._told, time.monotonic() + _TOLD_S
        while (standing := self._standing())[0] < standing[1]:
            if standing[0] > told:
                told, until = standing[0], time.monotonic() + _TOLD_S
            if time.monotonic() > until:
                raise SourceError(
                    f"the subscriber was told of {standing[0]} events of {standing[1]} alone.", kind="not-told"
                )
            time.sleep(_LOOK_S)
        before, self._told = self._told, standing[1]
        held = {path.stem: path for path in self._folder.glob("mr-*.json")}
        with self._context.store.read() as session:
            readable = {f"mr-{one}" for one in readable_reports(session, self._reader)}
            differing = len(held.keys() ^ readable)
            differing += sum(not self._is_same(session, id_, held[id_]) for id_ in held.keys() & readable)
        return Received(self._told - before, len(held), differing)

    def _standing(self) -> tuple[int, int]:
        """Events that it has acknowledged, and that there are."""
        with self._context.store.read() as session:
            row = subscriptions.one_of_reader(session, self._reader, self._client, self._subscription)
            if row is None:
                raise SourceError("the subscription is gone.", kind="not-told")
            return row.acknowledged, row.last_number

    def _is_same(self, session: Session, id_: str, path: Path) -> bool:
        """Whether a report that it has is as the service gives it. What was so, and is neither's new since, is so."""
        found = read_report(session.connection(), self._reader, id_)
        if not isinstance(found, StoredVersion):
            return False
        both = (found.version, path.stat().st_mtime_ns)
        if self._same.get(id_) != both and orjson.loads(path.read_bytes()) == as_resource(found):
            self._same[id_] = both
        return self._same.get(id_) == both


@contextmanager
def subscribed(context: RunContext, board: SyntheticOrganisation, folder: Path) -> Iterator[Subscriber]:
    """A board's platform that has registered with a key of its own, and subscribed at a service of the demo's own.

    Raises:
        SourceError: either of them does not start.
    """
    context.progress.start("subscribe", None, "")
    programs = shipped_folder("docs").joinpath("how-to")
    owner_folder(folder)
    client = [sys.executable, str(programs / "client.py"), "keys", str(folder)]
    subprocess.run(client, check=True, timeout=_STARTS_S)  # noqa: S603  our own program
    id_ = _register(context, board, folder)
    service = [sys.executable, "-m", "hi_fhir", "serve", "--clients", "--port", "0"]
    with _running(service, _settings(context)) as told:
        base = next(word for word in told.split() if word.startswith("http"))
        with _running(
            [sys.executable, str(programs / "subscriber.py"), str(folder), id_, base], dict(os.environ)
        ) as url:
            context.progress.finish(f"a platform of {board.name}, with a key of its own")
            yield Subscriber(context, board, id_, folder / "reports", url.strip().rpartition("/")[2])


def _register(context: RunContext, board: SyntheticOrganisation, folder: Path) -> str:
    """As `hi-fhir clients add` does; its id. What subscribed for the board in a demo before is over."""
    keys, scopes = (folder / "jwks.json").read_text(encoding="utf-8"), str(Scopes.read(_SCOPES))
    new = clients.NewClient(str(uuid4()), f"{board.name} platform", Audience.ICB, board.ods_code, scopes, keys)
    with context.store.write() as session:
        for row in subscriptions.within(session, _reader(board)):
            subscriptions.end_subscription(row, context.clock.now())
        clients.add_client(session, new, context.clock.now())
    return new.id


def _reader(board: SyntheticOrganisation) -> Reader:
    return Reader(Audience.ICB, frozenset({board.ods_code}))


def _settings(context: RunContext) -> dict[str, str]:
    """The environment of the service, with the demo's settings and none of the user's own."""
    config = context.config
    (nothing := config.data_dir.parent / "hi-fhir.toml").touch()
    own = {
        "CONFIG": str(nothing),
        "DATA_DIR": str(config.data_dir),
        "KEY_FILE": str(config.key_file),
        "CALLBACK_NETWORKS": "127.0.0.0/8",
        "CALLBACK_HTTP": "true",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HI_FHIR_")}
    return kept | {f"HI_FHIR_{name}": value for name, value in own.items()}


@contextmanager
def _running(command: Sequence[str], environ: dict[str, str]) -> Iterator[str]:
    """A process that is ended with the block, and the first line that it prints."""
    process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own program
    printed = cast(IO[str], process.stdout)
    try:
        if not (told := printed.readline()):
            raise SourceError("a process of the demo did not start; above is why.", kind="not-started")
        yield told
    finally:
        process.terminate()
        try:
            process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        printed.close()

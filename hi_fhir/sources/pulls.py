"""What every source is given to land a pull, and what it returns. The plan of a pull is written before any page."""

import contextvars
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hi_fhir.core.clock import Clock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, GateError
from hi_fhir.core.files import owner_folder
from hi_fhir.core.manifests import Format
from hi_fhir.core.progress import Progress
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.core.stopping import Cancellation
from hi_fhir.sources.chunks import Lane, Receipt, remove_pull
from hi_fhir.tables.bases import own_bases
from hi_fhir.tables.dates import london_day
from hi_fhir.tables.landed import FORMAT_NUMBER, PULL_AGAIN
from hi_fhir.tables.scope import Scope

P = TypeVar("P", bound=msgspec.Struct)

_PLAN = "plan.json"


class PullCounts(msgspec.Struct, frozen=True):
    """What came of one type. received: lines landed; included, outcomes: resources that came along and were not;
    empty: entries of a page that held no resource, which are none."""

    received: int = 0
    included: int = 0
    outcomes: int = 0
    empty: int = 0


class PullManifest(msgspec.Struct, frozen=True):
    """A finished pull: pull.json, a superset of what flatten reads.

    data_date: the London day the data is of, None where the source does not say. server_counts: records by type that
    the server said there are, at the start; None where it does not say. not_offered: types that were asked for and that
    the server does not give, each with the reason in words; nothing is known of them, so none of their counts is a 0.
    bases: keys of the source's own bases, as the pull was told them or found them. received_date: the London day on
    which the pull was finished.
    """

    id: str
    source_id: str
    method: str
    scope: Scope
    data_date: str | None
    counts: dict[str, PullCounts]
    server_counts: dict[str, int | None]
    chunks: tuple[Receipt, ...]
    notes: tuple[str, ...] = ()
    not_offered: dict[str, str] = {}
    bases: tuple[str, ...] = ()
    received_date: str | None = None


FORMAT = Format("pull", PullManifest, FORMAT_NUMBER, PULL_AGAIN)


class PullPlan(msgspec.Struct, frozen=True):
    """A pull that was begun: plan.json. plan: what its way in decided; what stands in it is that way's own affair."""

    id: str
    source_id: str
    sequence: int
    method: str
    scope: Scope
    plan: dict[str, Any]


_PLAN_FORMAT = Format("plan of a pull", PullPlan, 1, PULL_AGAIN)


@dataclass(frozen=True)
class Pull:
    """One pull at work. stop: asked from outside or when a part of it failed; what still runs ends at its next page."""

    id: str
    folder: Path
    method: str
    sequence: int
    config: Config
    source: SourceSettings
    scope: Scope
    data_date: date | None
    clock: Clock
    progress: Progress
    stop: Cancellation = field(default_factory=Cancellation)

    def plan(self, kind: type[P], make: Callable[[], P]) -> P:
        """What an earlier try decided; else what `make` decides now, written down before anything is landed."""
        path = self.folder / _PLAN
        if path.exists():
            return _PLAN_FORMAT.convert(path, _PLAN_FORMAT.read(path).plan, kind)
        made = make()
        remove_pull(self.folder)
        owner_folder(self.folder)
        plan = msgspec.to_builtins(made)
        _PLAN_FORMAT.commit(path, PullPlan(self.id, self.source.name, self.sequence, self.method, self.scope, plan))
        return made

    def lane(self, type_: str, name: str) -> Lane:
        return Lane(self.folder, type_, name, self.config.chunk_mb << 20)

    def side_by_side(self, tasks: Iterable[Callable[[], None]]) -> None:
        """Do all tasks, `config.slices` at a time; the first failure stops the others and is raised."""
        with ThreadPoolExecutor(self.config.slices) as pool:
            futures = [pool.submit(contextvars.copy_context().run, task) for task in tasks]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                self.stop.ask()
                pool.shutdown(cancel_futures=True)
                raise
        self.stop.check()  # parts that were asked to end do so without a word

    def check_failed(self, lanes: Iterable[Lane], advice: str) -> None:
        """Stop where the server says that parts of an export failed, wherever it says so.

        Raises:
            GateError: it does.
        """
        failed = sum(lane.at.tally.failed for lane in lanes)
        if failed:
            raise GateError(
                f"source {self.source.name}: the server says of {failed} parts of the export that they failed, so data "
                f"is missing. {advice}"
            )

    def day_of_data(self, said: str | None) -> str | None:
        """The day that the source says its data is of; the one that was named where that is after today.

        Raises:
            ConfigError: it is, and none was named.
        """
        today = london_day(self.clock.now())
        if said is None or date.fromisoformat(said) <= today:
            return said
        if self.data_date is None:
            raise ConfigError(
                f"source {self.source.name}: its data is of {said} by its own account, and today is {today}. Its "
                "clock or ours is wrong; name the day with --extract-date."
            )
        return self.data_date.isoformat()

    def manifest(
        self,
        lanes: Sequence[Lane],
        data_date: str | None,
        server_counts: dict[str, int | None],
        not_offered: dict[str, str] | None = None,
        notes: Iterable[str] = (),
        bases: Iterable[str | None] = (),
    ) -> PullManifest:
        """The manifest of a pull whose lanes are finished. bases: keys of those that the source says it has.

        Raises:
            GateError: there are not receipts for all lines that were landed.
            ConfigError: as `day_of_data`.
        """
        receipts = [receipt for lane in lanes for receipt in lane.receipts()]
        landed, receipted = sum(lane.landed for lane in lanes), sum(receipt.lines for receipt in receipts)
        if landed != receipted:
            raise GateError(
                f"source {self.source.name}: {landed} lines were landed, and the receipts are for {receipted}: files "
                "are gone from the data folder. Pull again."
            )
        return PullManifest(
            id=self.id,
            source_id=self.source.name,
            method=self.method,
            scope=self.scope,
            data_date=self.day_of_data(data_date),
            received_date=london_day(self.clock.now()).isoformat(),
            counts=_counts(lanes),
            server_counts=server_counts,
            chunks=tuple(sorted(receipts, key=lambda receipt: (receipt.type, receipt.name))),
            notes=(*notes, *_messages_told(lanes)),
            not_offered=not_offered or {},
            bases=own_bases(self.source, bases),
        )


def _messages_told(lanes: Iterable[Lane]) -> Iterator[str]:
    """Searches have messages too, which are about the search; files of records have those about what they hold."""
    messages = sum(lane.at.tally.outcomes for lane in lanes if not lane.at.tally.entries)
    if messages:
        yield f"{messages} warnings or remarks of the server came with the records, and were not read as any"


def _counts(lanes: Sequence[Lane]) -> dict[str, PullCounts]:
    """By the type of the chunk for lines, by their own for what came along."""
    found: dict[str, dict[str, int]] = {}

    def add(type_: str, term: str, count: int) -> None:
        if count:
            terms = found.setdefault(type_, {})
            terms[term] = terms.get(term, 0) + count

    for lane in lanes:
        add(lane.type, "received", lane.landed)
        add(lane.type, "empty", lane.at.tally.empty)
        add("OperationOutcome", "outcomes", lane.at.tally.outcomes)
        for type_, count in lane.at.tally.included.items():
            add(type_, "included", count)
    return {type_: PullCounts(**terms) for type_, terms in sorted(found.items())}

"""What every step of the work is handed, whoever asked for it: a command, a test, a worker of a queue."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from hi_fhir.core.clock import Clock, SystemClock
from hi_fhir.core.config import Config
from hi_fhir.core.progress import Progress, Silent
from hi_fhir.core.stopping import Cancellation

if TYPE_CHECKING:  # the store takes a third of a second to import, and pull, flatten and evaluate have no use for it
    from hi_fhir.store.session import Store


@dataclass(frozen=True)
class RunContext:
    """One piece of work: by which settings and clock, whom it tells of its progress, and who may end it.

    opened: the store, where whoever asks has it open. cancel: each step looks at it between pages, chunks, passes over
    people, reports and batches that are finished.
    """

    config: Config
    clock: Clock = field(default_factory=SystemClock)
    progress: Progress = field(default_factory=Silent)
    cancel: Cancellation = field(default_factory=Cancellation)
    opened: "Store | None" = None

    @cached_property
    def store(self) -> "Store":
        """The deployment's store; where it is not open, it is opened and brought up to date when first asked for."""
        if self.opened:
            return self.opened
        from hi_fhir.store.session import open_store

        return open_store(self.config.store_place)

    @cached_property
    def steps(self) -> Progress:
        """Tells of each step and its units, and ends the work where one is done once that was asked for."""
        return _Steps(self.progress, self.cancel)


@dataclass(frozen=True)
class _Steps:
    progress: Progress
    cancel: Cancellation

    def start(self, step: str, total: int | None, unit: str) -> None:
        self.progress.start(step, total, unit)

    def advance(self, amount: int = 1) -> None:
        """Raises CancelledError where the work was asked to end."""
        self.progress.advance(amount)
        self.cancel.check()

    def finish(self, summary: str) -> None:
        self.progress.finish(summary)

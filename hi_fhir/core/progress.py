"""What long work tells whoever waits for it, without knowing who that is."""

from typing import Protocol


class Progress(Protocol):
    def start(self, step: str, total: int | None, unit: str) -> None:
        """A step begins; `total` units are expected, None if unknown."""
        ...

    def advance(self, amount: int = 1) -> None:
        """`amount` more units are done. May be called from several threads."""
        ...

    def finish(self, summary: str) -> None:
        """The step is done; `summary` is one line with counts, never a value from a record."""
        ...


class Silent:
    """Progress for tests and for callers that do not want any."""

    def start(self, step: str, total: int | None, unit: str) -> None:
        pass

    def advance(self, amount: int = 1) -> None:
        pass

    def finish(self, summary: str) -> None:
        pass

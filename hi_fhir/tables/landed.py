"""What flatten needs to know of a finished pull, read from its manifest without knowing who wrote it."""

from pathlib import Path

import msgspec

from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.manifests import Format
from hi_fhir.tables.scope import Scope


class LandedChunk(msgspec.Struct, frozen=True):
    """One chunk's receipt. `bytes`: of its lines, before compression. sha256: of its file as it was landed."""

    type: str
    name: str
    lines: int
    bytes: int
    sha256: str


class LandedCounts(msgspec.Struct, frozen=True):
    """What came of a type. received: lines, by the type of their chunks; included, outcomes: what came along, resources
    and messages of the server that were not landed, since nobody asked for them."""

    received: int = 0
    included: int = 0
    outcomes: int = 0


class Landed(msgspec.Struct, frozen=True):
    """A finished pull. not_offered: types that were asked for and not to be had, with the reason in words.

    bases: keys of the source's own bases. received_date: the London day on which the last of it had come; None:
    not known.
    """

    id: str
    source_id: str
    method: str
    scope: Scope
    data_date: str | None
    counts: dict[str, LandedCounts]
    chunks: tuple[LandedChunk, ...]
    not_offered: dict[str, str] = {}
    bases: tuple[str, ...] = ()
    received_date: str | None = None

    @property
    def received(self) -> dict[str, int]:
        """All that came, landed or not."""
        return {type_: came.received + came.included + came.outcomes for type_, came in self.counts.items()}

    @property
    def not_landed(self) -> dict[str, int]:
        """What the pull did not land, since nobody asked for it."""
        return {type_: came.included + came.outcomes for type_, came in self.counts.items()}


FORMAT_NUMBER = 1
PULL_AGAIN = "Pull again, and remove its folder."
FORMAT = Format("pull", Landed, FORMAT_NUMBER, PULL_AGAIN)


def read_landed(folder: Path) -> Landed:
    """The manifest of the pull in `folder`.

    Raises:
        NotFoundError: the pull is not finished.
    """
    path = folder / "pull.json"
    if not path.exists():
        raise NotFoundError(f"pull {folder.name} is not finished. Run the same pull again; it continues.")
    return FORMAT.read(path)

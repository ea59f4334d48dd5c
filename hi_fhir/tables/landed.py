"""What flatten needs to know of a finished pull, read from its manifest without knowing who wrote it."""

from pathlib import Path

import msgspec

from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.files import read_struct
from hi_fhir.tables.scope import Scope


class LandedChunk(msgspec.Struct, frozen=True):
    """One chunk's receipt. `bytes`: of its lines, before compression."""

    type: str
    name: str
    lines: int
    bytes: int


class Counts(msgspec.Struct, frozen=True):
    """What came with the records of a type and was not landed: included resources and messages of the server."""

    included: int = 0
    outcomes: int = 0


class Landed(msgspec.Struct, frozen=True):
    """A finished pull."""

    id: str
    source_id: str
    method: str
    scope: Scope
    data_date: str | None
    counts: dict[str, Counts]
    chunks: tuple[LandedChunk, ...]


def read_landed(folder: Path) -> Landed:
    """The manifest of the pull in `folder`.

    Raises:
        NotFoundError: the pull is not finished.
    """
    path = folder / "pull.json"
    if not path.exists():
        raise NotFoundError(f"pull {folder.name} is not finished. Run the same pull again; it continues.")
    return read_struct(path, Landed)

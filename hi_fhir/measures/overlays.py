"""What stands in an overlay and is never read: a folder with a name of its own goes by unnoticed otherwise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

FOLDERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {".py": ("measures", "stratifiers"), ".csv": ("terminology/value_sets", "terminology/answers", "mappings")}
)
"""Where files of each kind are read, in no folder below these."""


def unread(overlays: Sequence[Path]) -> Iterator[str]:
    """A sentence for each file that a run might be thought to read, and for each overlay of which it reads nothing."""
    for overlay in overlays:
        files = [path for path in sorted(overlay.rglob("*")) if _looks_read(path.relative_to(overlay))]
        for path in files:
            kind = path.suffix.lower()
            folders = FOLDERS[kind]
            if path.suffix != kind or path.parent.relative_to(overlay).as_posix() not in folders:
                read = f"Files NAME{kind} are read in {_told(folders)} of an overlay."
                yield f"{path}: nothing reads it. {read} Move it there."
        if not files:
            told = _told(folder for some in FOLDERS.values() for folder in some)
            yield f"{overlay}: there is nothing in it to read. An overlay has files in {told}."


def _told(folders: Iterable[str]) -> str:
    *some, last = (f"{folder}/" for folder in folders)
    return f"{', '.join(some)} and {last}"


def _looks_read(path: Path) -> bool:
    return path.suffix.lower() in FOLDERS and not any(part.startswith((".", "__")) for part in path.parts)

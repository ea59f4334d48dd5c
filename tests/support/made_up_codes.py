"""Value sets of one made-up code each, which is called as the set is: an overlay for measures that are tried out."""

from collections.abc import Iterable
from pathlib import Path

SYSTEM = "urn:example:codes"


def overlay_of(folder: Path, value_sets: Iterable[str]) -> Path:
    """Write them into `folder`, and return it."""
    sets = folder / "terminology" / "value_sets"
    sets.mkdir(parents=True)
    for id_ in value_sets:
        head = {
            "title": id_,
            "system": SYSTEM,
            "version": "1",
            "source": "made up",
            "retrieved": "2026-11-28",
            "licence": "none",
            "reviewed_by": "nobody",
            "next_review": "2027-04-01",
            "state": "demonstration",
        }
        lines = [*(f"# {name}: {value}" for name, value in head.items()), "code,note", f"{id_},"]
        (sets / f"{id_}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder

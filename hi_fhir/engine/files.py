"""Files read by the query engine for what they are, whatever they and their folders are called.

DuckDB takes `*`, `?` and `[` in a path for a pattern, of which other folders' files may be, and `name=value` for a
column of the table.
"""

import re
from pathlib import Path

_PATTERN = re.compile(r"[*?[]")


def literal(path: Path | str) -> str:
    """The path as the engine takes it for itself alone: absolute, since it would take `~` for a home."""
    return _PATTERN.sub(r"[\g<0>]", str(Path(path).absolute()))

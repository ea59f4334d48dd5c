"""How a search value is written, and read again: what has a meaning in it stands behind a backslash.

Source: FHIR R4 search.html, escaping search parameters: the comma, the bar, the dollar sign and the backslash. This is
apart from the encoding of a URL, which goes on top. A backslash before anything else is one of the value's own.
"""

import re
from collections.abc import Iterable

_MARKS = re.compile(r"[\\,|$]")
_WRITTEN = re.compile(r"\\([\\,|$])")


def written(value: str) -> str:
    """A value, or a part of one, as it stands in a search."""
    return _MARKS.sub(r"\\\g<0>", value)


def written_token(system: str | None, code: str) -> str:
    """A token. system: "" asks for a code without one, None for any."""
    return written(code) if system is None else f"{written(system)}|{written(code)}"


def written_alternatives(values: Iterable[str]) -> str:
    """Values, each of them written, of which any may hold."""
    return ",".join(values)


def parts(text: str, mark: str, most: int | None = None) -> list[str]:
    """What the unescaped `mark`s of a written value part, still as written. most: of them, the last holds the rest."""
    if "\\" not in text:
        return text.split(mark, -1 if most is None else most - 1)
    found: list[str] = []
    start = place = 0
    while place < len(text) and len(found) + 1 != most:
        if text[place] == mark:
            found.append(text[start:place])
            start = place + 1
        place += 2 if _WRITTEN.match(text, place) else 1
    return [*found, text[start:]]


def read(text: str) -> str:
    """The value that was written so."""
    return _WRITTEN.sub(r"\1", text)

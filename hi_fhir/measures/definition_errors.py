"""What a definition raises while it is read, as its author is told it: the line, what is wrong and what to write."""

import re
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from inspect import isfunction
from typing import Any

from hi_fhir import measures
from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.given import described, told, told_by_name

_WORDS = "hi_fhir.measures"
_OPERANDS = re.compile(r"(unsupported operand type|bad operand type)")
_CLASS = re.compile(r"'(\w+)'")


def refused(place: str, file: str, error: Exception) -> DefinitionError:
    """The error with the line of `file` that raised it. place: how the file is called in the message."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = f"{place}, line {lines[-1]}" if lines else place
    return DefinitionError(f"{where}: {_told(error)}")


def _told(error: Exception) -> str:
    match error:
        case DefinitionError():
            return str(error)
        case NameError(name=str(name)):
            return unknown_name(name)
        case AttributeError(name=str(name), obj=obj) if obj is not None:
            return _no_attribute(name, obj)
        case TypeError() if _OPERANDS.match(str(error)):
            return f"`&`, `|` and `~` join words alone. Here is {' and '.join(_operands(str(error)))}."
        case ValueError():
            return f"{error}."
        case _:
            return f"{type(error).__name__}: {error}. Fix the definition."


def unknown_name(name: str, own: Iterable[str] = ()) -> str:
    """What to do about a name that is no word and none of this file."""
    if name in measures.__all__:
        return f"`{name}` is a word: import it from {_WORDS}."
    if close := get_close_matches(name, [*measures.__all__, *own], n=1, cutoff=0.75):
        return f"`{name}` is no word; did you mean `{close[0]}`?"
    return f"`{name}` is neither a word nor a name of this file. docs/reference/words.md has the words."


def _no_attribute(name: str, obj: Any) -> str:
    offered = sorted(one for one in {*vars(type(obj)), *getattr(obj, "__dataclass_fields__", ())} if one[0] != "_")
    close = get_close_matches(name, offered, n=1, cutoff=0.75)
    what = described(obj) if isfunction(obj) or isinstance(obj, str) else told(type(obj))
    more = f"; did you mean .{close[0]}?" if close else f": it has {', '.join(offered)}." if offered else "."
    return f"{what} has no .{name}{more}"


def _operands(message: str) -> list[str]:
    words = {one.__name__ for one in Word.__subclasses__()}
    return ["a word" if name in words else told_by_name(name) for name in _CLASS.findall(message)]

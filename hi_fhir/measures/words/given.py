"""What a word is given is checked here, for all of them alike: how many things, and of which kind.

The annotations of a word say what it takes. A refusal names the word and the parameter, and says what to write.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cache, wraps
from inspect import BoundArguments, Parameter, Signature, isclass, isfunction, signature
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hi_fhir.core.errors import DefinitionError

W = TypeVar("W", bound=Callable[..., Any])

_OPERATORS = ("__and__", "__or__")
_SIGNS = {"__and__": "`&`", "__or__": "`|`"}
_LONGEST = 40


def checked(word: W) -> W:
    """`word`, be it a function or a class with its methods, that refuses what its annotations do not allow.

    Raises, when it is called:
        DefinitionError: something is missing, is more than it takes, or is of another kind.
    """
    if not isclass(word):
        return _checked(word, word.__name__)
    for name, one in list(vars(word).items()):
        if isfunction(one) and (name in _OPERATORS or not name.startswith("_")):
            setattr(word, name, _checked(one, _SIGNS.get(name, f".{name}")))
    setattr(word, "__init__", _checked(vars(word)["__init__"], word.__name__))  # noqa: B010  mypy: not a method
    return word


def _checked(function: W, name: str) -> W:
    taking = cache(lambda: _Taking(function))  # not before the words are there that its annotations name

    @wraps(function)
    def refusing(*given: Any, **named: Any) -> Any:
        takes = taking()
        if not takes.fit(given, named):
            raise DefinitionError(f"{name} {takes.fault(given, named)}")
        return function(*given, **named)

    return refusing  # type: ignore[return-value]


class _Taking:
    """What one function takes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._stated, self._kinds = signature(function), get_type_hints(function)
        parameters = self._stated.parameters.values()
        fitting = {one.name: _fitting(self._kinds.get(one.name, Any)) for one in parameters}
        in_order = [one.name for one in parameters if one.kind is Parameter.POSITIONAL_OR_KEYWORD]
        many = [fitting[one.name] for one in parameters if one.kind is Parameter.VAR_POSITIONAL]
        self._in_order = tuple((name, fitting[name]) for name in in_order)
        self._many = many[0] if many else None
        self._named = {one.name: fitting[one.name] for one in parameters if one.kind is not Parameter.VAR_POSITIONAL}
        self._needed = {name for name in self._named if self._stated.parameters[name].default is Parameter.empty}

    def fit(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
        """Whether a call is as it should be; why not, `fault` tells, which takes longer."""
        needed = self._needed.difference(named)
        for (name, fits), value in zip(self._in_order, given, strict=False):
            if name in named or not fits(value):
                return False
            needed.discard(name)
        more = given[len(self._in_order) :]
        if more and (self._many is None or not all(map(self._many, more))):
            return False
        return not needed and all(name in self._named and self._named[name](one) for name, one in named.items())

    def fault(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> str:
        try:
            bound = self._stated.bind_partial(*given, **named)
        except TypeError:
            return _too_much(self._stated, given, named)
        parameters = self._stated.parameters.values()
        wrong = (fault for one in parameters for fault in _of_wrong_kind(one, bound, self._kinds))
        return next(wrong, None) or next(_missing(one, self._kinds) for one in parameters if _is_missing(one, bound))


def _of_wrong_kind(parameter: Parameter, bound: BoundArguments, kinds: Mapping[str, Any]) -> Iterator[str]:
    name = parameter.name
    if name not in bound.arguments or name not in kinds:
        return
    for value in bound.arguments[name] if parameter.kind is Parameter.VAR_POSITIONAL else (bound.arguments[name],):
        if not _fits(value, kinds[name]):
            yield f"takes {told(kinds[name])} as `{name}`, not {described(value)}.{_advice(value, kinds, parameter)}"


def _is_missing(parameter: Parameter, bound: BoundArguments) -> bool:
    is_needed = parameter.default is Parameter.empty and parameter.kind is not Parameter.VAR_POSITIONAL
    return is_needed and parameter.name not in bound.arguments


def _missing(parameter: Parameter, kinds: Mapping[str, Any]) -> str:
    return f"needs `{parameter.name}`: {told(kinds[parameter.name])}."


def _too_much(stated: Signature, given: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    known = [name for name in stated.parameters if name != "self"]
    offered = f"It takes {', '.join(known)}." if known else "It takes nothing."
    for name in named:
        if name not in known:
            return f"takes no `{name}`. {offered}"
    in_order = [one for one in stated.parameters.values() if one.kind is Parameter.POSITIONAL_OR_KEYWORD]
    if len(given) > len(in_order):
        more = [name for name in known if name not in {one.name for one in in_order}]
        by_name = f" Write the name before {', '.join(more)}, as `{more[0]}=`." if more else ""
        return f"is given too much. {offered}{by_name}"
    return f"is given one thing twice. {offered}"


def _fits(value: Any, kind: Any) -> bool:
    return _fitting(kind)(value)


@cache
def _fitting(kind: Any) -> Callable[[Any], bool]:
    """Whether a value is of a kind."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda _: True
    if origin in (Union, UnionType):
        some = tuple(map(_fitting, parts))
        return lambda value: any(fits(value) for fits in some)
    if origin is tuple and parts[-1:] == (...,):
        each = _fitting(parts[0])
        return lambda value: isinstance(value, tuple) and all(map(each, value))
    if origin is tuple:
        places = tuple(map(_fitting, parts))
        return lambda value: (
            isinstance(value, tuple)
            and len(value) == len(places)
            and all(fits(part) for fits, part in zip(places, value, strict=True))
        )
    if kind in (int, float):
        numbers = (int,) if kind is int else (int, float)
        return lambda value: isinstance(value, numbers) and not isinstance(value, bool)
    if kind is date:
        return lambda value: isinstance(value, date) and not isinstance(value, datetime)
    return lambda value: isinstance(value, kind)


_TOLD = {
    "AtLeastOf": "at_least_of(...)",
    "Days": "days(14)",
    "Diagnosed": "diagnosed(...)",
    "Ever": "EVER",
    "FirstRecord": "the first of records (.first)",
    "InPeriod": "IN_PERIOD",
    "LatestEncounter": "encounter(...)",
    "LatestReading": "latest_reading(...)",
    "LatestRecord": "the latest of records (.latest)",
    "LatestStatus": "latest_of(...)",
    "Months": "months(6)",
    "NoneType": "nothing",
    "Occasions": "occasions(...)",
    "Person": "a Person(...)",
    "Quantity": "a Quantity(...)",
    "Recorded": "records such as observed(SET, EVER)",
    "Season": "season((9, 1), (3, 31))",
    "ValueSetName": "a value set",
    "Word": "a word",
    "bool": "True or False",
    "date": "a day",
    "datetime": "an instant",
    "float": "a number",
    "int": "a whole number",
    "str": "a text",
    "tuple": "several in brackets",
}
"""Kinds by the name of their class, as the author of a definition knows them."""


def in_order(what: str, lowest: float | None, highest: float | None) -> None:
    """Raises DefinitionError where both ends are open, or nothing lies between them."""
    if lowest is None and highest is None:
        raise DefinitionError(f"{what} have a lowest or a highest: say one of them.")
    if lowest is not None and highest is not None and lowest > highest:
        raise DefinitionError(f"{what} from {lowest:g} to {highest:g}: there are none. Write the lower first.")


def some_of(word: str, given: tuple[Any, ...], known: tuple[Any, ...]) -> None:
    """Raises DefinitionError where nothing is given, or something that is not known."""
    for one in given:
        if one not in known:
            raise DefinitionError(f"{word}: {one!r} is not one of {', '.join(map(str, known))}.")
    if not given:
        raise DefinitionError(f"{word} is given nothing, and nobody has that. Say one of {', '.join(map(str, known))}.")


def at_least(least: int, what: str, number: int) -> None:
    """Raises DefinitionError where the number is lower."""
    if number < least:
        raise DefinitionError(f"{what}: {number} is too few. Write {least} or more.")


def told(kind: Any) -> str:
    """A kind as the author of a definition knows it."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        *some, last = dict.fromkeys(told(one) for one in get_args(kind))
        return f"{', '.join(some)} or {last}" if some else last
    if origin is tuple:
        parts = get_args(kind)
        if parts[-1:] == (...,):
            return f"several in brackets, of which each is {told(parts[0])},"
        return f"({', '.join(map(told, parts))})"
    return next((_TOLD[one.__name__] for one in kind.__mro__ if one.__name__ in _TOLD), f"a {kind.__name__}(...)")


def told_by_name(kind: str) -> str:
    """Likewise, by the name of its class."""
    return "a word without brackets" if kind == "function" else _TOLD.get(kind, kind)


def described(value: Any) -> str:
    """What was given instead."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, str):
        return f"the text {_quoted(value)}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isfunction(value) or isclass(value):
        return f"{value.__name__} without brackets"
    if type(value).__name__ == "ValueSetName":
        return f"the value set {_quoted(value.id)}"
    if type(value).__name__ in _WINDOWS:
        return f"{type(value).__name__.lower()}({value.count})"
    return told(type(value))


def _quoted(text: str) -> str:
    return f'"{text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."}"'


_TO_ASK = ("Word", "Recorded", "FirstRecord", "LatestRecord")
_WINDOWS = ("Months", "Days")


def _advice(value: Any, kinds: Mapping[str, Any], parameter: Parameter) -> str:
    """What to write, where that can be told; with a space before it."""
    name = parameter.name
    taken = set(_names(kinds[name]))
    given = type(value).__name__
    elsewhere = [other for other, kind in kinds.items() if other not in (name, "return") and _fits(value, kind)]
    by_name = elsewhere if parameter.kind is Parameter.VAR_POSITIONAL else []
    if isfunction(value) or isclass(value):
        return f" Write {value.__name__}(...)."
    if "ValueSetName" in taken and isinstance(value, str):
        return f" Write value_set({_quoted(value)})."
    if given == "ValueSetName" and taken.intersection(_TO_ASK):
        return (
            " Ask for a record with one of its codes, such as observed(SET, months(12)) or prescribed(SET, months(6))."
        )
    if "FirstRecord" in taken and "LatestRecord" not in taken and given in _TO_ASK:
        return " Write .first behind them; for the latest of others write .after(OTHERS.latest, within=months(12))."
    if given in ("FirstRecord", "LatestRecord") and "Word" in taken:
        more = " or .within(months(12))" if given == "FirstRecord" else ""
        return f" Say something of that day, such as .at_age(at_most=17){more}."
    if taken.intersection(_WINDOWS) and isinstance(value, int):
        return f" Write months({value}), weeks({value}) or days({value})."
    if "date" in taken and isinstance(value, str):
        return f" Write {_day(value)}."
    if get_args(kinds[name])[1:] == (...,) and _fits(value, get_args(kinds[name])[0]):
        return " Put brackets around it and a comma behind it: (one,)."
    return f" Write {by_name[0]}= before it." if by_name else ""


def _names(kind: Any) -> Iterator[str]:
    """The names of the classes that a kind is one of."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        for one in get_args(kind):
            yield from _names(one)
    else:
        yield (origin or kind).__name__


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return "a day, such as date(2027, 4, 1)"
    return f"date({day.year}, {day.month}, {day.day})"

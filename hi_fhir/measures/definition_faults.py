"""What in the file of a definition is more than words, with its line and what to write instead.

What a file may do is compose words: it has no import but of them and of dates, no call but of them and of its own
functions, and no way to anything that they do not say openly.
"""

import ast
import pkgutil
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from importlib import import_module
from inspect import isclass
from types import MappingProxyType
from typing import Any

from hi_fhir import measures
from hi_fhir.measures import blood_pressure, examples, model
from hi_fhir.measures import words as package
from hi_fhir.measures.definition_errors import unknown_name

_WORDS = "hi_fhir.measures"
BUILTINS: Mapping[str, Any] = MappingProxyType({"tuple": tuple})
MODULES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "datetime": {"UTC": UTC, "date": date, "datetime": datetime},
        _WORDS: {name: getattr(measures, name) for name in measures.__all__},
        blood_pressure.__name__: {
            name: word for name, word in vars(blood_pressure).items() if not name.startswith("_")
        },
    }
)
"""What a definition may import."""

_STATEMENTS = (ast.Assign, ast.Expr, ast.For, ast.FunctionDef, ast.ImportFrom, ast.Return)
_EXPRESSIONS = (
    ast.Attribute,
    ast.BinOp,
    ast.Call,
    ast.Compare,
    ast.Constant,
    ast.FormattedValue,
    ast.GeneratorExp,
    ast.IfExp,
    ast.JoinedStr,
    ast.Name,
    ast.Starred,
    ast.Tuple,
    ast.UnaryOp,
)
_OPERATORS = (ast.BitAnd, ast.BitOr, ast.Invert, ast.USub, ast.Eq, ast.NotEq)
_PARTS = (ast.Module, ast.alias, ast.arg, ast.arguments, ast.comprehension, ast.keyword, ast.expr_context)
_ALLOWED = _STATEMENTS + _EXPRESSIONS + _OPERATORS + _PARTS


_INSTEAD: Mapping[type[ast.AST], str] = MappingProxyType(
    {
        ast.And: "`and` does not join words: write `&`.",
        ast.Or: "`or` does not join words: write `|`.",
        ast.Not: "`not` does not turn a word round: write `~`.",
        ast.Import: f"`import` alone is not for a definition: write `from {_WORDS} import ...`.",
        ast.List: "a list [...] is not for a definition: write (...).",
        ast.ListComp: "a list [... for ...] is not for a definition: write tuple(... for ...).",
        ast.Dict: "a table {...: ...} is not for a definition: give each value a name.",
        ast.Set: "a set {...} is not for a definition: write (...).",
        ast.Subscript: "a part of something, as in x[0], is not for a definition: name the parts, as in a, b = x.",
        ast.Lambda: "`lambda` is not for a definition: write `def`.",
        ast.If: "`if` is not for a definition: people are told apart by words; a value is `a if b else c`.",
        ast.While: "`while` is not for a definition: a word says how often, as .at_least_times(3).",
        ast.AugAssign: "a change of a name, as in x &= y, is not for a definition: write x = x & y.",
        ast.AnnAssign: "a name with a type, as in x: int = 1, is not for a definition: write x = 1.",
        ast.ClassDef: "a class is not for a definition: compose words.",
        ast.Try: "`try` is not for a definition: what is wrong in it is told when it is read.",
        ast.With: "`with` is not for a definition: it opens nothing.",
        ast.Pass: "`pass` does nothing: leave it out.",
        **dict.fromkeys(
            (ast.Lt, ast.LtE, ast.Gt, ast.GtE),
            "`<` and `>` do not compare readings: write .below(...), .at_most(...), .above(...) or .at_least(...).",
        ),
        **dict.fromkeys(
            (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow),
            "a definition does no sums: write the number, and join words by `&` and `|`.",
        ),
    }
)
"""What to write in the place of what has none; of whatever is not here, that it has none."""


def faults(tree: ast.Module) -> list[tuple[int, str]]:
    """What in the file is more than words, with its line; in order of lines."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    taken = imported | set(BUILTINS)
    return sorted(
        (
            (line, fault)
            for line, node in _lined(tree)
            for fault in _node_faults(node, node in tree.body, taken, taken | own)
        ),
        key=lambda one: one[0],
    )


def _lined(tree: ast.Module) -> Iterator[tuple[int, ast.AST]]:
    """All nodes, each with its line: what has none of its own is on that of what it is in."""
    left: list[tuple[int, ast.AST]] = [(0, tree)]
    while left:  # no recursion: a file may be deeper than that goes
        line, node = left.pop()
        yield line, node
        left += [(getattr(inner, "lineno", line), inner) for inner in ast.iter_child_nodes(node)]


def _node_faults(node: ast.AST, is_outermost: bool, taken: set[str], callable_: set[str]) -> Iterator[str]:
    if isinstance(node, ast.BoolOp):
        return  # its operator is told
    if not isinstance(node, _ALLOWED):
        yield _INSTEAD.get(type(node), f"{_kind(node)} has no place in a definition. Compose words of {_WORDS}.")
    elif isinstance(node, ast.ImportFrom):
        yield from _import_faults(node, is_outermost)
    elif isinstance(node, ast.Attribute) and node.attr not in _OPEN:
        close = get_close_matches(node.attr, _OPEN, n=1, cutoff=0.75)
        yield f".{node.attr} is nothing that a word offers{f'; did you mean .{close[0]}?' if close else '.'}"
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id not in callable_:
            yield unknown_name(node.func.id, callable_)
        elif not isinstance(node.func, ast.Attribute | ast.Name):
            yield "what is called here is neither a word nor a function of this file: give it a name."
    elif name := _bound(node):
        if name.startswith("_") or name in taken:
            yield f"the name {name} is taken, or begins with an underscore. Choose another."
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield f"{node.name} has a decorator. Leave it out."
    elif isinstance(node, ast.FormattedValue) and (node.format_spec or node.conversion != -1):
        yield "a text is put together without formats or conversions here."
    elif isinstance(node, ast.Name) and node.id.startswith("_"):
        yield f"{node.id} begins with an underscore. Choose another name."


def _import_faults(node: ast.ImportFrom, is_outermost: bool) -> Iterator[str]:
    offered = MODULES.get(node.module or "") if node.level == 0 else None
    if offered is None or not is_outermost:
        yield f"an import of {'.' * node.level}{node.module or ''}. A definition imports words of {_WORDS}, and dates."
        return
    for alias in node.names:
        if alias.name not in offered:
            close = get_close_matches(alias.name, offered, n=1, cutoff=0.75)
            more = f"; did you mean {close[0]}?" if close else ". docs/reference/words.md names them."
            yield f"{node.module} has no word {alias.name}{more}"


def _bound(node: ast.AST) -> str | None:
    """The name that a statement or a parameter gives a value to, where it is one."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.arg):
        return node.arg
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else None


def _kind(node: ast.AST) -> str:
    """What it is, in the words that the file itself has for it where it is a statement."""
    return f"`{type(node).__name__.lower()}`" if isinstance(node, ast.stmt) else "what is written here"


def _open_names() -> frozenset[str]:
    """Attributes that words offer: methods and fields of their classes, and the words of `blood_pressure`."""
    words = [import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)]
    classes = [
        one
        for module in (*words, examples, model)
        for one in vars(module).values()
        if isclass(one) and one.__module__ == module.__name__ and not one.__name__.startswith("_")
    ]
    found = {name for one in classes for name in (*vars(one), *getattr(one, "__dataclass_fields__", ()))}
    return frozenset(name for name in found | set(MODULES[blood_pressure.__name__]) if not name.startswith("_"))


_OPEN = _open_names()

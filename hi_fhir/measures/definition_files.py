"""Definitions from outside the package: a Python file that says words alone is checked, then read; never imported.

What a file may do is compose words: it has no import but of them and of dates, no call but of them and of its own
functions, and no way to anything that they do not say openly.
"""

import ast
import pkgutil
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from importlib import import_module
from inspect import isclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hi_fhir import measures
from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures import blood_pressure, examples, model
from hi_fhir.measures import words as package

_WORDS = "hi_fhir.measures"
_LARGEST_KB = 256
_BUILTINS = MappingProxyType({"tuple": tuple})
_MODULES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "datetime": {"UTC": UTC, "date": date, "datetime": datetime},
        _WORDS: {name: getattr(measures, name) for name in measures.__all__},
        blood_pressure.__name__: {
            name: word for name, word in vars(blood_pressure).items() if not name.startswith("_")
        },
    }
)

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


def read_definition(path: Path) -> Mapping[str, Any]:
    """The names that the file at `path` gives values to.

    Raises:
        DefinitionError: it does not read, says more than words, or a word refuses what it is given.
    """
    tree = _parsed(path)
    for line, fault in _faults(tree):
        raise DefinitionError(f"{path}, line {line}: {fault}")
    names: dict[str, Any] = {"__builtins__": dict(_BUILTINS), "__name__": path.stem}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: _MODULES[node.module or ""][alias.name] for alias in node.names}
    try:
        exec(compile(_without_imports(tree), str(path), "exec"), names)  # noqa: S102  checked above
    except Exception as error:
        raise DefinitionError(f"{path}: {type(error).__name__}: {error}. Fix the definition.") from error
    return {name: value for name, value in names.items() if not name.startswith("_")}


def _without_imports(tree: ast.Module) -> ast.Module:
    """The file without its imports and annotations: its words are there already, and what is left looks nothing up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return ast.Module([node for node in tree.body if not isinstance(node, ast.ImportFrom)], type_ignores=[])


def _parsed(path: Path) -> ast.Module:
    if path.stat().st_size > _LARGEST_KB << 10:
        raise DefinitionError(f"{path}: over {_LARGEST_KB} kB, which no definition is.")
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise DefinitionError(f"{path}{where}: it is no Python: {getattr(error, 'msg', error)}.") from error


def _faults(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What in the file is more than words, with its line; whatever comes first is told first."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    callable_ = own | imported | set(_BUILTINS)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if not isinstance(node, _ALLOWED):
            yield line, f"{_kind(node)} has no place in a definition. Compose words of {_WORDS}."
        elif isinstance(node, ast.ImportFrom):
            yield from ((line, fault) for fault in _import_faults(node, node in tree.body))
        elif isinstance(node, ast.Attribute) and node.attr not in _OPEN:
            yield line, f".{node.attr} is nothing that a word offers."
        elif isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Attribute) and not (
                isinstance(node.func, ast.Name) and node.func.id in callable_
            ):
                yield line, "a call of what is neither a word nor a function of this file."
        elif name := _bound(node):
            if name.startswith("_") or name in imported | set(_BUILTINS):
                yield line, f"the name {name} is taken, or begins with an underscore. Choose another."
            elif isinstance(node, ast.FunctionDef) and node.decorator_list:
                yield line, f"{node.name} has a decorator. Leave it out."
        elif isinstance(node, ast.FormattedValue) and (node.format_spec or node.conversion != -1):
            yield line, "a text is put together without formats or conversions here."
        elif isinstance(node, ast.Name) and node.id.startswith("_"):
            yield line, f"{node.id} begins with an underscore. Choose another name."


def _import_faults(node: ast.ImportFrom, is_outermost: bool) -> Iterator[str]:
    offered = _MODULES.get(node.module or "") if node.level == 0 else None
    if offered is None or not is_outermost:
        yield f"an import of {'.' * node.level}{node.module or ''}. A definition imports words of {_WORDS}, and dates."
        return
    for alias in node.names:
        if alias.name not in offered:
            yield f"{node.module} has no word {alias.name}. docs/reference/words.md names them."


def _bound(node: ast.AST) -> str | None:
    """The name that a statement or a parameter gives a value to, where it is one."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.arg):
        return node.arg
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else None


def _kind(node: ast.AST) -> str:
    return f"{type(node).__name__.lower()!r}"


def _open_names() -> frozenset[str]:
    """Attributes that words offer: methods and fields of their classes, and the words of `blood_pressure`."""
    words = [import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)]
    classes = [
        one
        for module in (*words, examples, model)
        for one in vars(module).values()
        if isclass(one) and one.__module__ == module.__name__
    ]
    found = {name for one in classes for name in (*vars(one), *getattr(one, "__dataclass_fields__", ()))}
    return frozenset(name for name in found | set(_MODULES[blood_pressure.__name__]) if not name.startswith("_"))


_OPEN = _open_names()

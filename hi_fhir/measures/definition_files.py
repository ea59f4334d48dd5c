"""Definitions from outside the package: a Python file that says words alone is checked, then read; never imported."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures.definition_errors import refused
from hi_fhir.measures.definition_faults import BUILTINS, MODULES, faults

_LARGEST_KB = 256


def read_definition(path: Path) -> Mapping[str, Any]:
    """The names that the file at `path` gives values to.

    Raises:
        DefinitionError: it does not read, says more than words, or a word refuses what it is given.
    """
    tree = _without_annotations(_parsed(path))
    for line, fault in faults(tree):
        raise DefinitionError(f"{path}, line {line}: {fault}")
    names: dict[str, Any] = {"__builtins__": dict(BUILTINS), "__name__": path.stem}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: MODULES[node.module or ""][alias.name] for alias in node.names}
    try:
        exec(compile(_without_imports(tree), str(path), "exec"), names)  # noqa: S102  checked above
    except Exception as error:
        raise refused(str(path), str(path), error) from error
    return {name: value for name, value in names.items() if not name.startswith("_")}


def _without_annotations(tree: ast.Module) -> ast.Module:
    """The file without what it says of kinds: nothing looks that up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return tree


def _without_imports(tree: ast.Module) -> ast.Module:
    """The file without its imports: its words are there already."""
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

"""What hi_fhir imports is what pyproject.toml says it depends on, and the other way round."""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIMPORTED = {"pandas", "pyarrow-hotfix", "sqlglot", "marshmallow", "nhsuk-frontend-jinja"}
"""Declared for a library's sake (Ibis), for its templates alone, or for parts of the service that are to come."""


def imported() -> dict[str, set[str]]:
    """Top-level packages that hi_fhir imports, but for those of Python itself, each with the files that do."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "hi_fhir").rglob("*.py"):
        for name in map(top, imports(path)):
            if name not in sys.stdlib_module_names and name != "hi_fhir":
                found[name].add(str(path.relative_to(ROOT)))
    return found


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def top(module: str) -> str:
    return module.partition(".")[0]


def normal(name: str) -> str:
    """A distribution's name as all spellings of it are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [
        one for name, extra in project["optional-dependencies"].items() if name not in ("dev", "spark") for one in extra
    ]
    names = (re.match(r"[\w.-]+", line) for line in (*project["dependencies"], *optional))
    return {normal(name[0]) for name in names if name}


def test_every_package_that_is_imported_is_declared() -> None:
    given = packages_distributions()
    undeclared = {
        name: sorted(files)
        for name, files in imported().items()
        if not {normal(one) for one in given.get(name, [name])} & declared()
    }

    assert undeclared == {}


def test_every_package_that_is_declared_is_imported_or_listed_with_its_reason() -> None:
    given = packages_distributions()
    used = {normal(one) for name in imported() for one in given.get(name, [name])}

    assert declared() - used == UNIMPORTED

"""Two classes never share a name: whoever meets one word in two modules means one thing by it."""

import ast
from collections import defaultdict
from pathlib import Path

import hi_fhir


def test_no_two_public_classes_share_a_name() -> None:
    package = Path(hi_fhir.__file__).parent
    modules = defaultdict(list)
    for path in sorted(package.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].append(path.relative_to(package).as_posix())

    assert modules["Scope"] == ["tables/scope.py"]
    assert {name: found for name, found in modules.items() if len(found) > 1} == {}

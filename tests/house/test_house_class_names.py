"""A class's name says which one is meant, wherever it is read."""

import ast
from collections import defaultdict
from pathlib import Path

import hi_fhir

ROOT = Path(hi_fhir.__file__).parent
PACKAGES = ("disclosure", "fhir", "reports", "store", "web")


def test_no_other_class_has_the_name_of_one_of_these_packages() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(ROOT).as_posix())
    shared = {name: found for name, found in places.items() if len(found) > 1}

    assert {name: found for name, found in shared.items() if any(one.startswith(PACKAGES) for one in found)} == {}

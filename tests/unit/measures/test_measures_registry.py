"""The registry finds every definition, and says which file is not as it should be."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from hi_fhir.core.errors import DefinitionError, NotFoundError
from hi_fhir.measures import definitions, registry

USABLE = registry.load(["ethnicity-usable"])[0]


def a_module(file: str, measure: object) -> ModuleType:
    module = ModuleType(f"hi_fhir.measures.definitions.{file}")
    if measure is not None:
        module.MEASURE = measure
    return module


def test_every_file_of_the_folder_is_a_measure_in_order_of_id() -> None:
    files = sorted(path.stem for path in Path(definitions.__path__[0]).glob("[!_]*.py"))

    assert [measure.id.replace("-", "_") for measure in registry.load()] == files


def test_measures_are_chosen_by_id_and_come_in_order_of_id() -> None:
    chosen = registry.load(["smoking-status-recorded", "ethnicity-usable"])

    assert [measure.id for measure in chosen] == ["ethnicity-usable", "smoking-status-recorded"]


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(NotFoundError, match="no measure is called 'smoking'"):
        registry.load(["ethnicity-usable", "smoking"])


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ([("other", None)], r"definitions/other\.py: no MEASURE"),
        ([("other", "a text")], r"definitions/other\.py: no MEASURE"),
        ([("other", USABLE)], r"rename it to ethnicity_usable\.py"),
        ([("ethnicity_usable", USABLE), ("again", USABLE)], r"definitions/again\.py: another file has the id"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_named(modules: list[tuple[str, object]], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        registry.collect(a_module(file, measure) for file, measure in modules)


def test_measures_are_collected_in_order_of_id() -> None:
    first = replace(USABLE, id="a-first")

    found = registry.collect([a_module("ethnicity_usable", USABLE), a_module("a_first", first)])

    assert list(found) == ["a-first", "ethnicity-usable"]


def test_what_a_definition_raises_is_its_writers_to_mend(tmp_path, monkeypatch) -> None:
    (tmp_path / "broken.py").write_text("from hi_fhir.measures import registred\n", encoding="utf-8")
    monkeypatch.setattr(definitions, "__path__", [str(tmp_path)])
    registry._all.cache_clear()

    try:
        with pytest.raises(DefinitionError, match=r"definitions/broken\.py: ImportError: .*registred.*\. Mend the"):
            registry.load()
    finally:
        registry._all.cache_clear()
    assert f"{definitions.__name__}.broken" not in sys.modules

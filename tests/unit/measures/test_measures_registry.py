"""The registry finds every definition, and says which file is not as it should be."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hi_fhir.core.errors import DefinitionError, NotFoundError
from hi_fhir.measures import definitions, registry
from hi_fhir.measures.registry import File

USABLE = registry.load(["ethnicity-usable"])[0]


def a_file(name: str, measure: object) -> File:
    return File(Path(f"measures/definitions/{name}.py"), {} if measure is None else {"MEASURE": measure})


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
    ("files", "message"),
    [
        ([("other", None)], r"definitions/other\.py: no MEASURE"),
        ([("other", "a text")], r"definitions/other\.py: no MEASURE"),
        ([("other", USABLE)], r"rename it to ethnicity_usable\.py"),
        ([("ethnicity_usable", USABLE), ("again", USABLE)], r"definitions/again\.py: another file has the id"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_named(files: list[tuple[str, object]], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        registry.collect(a_file(file, measure) for file, measure in files)


def test_measures_are_collected_in_order_of_id() -> None:
    first = replace(USABLE, id="a-first")

    found = registry.collect([a_file("ethnicity_usable", USABLE), a_file("a_first", first)])

    assert list(found) == ["a-first", "ethnicity-usable"]


def test_what_a_definition_raises_is_its_writers_to_mend(tmp_path, monkeypatch) -> None:
    (tmp_path / "broken.py").write_text("from hi_fhir.measures import registred\n", encoding="utf-8")
    monkeypatch.setattr(definitions, "__path__", [str(tmp_path)])
    registry._shipped.cache_clear()

    try:
        with pytest.raises(
            DefinitionError, match=r"definitions/broken\.py, line 1: ImportError: .*registred.*\. Fix the"
        ):
            registry.load()
    finally:
        registry._shipped.cache_clear()
    assert f"{definitions.__name__}.broken" not in sys.modules


OURS = '''"""Adults of ours."""

from datetime import date

from hi_fhir.measures import ProportionMeasure, aged, ethnicity_stated, registered

MEASURE = ProportionMeasure(
    id="{id}",
    version="1",
    title="Ours",
    description="Ours.",
    rule_set="ours",
    source="ours",
    reviewed_by="nobody yet",
    next_review=date(2027, 4, 1),
    initial_population=registered() & aged(at_least=18),
    numerator=ethnicity_stated(),
)
'''
BANDS = """from hi_fhir.measures import ByAge, Stratifier

STRATIFIER = Stratifier("older", "2", "Older people", ByAge((0, 75)), ("younger", "older", "unknown"))
"""


def an_overlay(folder: Path, **files: str) -> Path:
    """files: content by path, in which `__` is the slash."""
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def test_an_overlay_adds_measures_and_stands_in_for_shipped_ones(tmp_path: Path) -> None:
    first = an_overlay(tmp_path / "first", measures__of_ours=OURS.format(id="of-ours"))
    second = an_overlay(
        tmp_path / "second",
        measures__of_ours=OURS.format(id="of-ours").replace('"1"', '"2"'),
        measures__ethnicity_usable=OURS.format(id="ethnicity-usable"),
    )

    found = registry.defined([first, second])

    assert found["of-ours"].told == str(second / "measures" / "of_ours.py")
    assert found["of-ours"].measure.version == "2"
    assert found["ethnicity-usable"].told == f"{second / 'measures' / 'ethnicity_usable.py'}, in place of the shipped"
    assert found["ethnicity-recorded"].told == "shipped"
    assert list(found) == sorted(found)
    assert registry.load(["of-ours"], [first])[0].version == "1"


def test_a_breakdown_of_an_overlay_is_every_measures_under_another_version(tmp_path: Path) -> None:
    overlay = an_overlay(tmp_path, stratifiers__older=BANDS)

    (usable,) = registry.load(["ethnicity-usable"], [overlay])

    assert usable.version == f"{USABLE.version}-older.2"
    assert usable.stratifiers[:-1] == USABLE.stratifiers
    assert usable.stratifiers[-1].strata == ("younger", "older", "unknown")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"measures__other": OURS.format(id="of-ours")}, r"measures/other\.py: rename it to of_ours\.py"),
        ({"measures__other": "X = 1\n"}, r"measures/other\.py: no MEASURE"),
        ({"stratifiers__bands": BANDS}, r"stratifiers/bands\.py: rename it to older\.py"),
        ({"stratifiers__older": "X = 1\n"}, r"stratifiers/older\.py: no STRATIFIER"),
        ({"measures__other": "import os\n"}, r"measures/other\.py, line 1"),
    ],
)
def test_a_file_of_an_overlay_that_is_not_as_it_should_be_is_named(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(DefinitionError, match=message):
        registry.defined([an_overlay(tmp_path, **files)])

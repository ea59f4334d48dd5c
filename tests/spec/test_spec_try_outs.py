"""Measures that somebody might add tomorrow, by the how-to alone: short, without a fault, and right at every edge.

They are read as a deployment's own are, which say words and nothing else.
"""

from pathlib import Path

import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.measures import checks, second_opinion, worked
from hi_fhir.measures.definition_files import read_definition
from hi_fhir.measures.model import Measure
from hi_fhir.measures.plain.outcome import outcome
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.render.requirements import value_sets
from hi_fhir.terminology.catalogue import Terminology, load
from tests.support.made_up_codes import overlay_of
from tests.support.plain_units import convert

FOLDER = Path(__file__).parent / "try_outs"
FILES = sorted(FOLDER.glob("*.py"))


MEASURES: list[Measure] = [read_definition(path)["MEASURE"] for path in FILES]


@pytest.fixture(scope="module")
def terminology(tmp_path_factory: pytest.TempPathFactory) -> Terminology:
    used = {value_set for measure in MEASURES for value_set in value_sets(measure)}
    return load([overlay_of(tmp_path_factory.mktemp("overlay"), used)])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_definition_is_shorter_than_sixty_lines_and_imports_the_language_alone(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60
    assert {line.split()[1] for line in lines if line.startswith(("from ", "import "))} == {
        "datetime",
        "hi_fhir.measures",
    }


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.id)
def test_a_worked_example_ends_where_its_definition_says(
    measure: Measure, terminology: Terminology, tmp_path: Path
) -> None:
    engine = connect(tmp_path / "spill")
    assert worked.failures(engine, tmp_path, [measure], terminology) == []
    engine.close()


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.id)
def test_a_plain_reading_agrees(measure: Measure) -> None:
    found = {
        example.name: outcome(measure, example.person, Setting(example.period, example.as_of, convert))
        for example in measure.examples
    }
    assert found == {example.name: example.told for example in measure.examples}


@pytest.mark.parametrize("path", sorted((FOLDER / "stratifiers").glob("*.py")), ids=lambda path: path.stem)
def test_a_breakdown_by_words_is_right_at_every_edge(path: Path, tmp_path: Path) -> None:
    one, terminology, engine = read_definition(path)["STRATIFIER"], load(), connect(tmp_path / "spill")

    assert checks.stratifier_faults([one]) == []
    assert worked.stratum_failures(engine, tmp_path, [one], terminology) == []
    second = second_opinion.opinions(engine, tmp_path, [], [one], terminology)
    assert second.faults == []
    assert second.people > 30
    engine.close()


def test_no_definition_has_a_fault(terminology: Terminology) -> None:
    assert checks.faults(MEASURES, terminology) == []

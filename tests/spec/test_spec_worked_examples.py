"""Every worked example of every definition, on the engine that counts real people."""

from datetime import date

import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.measures import checks, registry, worked
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.examples import Example, Person
from hi_fhir.measures.model import POPULATIONS, Measure
from hi_fhir.terminology.catalogue import load

MEASURES = registry.load()
TERMINOLOGY = load()
EXAMPLES = [
    pytest.param(measure, example, id=f"{measure.id}: {example.name}")
    for measure in MEASURES
    for example in measure.examples
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[tuple[str, str], str]:
    """Where the engine puts the person of each example, by measure and name."""
    folder = tmp_path_factory.mktemp("examples")
    engine = connect(folder / "spill")
    found = {
        (measure.id, example.name): where
        for measure in MEASURES
        for example, where in worked.placed(engine, folder, measure, TERMINOLOGY)
    }
    engine.close()
    return found


@pytest.mark.parametrize(("measure", "example"), EXAMPLES)
def test_a_worked_example_ends_where_its_definition_says(
    outcomes: dict[tuple[str, str], str], measure: Measure, example: Example
) -> None:
    assert outcomes[measure.id, example.name] == example.outcome


def test_no_definition_has_a_fault() -> None:
    assert checks.faults(MEASURES, TERMINOLOGY) == []


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.id)
def test_an_example_stands_for_every_population_that_a_definition_gives(measure: Measure) -> None:
    shown = {example.outcome for example in measure.examples}
    given = {name.removeprefix("denominator_") for name, _ in measure.populations()} - {"initial_population"}

    assert given | {"outside", "denominator"} <= shown
    assert {name for name, _ in measure.populations()} < set(POPULATIONS)


@pytest.mark.slow
def test_examples_are_judged_together_and_apart_alike(tmp_path) -> None:
    engine = connect(tmp_path / "spill")
    people = [Person(ethnicity="stated", ethnic_group_2021="white"), Person(born=None), Person(practice=None)]
    context = EvaluationContext(MEASURES[0].examples[0].period, date(2025, 3, 31), worked.IMD_YEAR)

    together = worked.outcomes(engine, tmp_path, MEASURES, people, context, TERMINOLOGY)

    for measure in MEASURES:
        assert (
            worked.outcomes(engine, tmp_path, [measure], people, context, TERMINOLOGY)[measure.id]
            == together[measure.id]
        )

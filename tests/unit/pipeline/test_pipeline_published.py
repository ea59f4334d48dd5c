"""Which evaluations give a decision the same to decide about, and which do not."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest
from hi_fhir.pipeline.published import counted_alike
from tests.support.evaluations import AREAS, write_evaluation


def renamed(one: EvaluationManifest) -> EvaluationManifest:
    areas = [msgspec.structs.replace(area, practice_name="Another") for area in one.areas]
    return msgspec.structs.replace(one, areas=areas, dropped_readings={})


@pytest.mark.parametrize(
    ("changed", "is_alike"),
    [
        (renamed, True),
        (lambda one: msgspec.structs.replace(one, tables={COUNTS_FILE: "0" * 64}), False),
        (lambda one: msgspec.structs.replace(one, versions={**one.versions, "rule/registration": "2"}), False),
        (lambda one: msgspec.structs.replace(one, standings=one.standings[1:]), False),
        (lambda one: msgspec.structs.replace(one, areas=one.areas[1:]), False),
        (lambda one: msgspec.structs.replace(one, measures=one.measures[1:]), False),
    ],
)
def test_what_no_count_goes_by_makes_no_other_decision(
    tmp_path: Path, changed: Callable[[EvaluationManifest], EvaluationManifest], is_alike: bool
) -> None:
    first = write_evaluation(tmp_path / "evaluations" / "first", areas=AREAS)

    second = msgspec.structs.replace(changed(first), id="second")

    assert counted_alike(second, tmp_path) == (["first"] if is_alike else [])
    assert counted_alike(first, tmp_path) == []

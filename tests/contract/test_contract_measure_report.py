"""Our MeasureReports, Measures and Organizations are R4: other people's models take them and give them back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from hi_fhir.cohorts.inputs import Note
from hi_fhir.core.files import canonical_json
from hi_fhir.fhir.resources import ShapeChecker, round_trip
from hi_fhir.measures import registry
from hi_fhir.reports.checks import check_resource
from hi_fhir.reports.definitions import measure_resource
from hi_fhir.reports.reporters import organisation_resource, reporters
from tests.contract.snapshot import SNAPSHOT, snapshot
from tests.support.evaluations import AREAS
from tests.support.reporting import SETTINGS, a_measure, released_reports

A_NOTE = Note("elm", "a note")
AUDIENCES = ("practice", "pcn", "icb", "public")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "measure-report.md"


def as_sent(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as it is after its bytes: what a receiver reads."""
    read = orjson.loads(canonical_json(resource))
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("state", ["full", pytest.param("partial", marks=pytest.mark.slow), "missing"])
@pytest.mark.parametrize("people", [9, *(pytest.param(count, marks=pytest.mark.slow) for count in (0, 200))])
def test_a_report_of_every_shape_comes_back_as_it_went(audience: str, state: str, people: int) -> None:
    for report in released_reports(audience, state=state, people=people, notes=[A_NOTE]).reports.values():
        check_resource(report)
        assert as_sent(round_trip(report)) == as_sent(report)


@pytest.mark.parametrize("measure", registry.load(), ids=lambda measure: measure.id)
def test_every_measure_comes_back_as_it_went(measure: Any) -> None:
    resource = measure_resource(SETTINGS.base, measure)
    assert as_sent(round_trip(resource)) == as_sent(resource)


def test_organisations_come_back_as_they_went() -> None:
    for reporter in reporters(AREAS, "icb"):
        resource = organisation_resource(reporter)
        assert as_sent(round_trip(resource)) == as_sent(resource)


def test_a_shape_is_parsed_once() -> None:
    shapes = ShapeChecker()
    first, again = (released_reports("icb", people=200).reports["U99001"] for _ in range(2))
    shapes.check(first)
    shapes.check(again)
    assert shapes.parsed == 1
    shapes.check(released_reports("icb", people=200, state="missing").reports["U99001"])
    assert shapes.parsed == 2


def test_the_models_refuse_what_is_no_r4() -> None:
    report = released_reports("icb", measure=a_measure()).reports["U99001"] | {"scoring": {"text": "of R5"}}
    with pytest.raises(ValueError, match="scoring"):
        ShapeChecker().check(report)


def test_every_extension_of_ours_is_in_the_reference() -> None:
    described = REFERENCE.read_text(encoding="utf-8")
    own = f"{SETTINGS.base}/StructureDefinition/"
    reports = [released_reports("icb", state=state, notes=[A_NOTE]).reports["U99001"] for state in ("full", None)]
    for report in reports:
        for url in _urls(report):
            assert f"`{url.removeprefix(own)}`" in described or not url.startswith(own)


def _urls(element: Any) -> Iterator[str]:
    """URLs of all extensions in the element."""
    if isinstance(element, dict):
        yield from (extension["url"] for extension in element.get("extension", []))
    for part in element.values() if isinstance(element, dict) else element if isinstance(element, list) else ():
        yield from _urls(part)


def test_the_snapshot_of_a_report_is_as_it_was() -> None:
    assert SNAPSHOT.read_bytes() == snapshot(), "If this is meant: python -m tests.contract.snapshot"

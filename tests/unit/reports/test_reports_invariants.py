"""Each of our own checks finds what it is for."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from hi_fhir.reports.invariants import InvalidResourceError, check_resource
from tests.support.reporting import released_reports

Json = dict[str, Any]
VALID = released_reports("icb", people=200).reports["U99001"]


def test_a_report_of_ours_passes() -> None:
    check_resource(VALID)


def group(report: Json) -> Json:
    return report["group"][0]


def stratum(report: Json) -> Json:
    return report["group"][0]["stratifier"][0]["stratum"][0]


def population(report: Json) -> Json:
    return report["group"][0]["population"][0]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: r.update(type="data-collection"), "mrp-1"),
        (lambda r: stratum(r).update(component=[{"code": {"text": "x"}, "value": {"text": "y"}}]), "mrp-2"),
        (lambda r: stratum(r).pop("value"), "mrp-2"),
        (lambda r: r["period"].update(start="2026-01-01"), "per-1"),
        (lambda r: population(r).update(count=-5), "negative"),
        (lambda r: population(r).update(count=2**31), "too large"),
        (lambda r: population(r).update(_count={"extension": [{"url": "x", "valueCode": "masked"}]}), "not both"),
        (lambda r: group(r)["population"].append(population(r)), "a population twice"),
        (lambda r: group(r)["measureScore"].pop("system"), "qty-3"),
        (lambda r: group(r)["measureScore"].update(value=1.2), "no share"),
        (lambda r: group(r).pop("code"), "no code"),
        (lambda r: stratum(r).update(population=[]), "an empty array"),
        (lambda r: r.update(implicitRules=None), "null"),
        (lambda r: r.update(text={}), "ele-1"),
        (lambda r: r["reporter"].update(display=" "), "empty or too long"),
        (lambda r: r["reporter"].update(reference="Organization/1"), "literal reference"),
        (lambda r: r["extension"].append({"url": "urn:x"}), "ext-1"),
        (lambda r: r["extension"].append({"url": "urn:x y", "valueString": "z"}), "white space"),
        (lambda r: r.update(measure="https://example.invalid/Measure/m"), "no version"),
        (lambda r: r.update(id="mr_1"), "not a FHIR id"),
    ],
)
def test_a_spoilt_report_is_found(spoil: Callable[[Json], object], message: str) -> None:
    report = deepcopy(VALID)
    spoil(report)
    with pytest.raises(InvalidResourceError, match=message):
        check_resource(report)


def test_a_failure_names_the_place_and_no_value() -> None:
    report = deepcopy(VALID)
    report["reporter"]["identifier"]["value"] = "  "
    with pytest.raises(InvalidResourceError, match=r"MeasureReport\.reporter\.identifier\.value: empty"):
        check_resource(report)

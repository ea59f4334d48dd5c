"""Each of our own checks finds what it is for."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from hi_fhir.core.files import canonical_json
from hi_fhir.fhir.resources import paths_of
from hi_fhir.reports.checks import InvalidResourceError, ReportChecker, check_resource, check_values
from tests.support.evaluations import an_area
from tests.support.reporting import released_reports

Json = dict[str, Any]
VALID = released_reports("icb", people=200).reports["U99001"]


def check(report: Json) -> None:
    ReportChecker().check({name: value for name, value in report.items() if name != "group"}, canonical_json(report))


def test_a_report_of_ours_passes() -> None:
    check(VALID)
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
        (lambda r: population(r).update(count=-5), r"`int` >= 0 - at `\$\.group\[0\]\.population\[0\]\.count`"),
        (lambda r: population(r).update(count=2**31), "`int` <= 2147483647"),
        (lambda r: population(r).update(_count={"extension": [{"url": "x", "valueCode": "masked"}]}), "not both"),
        (lambda r: group(r)["population"].append(population(r)), "a population twice"),
        (lambda r: group(r)["measureScore"].pop("system"), "required field `system`"),
        (lambda r: group(r)["measureScore"].update(value=1.2), "a share of more than all"),
        (lambda r: group(r).pop("code"), "required field `code`"),
        (lambda r: stratum(r).update(population=[]), "length >= 1"),
        (lambda r: r.update(implicitRules=None), "null"),
        (lambda r: r.update(text={}), "ele-1"),
        (lambda r: r["reporter"].update(display=" "), "empty or too long"),
        (lambda r: r["reporter"].update(reference="Organization/1"), "literal reference"),
        (lambda r: r["extension"].append({"url": "urn:x"}), "ext-1"),
        (lambda r: r["extension"].append({"url": "urn:x y", "valueString": "z"}), "white space"),
        (lambda r: r.update(measure="https://example.invalid/Measure/m"), "no version"),
        (lambda r: r.update(id="mr_1"), "not a FHIR id"),
        (lambda r: population(r).update(count=True), "Expected `int`"),
        (lambda r: population(r).pop("count"), "not both"),
        (lambda r: population(r).update(name="x"), "unknown field `name`"),
        (lambda r: population(r)["code"].update(text=" "), "empty or too long"),
        (lambda r: population(r)["code"]["coding"][0].update(system="urn:x y"), "white space"),
        (lambda r: stratum(r)["value"].update(coding=[]), "an empty array"),
        (lambda r: stratum(r)["extension"][0].update(url="urn:x y"), "white space"),
        (lambda r: stratum(r)["extension"][0].update(valueInteger=-1), "`int` >= 0"),
        (lambda r: stratum(r)["extension"].append({"url": "urn:x"}), "ext-1"),
        (lambda r: r["group"].append(group(r)), "length <= 1"),
    ],
)
def test_a_spoilt_report_is_found(spoil: Callable[[Json], object], message: str) -> None:
    report = deepcopy(VALID)
    spoil(report)
    with pytest.raises(InvalidResourceError, match=message):
        check(report)


def test_a_failure_names_the_place_and_no_value() -> None:
    report = deepcopy(VALID)
    report["reporter"]["identifier"]["value"] = "  "
    with pytest.raises(InvalidResourceError, match=r"MeasureReport\.reporter\.identifier\.value: empty"):
        check(report)


def test_what_the_models_do_not_take_is_found_where_ours_let_it_pass() -> None:
    report = deepcopy(VALID)
    stratum(report)["value"]["scoring"] = "of no version"
    with pytest.raises(ValueError, match="scoring"):
        check(report)


def test_the_models_see_every_path_that_a_report_has() -> None:
    """Whatever the numbers, a path stands in one of the reports that were parsed, and few of them are."""
    checker, seen = ReportChecker(), set[str]()
    made = [
        report
        for audience in ("practice", "icb")
        for state in ("full", "partial", "missing")
        for people in (0, 9, 90)
        for report in released_reports(audience, state=state, people=people).reports.values()
    ]
    for report in made:
        before = checker.parsed
        checker.check({name: value for name, value in report.items() if name != "group"}, canonical_json(report))
        if checker.parsed > before:
            seen |= paths_of(report)
        assert paths_of(report) <= seen
    assert 2 <= checker.parsed <= 8 < len(made)


@pytest.mark.parametrize(
    ("value", "is_right"), [(0, True), (2**31 - 1, True), (None, True), (-1, False), (2**31, False)]
)
def test_counts_are_checked_where_all_else_is_known(value: int | None, is_right: bool) -> None:
    if is_right:
        check_values([[], [5, value]])
    else:
        with pytest.raises(InvalidResourceError, match="negative or too large"):
            check_values([[], [5, value]])


def test_a_report_that_is_known_holds_to_all_checks() -> None:
    """Whatever its numbers, a report of known spellings is one that the checks of whole reports let pass."""
    released = released_reports("icb", people=300, areas=[an_area(f"A{n:05d}", f"U{n // 3:05d}") for n in range(30)])
    assert {True, False} == {*released.known.values()}
    for code, report in released.reports.items():
        if released.known[code]:
            check(report)

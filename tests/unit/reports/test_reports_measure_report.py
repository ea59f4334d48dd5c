"""What a MeasureReport says, and what it leaves out."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from hi_fhir.cohorts.inputs import Note
from hi_fhir.cohorts.lists import ListComparison, ListGroup
from hi_fhir.core.days import Period
from hi_fhir.core.files import canonical_json
from hi_fhir.disclosure.counts import Group
from hi_fhir.measures import registry
from hi_fhir.measures.stratifiers import SEX
from hi_fhir.reports.checks import check_resource
from hi_fhir.reports.measure_report import ReportSettings, report_identifier
from hi_fhir.statistics.intervals import poisson, wilson
from tests.support.evaluations import a_count, a_ratio, an_area, an_evaluation
from tests.support.reporting import a_measure, count_of, extensions, groups_of, parts, released_reports

BASE = "https://example.invalid/fhir"
AUDIENCES = ("practice", "pcn", "icb", "public")


def report_of(reporter: str = "U99001", audience: str = "icb", **made: Any) -> dict[str, Any]:
    return released_reports(audience, **made).reports[reporter]


def test_it_names_measure_reporter_days_and_direction() -> None:
    report = report_of()
    measure = a_measure()
    assert report["measure"] == f"{BASE}/Measure/{measure.id}|{measure.version}"
    assert report["date"] == "2025-04-02"
    assert report["period"] == {"start": "2024-04-01", "end": "2025-03-31"}
    assert report["improvementNotation"]["coding"][0]["code"] == "increase"
    assert report["reporter"] == {
        "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "U99001"},
        "display": "Name of U99001",
    }
    assert report["id"] == f"mr-{report['identifier'][0]['value']}"
    assert (report["status"], report["type"], "meta" in report) == ("complete", "summary", False)


SETTINGS = ReportSettings("urn:example", BASE)


def test_the_identifier_is_the_same_for_every_version_of_a_report() -> None:
    one = an_evaluation([], registered=300)
    corrected = msgspec.structs.replace(an_evaluation([], registered=200), software="hi_fhir 9")
    later = msgspec.structs.replace(one, data_date=date(2025, 5, 2))
    as_of = msgspec.structs.replace(one, as_of=date(2025, 3, 30))
    made = {report_identifier(SETTINGS, each, "m", "A99001", "icb") for each in (one, corrected, later, as_of)}
    assert len(made) == 1


def test_the_identifier_differs_with_whatever_makes_it_another_report() -> None:
    evaluation = an_evaluation([])
    longer, shorter = (
        msgspec.structs.replace(evaluation, period=Period(*days))
        for days in ((date(2024, 3, 31), date(2025, 3, 31)), (date(2024, 4, 1), date(2025, 3, 30)))
    )
    made = [
        report_identifier(SETTINGS, evaluation, "m", "A99001", "icb"),
        report_identifier(SETTINGS, evaluation, "n", "A99001", "icb"),
        report_identifier(SETTINGS, evaluation, "m", "A99002", "icb"),
        report_identifier(SETTINGS, evaluation, "m", "A99001", "pcn"),
        report_identifier(SETTINGS, longer, "m", "A99001", "icb"),
        report_identifier(SETTINGS, shorter, "m", "A99001", "icb"),
        report_identifier(replace(SETTINGS, identifier_system="urn:other"), evaluation, "m", "A99001", "icb"),
    ]
    assert len(set(made)) == len(made)


def test_it_has_the_populations_that_the_measure_defines() -> None:
    def codes(id_: str) -> list[str]:
        group = report_of(measure=a_measure(id_))["group"][0]
        return [one["code"]["coding"][0]["code"] for one in group["population"]]

    without = ["initial-population", "denominator", "numerator"]
    assert codes("ethnicity-recorded") == without
    assert codes("hypertension-treated-to-target-under-80") == [*without[:2], "denominator-exception", without[2]]


def test_a_score_has_full_precision_and_a_unit() -> None:
    group = report_of("A99001", "practice", people=300, seed=2)["group"][0]
    exact = released_reports("practice", people=300, seed=2).exact[a_measure().id, "A99001", "all", "all"]
    denominator = exact["denominator"] - exact["denominator_exception"]
    assert group["measureScore"] == {
        "value": exact["numerator"] / denominator,
        "unit": "1",
        "system": "http://unitsofmeasure.org",
        "code": "1",
    }


def test_a_masked_count_says_so_and_is_no_zero() -> None:
    report = report_of(people=8, seed=4)
    found = {count_of(group, "denominator") for _, _, group in groups_of(report)}
    assert {"masked", 0} <= found


def test_a_crossing_is_told_by_components_and_has_no_code_of_its_own() -> None:
    crossing = report_of()["group"][0]["stratifier"][-1]
    assert "code" not in crossing
    stratum = crossing["stratum"][0]
    assert "value" not in stratum
    assert [part["code"]["coding"][0]["code"] for part in stratum["component"]] == ["sex", "core20"]
    assert len(crossing["stratum"]) == 12


def test_several_practices_and_networks_are_strata_of_those_above_them() -> None:
    def by(report: dict[str, Any], id_: str) -> list[str]:
        return [stratum for stratifier, stratum, _ in groups_of(report) if stratifier == id_]

    reports = released_reports("icb").reports
    assert by(reports["QZ1"], "pcn") == ["U99001", "U99002"]
    assert by(reports["QZ1"], "practice") == ["A99001", "A99002", "A99003"]
    assert (by(reports["U99001"], "pcn"), by(reports["U99001"], "practice")) == ([], ["A99001", "A99002"])
    assert (by(reports["A99001"], "pcn"), by(reports["A99001"], "practice")) == ([], [])


def test_a_practice_without_a_network_is_an_unknown_one_of_its_board() -> None:
    areas = [an_area("A99001"), an_area("A99002", pcn=None)]
    strata = {(one, stratum): group for one, stratum, group in groups_of(report_of("QZ1", areas=areas))}
    assert strata["pcn", "unknown"]["value"]["coding"][0]["system"] == f"{BASE}/CodeSystem/pcn"


def test_it_says_which_practices_it_covers() -> None:
    covered = extensions(report_of("U99002"), "covered-practice")
    assert [one["valueReference"]["identifier"]["value"] for one in covered] == ["A99003", "A99004"]


def test_it_says_what_produced_it() -> None:
    report = report_of("QZ1", state=None)
    (basis,) = extensions(report, "report-basis")
    assert parts(basis) == {
        "audience": "icb",
        "disclosure-policy": "icb-suppressed",
        "disclosure-policy-version": "7",
        "opt-out-policy": "not-applicable",
        "imd-year": "2025",
        "quarantine-limit": 0.05,
        "as-of": "2025-03-31",
        "software": "hi_fhir 0.1.0",
        "use": "Monitoring, not a payment claim.",
    }
    versions = {part["name"]: part["version"] for part in map(parts, extensions(report, "version-used"))}
    assert versions == {"mappings/units": "2026-11-01", "rule/registration": "1", "stratifier/sex": "1"}
    assert [parts(one) for one in extensions(report, "data-source")] == [{"source": "main", "data-date": "2025-04-02"}]
    assert parts(extensions(report, "measure-rules")[0])["rule-set"] == "QOF HYP008"
    (lists,) = extensions(report, "code-lists")
    sets = [parts(part)["id"] for part in lists["extension"] if part["url"] == "value-set"]
    assert "systolic-blood-pressure" in sets


@pytest.mark.parametrize("audience", AUDIENCES)
def test_counts_of_the_run_are_masked_for_everybody(audience: str) -> None:
    report = released_reports(audience).reports["A99001"]
    assert parts(extensions(report, "run-quarantine")[0]) == {
        "type": "Observation",
        "bad-date": 10,
        "not-json": "masked",
    }
    people = parts(extensions(report, "run-people")[0])
    assert (people["opted-out"], people["restricted"]) == (0, "masked")
    assert parts(extensions(report, "readings-left-out")[0]) == {
        "value-set": "systolic-blood-pressure",
        "implausible": "masked",
        "unit": "masked",
    }


def test_what_measures_tell_of_registered_people_is_not_told_of_the_run_as_well() -> None:
    """Nor how many they are: of a run of one area that is the area's own count, which may be held back there."""
    people = msgspec.structs.replace(an_evaluation([]).people, ethnicity={"stated": 9}, deprivation={"linked": 9})
    told = parts(extensions(released_reports("icb", people_of_run=people).reports["A99001"], "run-people")[0])
    measured = {"persons", "registered", "ethnicity", "deprivation", "nhs-number"}
    assert {name.partition(".")[0] for name in told}.isdisjoint(measured)


def test_what_was_not_seen_in_a_source_is_marked() -> None:
    (measure,) = registry.load(["hypertension-treated-to-target-80-and-over"])
    report = report_of(measure=measure, state=None, people=5)
    caveats = [one["valueString"] for one in extensions(report, "unverified")]
    assert "[U] codes of mappings/old-codes-to-snomed" in caveats
    assert {f"[U] {caveat}" for caveat in measure.caveats} <= set(caveats)
    assert all(f"<p>{caveat}</p>" in report["text"]["div"] for caveat in caveats)


@pytest.mark.parametrize("state", ["partial", "missing"])
def test_code_lists_that_cannot_bear_a_numerator_leave_it_out_with_the_reason(state: str) -> None:
    report = report_of(state=state)
    for _, _, group in groups_of(report):
        assert count_of(group, "numerator") == "unsupported"
        assert "measureScore" not in group
        assert extensions(group, "score-absent")[0]["valueCode"] == "unsupported"
    reasons = [
        part["valueString"] for part in extensions(report, "code-lists")[0]["extension"] if part["url"] == "reason"
    ]
    assert any(f"is {state}" in reason for reason in reasons)


def test_demonstration_is_said_in_words_too() -> None:
    report = report_of(state="demonstration")
    assert parts(extensions(report, "code-lists")[0])["state"] == "demonstration"
    assert "Demonstration: code lists were made up." in report["text"]["div"]
    assert "Demonstration" not in report_of(state="full")["text"]["div"]


def test_a_demonstration_is_said_beside_lists_that_are_worse() -> None:
    released = released_reports("icb", states={"hypertension": "demonstration"}, state="missing")
    text = released.reports["U99001"]["text"]["div"]
    assert "Demonstration: code lists were made up." in text
    assert "Code lists are missing." in text


def test_notes_are_carried_and_escaped() -> None:
    report = report_of(notes=[Note("elm", "reconstructed: leavers <and> the dead are missing")])
    assert extensions(report, "note")[0]["valueString"] == "elm: reconstructed: leavers <and> the dead are missing"
    assert "leavers &lt;and&gt; the dead" in report["text"]["div"]


def test_a_report_tells_of_the_types_that_its_measure_reads_and_of_no_others() -> None:
    notes = [Note("elm", "no Observation was received", "Observation"), Note("elm", "no history")]
    (plain, bp) = (report_of(measure=a_measure(id_), notes=notes) for id_ in ("nhs-number-verified", a_measure().id))

    def told(report: dict[str, Any]) -> tuple[list[str], list[str], bool, bool]:
        return (
            [one["valueString"] for one in extensions(report, "note")],
            [parts(one)["type"] for one in extensions(report, "run-quarantine")],
            "orphan-events.observation" in parts(extensions(report, "run-people")[0]),
            "no Observation" in report["text"]["div"],
        )

    assert told(bp) == (["elm: no Observation was received", "elm: no history"], ["Observation"], True, True)
    assert told(plain) == (["elm: no history"], [], False, False)


def test_how_a_practices_list_stands_beside_the_published_one_is_told_without_its_number() -> None:
    groups = [
        ListGroup("A99003", "all", "all", 5_201, 5_300),
        ListGroup("A99003", "male", "20-24", 150, 200),
        ListGroup("A99003", "male", "25-29", 1, 99),
        ListGroup("A99001", "all", "all", 1, 5_300),
    ]
    report = report_of("U99002", lists=ListComparison(date(2025, 4, 1), groups, ["A99004"]))

    check_resource(report)
    listed, unlisted = extensions(report, "registered-list")
    told = [(one["url"], next(value for name, value in one.items() if name != "url")) for one in listed["extension"]]
    assert told[0][1]["identifier"]["value"] == "A99003"
    assert told[1:] == [("state", "apart"), ("group", "male 20-24"), ("published", 5_300), ("day", "2025-04-01")]
    assert [one["url"] for one in unlisted["extension"]] == ["practice", "state", "day"]
    assert unlisted["extension"][1]["valueCode"] == "not-listed"
    assert extensions(report_of("U99002"), "registered-list") == []
    assert extensions(report_of("U99002", lists=ListComparison(None, [], [])), "registered-list") == []


def test_undetermined_people_are_carried_for_every_stratum() -> None:
    released = released_reports("practice", people=100, seed=5)
    for stratifier, stratum, group in groups_of(released.reports["A99001"]):
        (carried,) = extensions(group, "undetermined")
        assert carried["valueInteger"] == released.exact[a_measure().id, "A99001", stratifier, stratum]["undetermined"]


def test_the_same_counts_make_the_same_bytes() -> None:
    assert canonical_json(report_of()) == canonical_json(report_of())


def test_a_count_is_reported_without_share_or_direction() -> None:
    measure = a_count(stratifiers=a_measure().stratifiers)
    report = report_of(measure=measure, people=300)

    check_resource(report)
    assert "improvementNotation" not in report
    assert "<p>Counted: " in report["text"]["div"]
    for _, _, group in groups_of(report):
        assert [one["code"]["coding"][0]["code"] for one in group["population"]] == ["initial-population"]
        assert "measureScore" not in group
        assert [one["url"].rpartition("/")[2] for one in group["extension"]] == ["undetermined"]
    assert count_of(report["group"][0], "initial-population") > 300


def test_a_ratio_tells_how_often_of_how_many_people_and_for_each() -> None:
    ratio = a_ratio(stratifiers=(SEX,))
    released = released_reports("practice", measure=ratio, people=60)
    report = released.reports["A99001"]
    [group] = report["group"]
    exact = released.exact[Group(ratio.id, "A99001", "all", "all")]

    assert exact["occasions"] == 3 * exact["numerator"] > exact["denominator"]
    counts = {one["code"]["coding"][0]["code"]: one["count"] for one in group["population"]}
    assert counts == {
        "initial-population": exact["initial_population"],
        "denominator": exact["denominator"],
        "numerator": exact["occasions"],
    }
    beside = {one["url"].rpartition("/")[2]: one.get("valueInteger") for one in group["extension"]}
    assert beside["numerator-people"] == exact["numerator"]
    assert group["measureScore"]["value"] == exact["occasions"] / exact["denominator"]
    assert f"{exact['occasions']}, of {exact['numerator']} people; " in report["text"]["div"]

    [of_few] = released_reports("icb", measure=ratio, people=8).reports["A99001"]["group"]
    told = of_few["population"][-1]
    assert (told["code"]["coding"][0]["code"], told["_count"]["extension"][0]["valueCode"]) == ("numerator", "masked")
    assert "measureScore" not in of_few


def scored(group: dict[str, Any]) -> tuple[int, int]:
    """Numerator and denominator of a score."""
    return count_of(group, "numerator"), count_of(group, "denominator") - count_of(group, "denominator-exception")


def test_a_score_has_its_interval_beside_it_and_no_other_has_one() -> None:
    report = report_of("A99001", "practice", people=30)
    seen = 0
    for _, _, group in groups_of(report):
        found = extensions(group, "score-interval")
        assert len(found) == ("measureScore" in group)
        for interval in found:
            lower, upper = wilson(*scored(group))
            told = {"lower": round(lower, 6), "upper": round(upper, 6), "method": "wilson", "includes-rounding": False}
            assert parts(interval) == pytest.approx(told)
            seen += 1
    assert seen > 5


def test_the_interval_of_rounded_counts_is_wider_and_says_so() -> None:
    seen = 0
    for _, _, group in groups_of(report_of(people=400)):
        for interval in extensions(group, "score-interval"):
            told = parts(interval)
            lower, upper = wilson(*scored(group))
            assert told["includes-rounding"]
            assert told["lower"] < lower <= group["measureScore"]["value"] <= upper < told["upper"]
            seen += 1
    assert seen > 3


def test_a_ratio_has_the_interval_of_a_rate() -> None:
    [group] = report_of("A99001", "practice", measure=a_ratio(stratifiers=(SEX,)), people=60)["group"]
    lower, upper = poisson([count_of(group, "numerator")])
    [interval] = extensions(group, "score-interval")
    people = count_of(group, "denominator")
    assert parts(interval)["method"] == "byar"
    ends = [parts(interval)["lower"], parts(interval)["upper"]]
    assert ends == pytest.approx([lower[0] / people, upper[0] / people], abs=1e-6)

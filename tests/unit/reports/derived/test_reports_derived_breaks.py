"""What breaks a comparison of two periods, and which strata it breaks."""

from typing import Any

import pytest

from hi_fhir.core.files import canonical_json
from hi_fhir.reports.derived.breaks import KeptBasis, break_between, kept_basis
from hi_fhir.reports.heads import ReportHead, report_head
from tests.support.reporting import released_reports

VERSIONS = {
    "rule/registration": "1",
    "rule/deprivation": "1",
    "rule/ethnicity": "1",
    "mappings/imd-2025": "1",
    "mappings/ethnicity-ukcore-england": "1",
    "stratifier/sex": "1",
    "stratifier/core20": "1",
    "import/postcodes": "1",
    "mappings/units": "1",
    "mappings/esp-2013": "1",
}
CONTENTS = {"measure": "a", "value_sets/s": "b", "mappings/imd-2025": "c", "mappings/ethnicity-ukcore-england": "d"}
CONTENTS |= {"mappings/units": "e", "mappings/esp-2013": "f"}
MEASURE = "https://example.invalid/Measure/a"
BASIS = KeptBasis(
    f"{MEASURE}|1", frozenset({("s", "1")}), ("icb", "1"), "none", "2025", VERSIONS, frozenset({"A1", "A2"}), CONTENTS
)
BREAKDOWNS = ("all", "sex", "core20", "ethnic-group-5", "ethnic-group-5*imd-quintile")
DEPRIVATION, ETHNICITY = ("core20", "ethnic-group-5*imd-quintile"), ("ethnic-group-5", "ethnic-group-5*imd-quintile")


def changed(**fields: Any) -> KeptBasis:
    return BASIS._replace(**fields)


def versions(**names: str) -> KeptBasis:
    return BASIS._replace(
        versions=VERSIONS | {name.replace("_", "/", 1).replace("_", "-"): v for name, v in names.items()}
    )


def otherwise(name: str) -> KeptBasis:
    """What says something else under the same version."""
    return BASIS._replace(contents=CONTENTS | {name: "another"})


@pytest.mark.parametrize(
    ("now", "reason", "broken"),
    [
        (BASIS, None, ()),
        (versions(import_postcodes="2"), None, ()),
        (changed(measure=f"{MEASURE}|2"), "measure-changed", BREAKDOWNS),
        (changed(value_sets=frozenset({("s", "2")})), "value-set-changed", BREAKDOWNS),
        (changed(policy=("icb", "2")), "disclosure-policy-changed", BREAKDOWNS),
        (changed(policy=("", "")), "disclosure-policy-changed", BREAKDOWNS),
        (changed(opt_out_policy="all"), "opt-out-policy-changed", BREAKDOWNS),
        (changed(members=frozenset({"A1"})), "membership-changed", BREAKDOWNS),
        (versions(rule_registration="2"), "rule-changed", BREAKDOWNS),
        (changed(imd_year="2019"), "imd-year-changed", DEPRIVATION),
        (versions(rule_deprivation="2"), "imd-year-changed", DEPRIVATION),
        (versions(mappings_imd_2025="2"), "imd-year-changed", DEPRIVATION),
        (versions(rule_ethnicity="2"), "ethnicity-rule-changed", ETHNICITY),
        (versions(mappings_ethnicity_ukcore_england="2"), "ethnicity-rule-changed", ETHNICITY),
        (versions(stratifier_sex="2"), "stratifier-changed", ("sex",)),
        (versions(mappings_units="2"), "value-set-changed", BREAKDOWNS),
        (versions(mappings_esp_2013="2"), None, ()),
        (otherwise("measure"), "definition-changed", BREAKDOWNS),
        (otherwise("value_sets/s"), "definition-changed", BREAKDOWNS),
        (otherwise("mappings/units"), "definition-changed", BREAKDOWNS),
        (otherwise("mappings/esp-2013"), None, ()),
        (otherwise("mappings/imd-2025"), "imd-year-changed", DEPRIVATION),
        (otherwise("mappings/ethnicity-ukcore-england"), "ethnicity-rule-changed", ETHNICITY),
        (changed(contents={}), None, ()),
    ],
)
def test_a_change_breaks_what_rests_on_it(now: KeptBasis, reason: str | None, broken: tuple[str, ...]) -> None:
    told = {stratifier: break_between(BASIS, now, stratifier) for stratifier in BREAKDOWNS}
    assert told == {stratifier: reason if stratifier in broken else None for stratifier in BREAKDOWNS}


def test_a_report_says_itself_what_it_rests_on() -> None:
    report = released_reports("icb").reports["U99001"]
    basis = kept_basis(report_head(canonical_json(report)))
    assert basis.measure == report["measure"]
    assert basis.members == {"A99001", "A99002"}
    assert (basis.imd_year, basis.opt_out_policy, basis.policy[0]) == ("2025", "not-applicable", "icb-suppressed")
    assert basis.versions["stratifier/sex"] == "1"
    assert "hypertension" in {id_ for id_, _ in basis.value_sets}
    assert {"measure", "mappings/units", "value_sets/hypertension"} < basis.contents.keys()


def test_a_report_that_does_not_say_is_compared_with_none() -> None:
    silent = kept_basis(ReportHead(f"{MEASURE}|1", "2025-04-02", {}))
    assert break_between(silent, silent, "all") == "disclosure-policy-changed"


def test_without_codes_no_map_of_codes_breaks_anything() -> None:
    plain = BASIS._replace(value_sets=frozenset())
    now = plain._replace(versions=VERSIONS | {"mappings/units": "2"}, contents=CONTENTS | {"mappings/units": "another"})
    assert break_between(plain, now, "all") is None

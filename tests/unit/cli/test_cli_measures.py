"""`hi-fhir measures`: what it lists, what it shows, and what it finds wrong."""

from pathlib import Path

import pytest

from hi_fhir.measures import registry
from hi_fhir.measures.model import Measure
from tests.support.cli import hi_fhir

HEAD = """\
# title: Alcohol
# version: 9
# source: our own list
# retrieved: 2026-08-31
# licence: MIT
# reviewed_by: somebody
# next_review: 2027-04-01
# state: full
# system: http://snomed.info/sct
code,note
"""


def an_overlay(folder: Path, name: str, text: str) -> Path:
    file = folder / "overlay" / "terminology" / "value_sets" / f"{name}.csv"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return folder / "overlay"


def test_the_list_names_every_measure_with_its_rules_and_the_state_of_its_code_lists() -> None:
    ran = hi_fhir("measures", "list", "--json")

    assert ran.code == 0
    assert [one["id"] for one in ran.json] == [measure.id for measure in registry.load()]
    states = {one["id"]: one["state"] for one in ran.json}
    assert states["learning-disability-health-check"] == "missing"
    assert states["ethnicity-recorded"] == "full"
    assert {"id", "version", "rule_set", "state", "title", "from", "broken_down_by"} == set(ran.json[0])


def test_the_list_can_be_read_by_a_person() -> None:
    ran = hi_fhir("measures", "list")

    assert ran.code == 0
    assert all(measure.id in ran.out for measure in registry.load())


def test_a_measure_is_shown_in_sentences_with_its_code_lists_and_whose_rules_they_are() -> None:
    ran = hi_fhir("measures", "show", "smoking-status-recorded", "--json")

    assert ran.code == 0
    found = ran.json
    assert found["populations"] == {
        "initial_population": "registered on the reference date and aged 16 or over at the period's end",
        "numerator": "smoking status recorded in the 12 months to the reference date",
    }
    [used] = found["value_sets"]
    assert (used["id"], used["state"], used["verified"]) == ("smoking-status", "full", True)
    assert found["reviewed_by"]
    assert found["examples"]["undated"] == "denominator"
    assert "sex" in found["stratifiers"]


@pytest.mark.parametrize("measure", registry.load(), ids=lambda measure: measure.id)
def test_every_measure_can_be_shown_to_a_person(measure: Measure) -> None:
    ran = hi_fhir("measures", "show", measure.id)

    assert ran.code == 0
    assert measure.title in ran.out
    assert "initial population" in ran.out


def test_what_was_not_seen_in_the_rule_set_is_marked_for_a_person() -> None:
    ran = hi_fhir("measures", "show", "hypertension-treated-to-target-80-and-over")

    assert "(145/85 or lower at home [U])" in ran.out
    assert "at most 85 mm[Hg] [U]" in " ".join(ran.out.split())
    assert "[U] the threshold for home readings, 145/85" in " ".join(ran.out.split())


def test_a_measure_that_there_is_not_is_the_users_error() -> None:
    ran = hi_fhir("measures", "show", "nonsense")

    assert ran.code == 2
    assert ran.out == ""
    assert "no measure is called 'nonsense'. hi-fhir measures list names them." in ran.err


def test_an_overlay_stands_in_for_the_shipped_list(tmp_path: Path) -> None:
    overlay = an_overlay(tmp_path, "alcohol", f"{HEAD}160573003,\n")

    found = hi_fhir("measures", "show", "severe-mental-illness-six-checks", "--overlay", overlay, "--json").json

    [alcohol] = [one for one in found["value_sets"] if one["id"] == "alcohol"]
    assert (alcohol["state"], alcohol["version"], alcohol["codes"]) == ("full", "9", 1)


@pytest.mark.slow
def test_the_check_runs_every_example_and_finds_nothing_wrong_with_what_is_shipped() -> None:
    ran = hi_fhir("measures", "check", "--json")

    assert ran.code == 0
    assert ran.json["faults"] == []
    assert ran.json["measures"] == len(registry.load())
    assert ran.json["examples"] == sum(len(measure.examples) for measure in registry.load())


def test_a_file_that_does_not_read_is_named_with_its_line(tmp_path: Path) -> None:
    overlay = an_overlay(tmp_path, "alcohol", f"{HEAD}160573003,\n160573003,\n")

    ran = hi_fhir("measures", "check", "--overlay", overlay)

    assert ran.code == 2
    assert "alcohol.csv line 12: code 160573003 appears twice. Remove one line." in ran.err


def test_a_fault_of_a_definition_exits_with_2_and_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    [usable] = registry.load(["ethnicity-usable"])
    wrong = replace(usable, source="", examples=(replace(usable.examples[0], outcome="denominator"),))
    monkeypatch.setattr(registry, "defined", lambda overlays: {wrong.id: registry.Defined(wrong, registry.SHIPPED)})

    told, as_json = hi_fhir("measures", "check"), hi_fhir("measures", "check", "--json")

    assert told.code == as_json.code == 2
    assert "ethnicity-usable: source is empty" in told.err
    assert "ethnicity-usable, example 'stated': numerator, not denominator" in as_json.json["faults"]
    assert "measures/ethnicity-usable: it is not what its version" in told.err


def test_an_example_is_explained_word_by_word() -> None:
    listed = hi_fhir("measures", "explain", "smoking-status-recorded", "--json")
    told = hi_fhir("measures", "explain", "smoking-status-recorded", "--example", "undated")
    as_json = hi_fhir("measures", "explain", "smoking-status-recorded", "--example", "undated", "--json")
    unknown = hi_fhir("measures", "explain", "smoking-status-recorded", "--example", "nobody")

    assert listed.json["undated"] == "denominator"
    assert (
        "numerator:\n  no: smoking status recorded in the 12 months to the reference date\nso: denominator" in told.out
    )
    assert as_json.json["outcome"] == "denominator"
    assert as_json.json["populations"]["numerator"]["answer"] == "no"
    assert unknown.code == 2
    assert "has no example 'nobody'" in unknown.err


OWN = """\
from datetime import date

from hi_fhir.measures import EVER, Example, Person, ProportionMeasure, observed, registered, value_set

DRINK = value_set("our-drink")

MEASURE = ProportionMeasure(
    id="our-drink-recorded",
    version="1",
    title="Drink recorded",
    description="People with a record of drink.",
    rule_set="our own",
    source="our own rule",
    reviewed_by="not yet reviewed by a clinician",
    next_review=date(2027, 4, 1),
    initial_population=registered(),
    numerator=observed(DRINK, EVER),
    examples=(
        Example("recorded", Person().observed(DRINK, date(2020, 1, 1)), "numerator"),
        Example("not recorded", Person(), "denominator"),
    ),
)
"""


def our_measure(folder: Path, definition: str, below: str = "measures") -> Path:
    overlay = an_overlay(folder, "our-drink", f"{HEAD}160573003,\n")
    path = overlay / below / "our_drink_recorded.py"
    path.parent.mkdir()
    path.write_text(definition, encoding="utf-8")
    return overlay


def test_a_value_set_of_ones_own_goes_by_its_title(tmp_path: Path) -> None:
    overlay = our_measure(tmp_path, OWN)

    shown = hi_fhir("measures", "show", "our-drink-recorded", "--overlay", overlay, "--json")
    told = hi_fhir("measures", "explain", "our-drink-recorded", "--overlay", overlay, "--example", "recorded")

    assert shown.json["populations"]["numerator"] == "alcohol recorded up to the reference date"
    assert "yes: alcohol recorded up to the reference date" in told.out


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("next_review=date(2027, 4, 1)", 'next_review="2027-04-01"', "line 7: ProportionMeasure takes a day as"),
        (
            "numerator=observed(DRINK, EVER)",
            "numerator=observed(DRINK, EVER).latest",
            "line 7: ProportionMeasure takes",
        ),
        ("numerator=observed(DRINK, EVER)", 'numerator=observed("drink", EVER)', "line 17: observed takes a value set"),
        ("numerator=observed(DRINK, EVER)", "numerator=DRINK", "Ask for a record with one of its codes"),
    ],
)
def test_a_mistake_of_the_author_is_no_fault_of_ours(tmp_path: Path, right: str, wrong: str, fault: str) -> None:
    overlay = our_measure(tmp_path, OWN.replace(right, wrong))

    ran = hi_fhir("measures", "check", "--overlay", overlay)

    assert ran.code == 2
    assert "our_drink_recorded.py, line" in ran.err
    assert fault in ran.err
    assert "fault of hi-fhir" not in ran.err


@pytest.mark.slow
def test_a_file_that_nothing_reads_is_a_fault(tmp_path: Path) -> None:
    overlay = our_measure(tmp_path, OWN, below="measure")

    ran = hi_fhir("measures", "check", "--overlay", overlay)

    assert ran.code == 2
    assert "our_drink_recorded.py: nothing reads it." in ran.err

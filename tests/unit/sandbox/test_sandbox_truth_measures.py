"""The sandbox's truth of what records show, held to the sentences of docs/explanation/rules.md one by one."""

from dataclasses import replace
from typing import Any

import pytest

from hi_fhir.sandbox.people import answers, codes
from hi_fhir.sandbox.people.model import (
    CodedAnswer,
    Component,
    Reason,
    Record,
    VisitKind,
)
from hi_fhir.sandbox.truth.days import clock_order
from hi_fhir.sandbox.truth.days import dated as day_of
from hi_fhir.sandbox.truth.evidence import evidence_of
from hi_fhir.sandbox.truth.opted_out import BY_CODE, is_opted_out
from hi_fhir.sandbox.truth.setting import TruthSetting
from tests.support.sandbox_people import a_patient, a_person, a_pressure, a_record, on, undated
from tests.support.truths import DIAGNOSIS, UNDER_80, is_met, populations_of, truth_of


@pytest.mark.parametrize(
    ("records", "met"),
    [
        ((a_pressure(140, 90),), True),
        ((a_pressure(141, 90),), False),
        ((a_pressure(136, 80, home=True),), False),
        ((a_pressure(135, 85, home=True),), True),
        ((a_pressure(150, 95), a_pressure(130, 80, home=True)), True),
        ((a_pressure(120, 70), a_pressure(138, 80, home=True, when=on("2024-07-01"))), False),
        ((a_pressure(120, 70), a_pressure(160, 95, when=on("2024-06-03", clock="09:00"))), False),
        ((a_pressure(150, 80), a_pressure(138, 95)), True),
        ((a_pressure(120, 70, when=on("2024-03-31")),), False),
        ((a_pressure(120, 70, when=on("2024-04-01", clock="00:30", utc=True)),), True),
        ((a_pressure(120, 70, when=on("2025-04-01")),), False),
        ((undated(a_pressure(120, 70)),), False),
        ((a_pressure(39, 70),), False),
        ((a_pressure(120, 70, unit="kPa"),), False),
        ((a_pressure(18.6, 11, unit="kPa"),), True),
        ((a_pressure(18.7, 11, unit="kilopascals"),), False),
        ((a_pressure(18_600, 11_000, unit="Pa"),), True),
        ((a_pressure(190, 110, unit="cm[H2O]"),), True),
        ((a_pressure(191, 110, unit="cm[H2O]"),), False),
        ((a_pressure(120, 70, unit="/min"),), False),
        ((a_pressure(120, 70, unit="points"), a_pressure(130, 80, when=on("2024-06-01"))), True),
        ((a_pressure(120, 70, unit=None),), True),
        ((a_pressure(120, 70, status="preliminary"),), False),
        ((), False),
    ],
)
def test_a_blood_pressure_meets_its_target(records: tuple[Record, ...], met: bool) -> None:
    assert is_met(UNDER_80, DIAGNOSIS, *records) == met


def test_a_reading_over_the_day_is_of_no_setting() -> None:
    latest = a_pressure(150, 80)
    parts = tuple(replace(part, code=code) for part, code in zip(latest.components, codes.AMBULATORY, strict=True))
    over_the_day = replace(latest, components=parts)
    assert not is_met(UNDER_80, DIAGNOSIS, over_the_day)
    assert is_met(UNDER_80, DIAGNOSIS, over_the_day, a_pressure(130, 80, when=on("2024-06-01")))


@pytest.mark.parametrize(
    ("records", "met"),
    [
        ((a_pressure((">", 140), 80),), False),
        ((a_pressure((">=", 140), 80),), None),
        ((a_pressure((">", 139), 80),), None),
        ((a_pressure(("<=", 140), 80),), True),
        ((a_pressure(("<", 140), ("<=", 90)),), True),
        ((a_pressure(("<=", 141), 80),), None),
        ((a_pressure((">=", 140), 91),), False),
        ((a_pressure((">=", 140), (">", 90)),), False),
        ((a_pressure(("ad", 120), 80),), None),
        ((a_pressure((">", 18.7), ("<", 10), unit="kPa"),), False),
        ((a_pressure(("<=", 18.6), ("<", 10), unit="kPa"),), True),
        ((a_pressure((">", 350), 80), a_pressure(130, 80, when=on("2024-06-01"))), True),
        ((a_pressure((">=", 350), 80), a_pressure(130, 80, when=on("2024-06-01"))), False),
        ((a_pressure(("<", 40), 80), a_pressure(141, 80, when=on("2024-06-01"))), False),
        ((a_pressure(("<=", 40), 80), a_pressure(141, 80, when=on("2024-06-01"))), True),
        ((a_pressure(130, 80), a_pressure((">", 100), 80)), True),
        ((a_pressure(160, 80), a_pressure((">", 100), 80)), None),
        ((a_pressure(160, 80), a_pressure((">", 140), 80)), False),
        ((a_pressure(140, 80), a_pressure((">", 140), 80)), True),
        ((a_pressure((">", 100), 80), a_pressure(150, 80, home=True)), None),
        ((a_pressure((">", 100), 80), a_pressure(130, 80, home=True)), True),
        ((a_pressure((">", 100), 80), a_pressure(150, 80, home=True, when=on("2024-06-04"))), False),
    ],
)
def test_a_value_with_a_comparator_is_a_bound(records: tuple[Record, ...], met: bool | None) -> None:
    populations = populations_of(UNDER_80, truth_of(DIAGNOSIS, *records))
    assert "denominator" in populations
    assert ("numerator" in populations, "undetermined" in populations) == (met is True, met is None)


def test_a_target_that_a_bound_leaves_open_hides_no_exception() -> None:
    truth = truth_of(DIAGNOSIS, a_pressure((">", 100), 80), a_record("Observation", codes.UNSUITABLE))
    assert populations_of(UNDER_80, truth) == {
        "initial_population",
        "denominator",
        "denominator_exception",
        "undetermined",
    }


@pytest.mark.parametrize(
    ("records", "is_exception"),
    [
        ((a_record("Observation", codes.UNSUITABLE),), True),
        ((a_record("Procedure", codes.PRESSURE_DECLINED, when=on("2024-03-31")),), False),
        ((a_record("Observation", codes.INVITATION[0]), a_record("Observation", codes.INVITATION[1])), False),
        (
            (
                a_record("Observation", codes.INVITATION[0]),
                a_record("Procedure", codes.INVITATION[1], when=on("2024-06-10")),
            ),
            True,
        ),
    ],
)
def test_an_adjustment_of_care_is_an_exception(records: tuple[Record, ...], is_exception: bool) -> None:
    populations = populations_of(UNDER_80, truth_of(DIAGNOSIS, *records))
    assert ("denominator_exception" in populations) == is_exception


@pytest.mark.parametrize(
    ("resolved", "on_register"),
    [
        (a_record("Observation", codes.HYPERTENSION_RESOLVED, when=on("2015-01-01")), False),
        (a_record("Observation", codes.HYPERTENSION_RESOLVED, when=on("2014-12-31")), True),
        (undated(a_record("Observation", codes.HYPERTENSION_RESOLVED)), True),
    ],
)
def test_a_resolving_code_on_or_after_the_diagnosis_takes_off_the_register(resolved: Record, on_register: bool) -> None:
    assert bool(populations_of(UNDER_80, truth_of(DIAGNOSIS, resolved))) == on_register


@pytest.mark.parametrize("status", ["refuted", "resolved", "entered-in-error"])
def test_a_condition_that_does_not_count_is_no_diagnosis(status: str) -> None:
    assert not populations_of(UNDER_80, truth_of(replace(DIAGNOSIS, status=status)))


@pytest.mark.parametrize(
    ("answer", "of_a_diagnosis", "of_a_status"),
    [
        (None, True, True),
        *((answer, False, False) for answer in (*answers.DENIED, *answers.ABSENT)),
        *((answer, False, True) for answer in answers.NONE),
        *((answer, True, True) for answer in answers.NEITHER),
    ],
)
def test_an_answer_may_say_that_it_is_not_so(
    answer: CodedAnswer | None, of_a_diagnosis: bool, of_a_status: bool
) -> None:
    """Of the code of a record and of a component alike; "none" is an answer to what is measured or asked."""
    for code, is_so in ((codes.HYPERTENSION[0], of_a_diagnosis), (codes.SMOKING[0], of_a_status)):
        own = a_record("Observation", code, answer=answer)
        part = a_record("Observation", codes.QUESTIONNAIRE, components=(Component(code, None, None, answer=answer),))
        for record in (own, part):
            found = evidence_of(a_person(records=(record,))).days[code.means or ""]
            assert len(found) == is_so


def test_a_panel_is_not_absent_for_want_of_its_own_value() -> None:
    empty = a_record("Observation", codes.SMOKING[0], answer=answers.ABSENT[-1])
    parts = (Component(codes.BMI, 24, "kg/m2"),)
    found = evidence_of(a_person(records=(empty, replace(empty, components=parts))))
    assert len(found.days["smoking-status"]) == 1


def test_what_a_coded_answer_names_is_not_recorded() -> None:
    category, diagnosis = codes.CATEGORY_SNOMED["110751000000108"], codes.HYPERTENSION[0]
    named = [CodedAnswer("concept", code.codings, code.text) for code in (category, diagnosis)]
    asked = [a_record("Observation", codes.ETHNICITY_ASKED, answer=answer) for answer in named]
    found = evidence_of(a_person(records=tuple(asked)))
    assert (found.statements, dict(found.days)) == ([], {})


def test_a_smoking_status_is_looked_for_in_observations_alone() -> None:
    assert is_met("smoking-status-recorded", a_record("Observation", codes.SMOKING[0]))
    assert not is_met("smoking-status-recorded", a_record("Procedure", codes.SMOKING[0]))


def test_an_opt_out_that_is_denied_is_none() -> None:
    by_code = TruthSetting(opt_out=BY_CODE)
    objected = a_record("Observation", codes.OPT_OUT)
    denied = replace(objected, answer=answers.DENIED[0])
    withdrawn = a_record("Observation", codes.OPT_OUT_WITHDRAWN, when=on("2024-07-01"), answer=answers.NONE[0])
    assert not is_opted_out(a_person(records=(denied,)), by_code)
    assert is_opted_out(a_person(records=(objected, withdrawn)), by_code)


def test_an_ethnicity_that_is_denied_is_none() -> None:
    said = a_record("Observation", codes.CATEGORY_SNOMED["110751000000108"])
    assert is_met("ethnicity-recorded", said)
    assert not is_met("ethnicity-recorded", replace(said, answer=answers.DENIED[1]))


def test_without_a_birth_date_one_is_undetermined_of_measures_that_ask_for_an_age() -> None:
    truth = truth_of(DIAGNOSIS, patient=a_patient(born=None))
    assert populations_of(UNDER_80, truth) == {"undetermined"}
    assert populations_of("learning-disability-health-check", truth) == set()
    assert populations_of("smoking-status-recorded", truth) == {"undetermined"}


@pytest.mark.parametrize(("born", "inside"), [("2009-03-31", True), ("2009-04-01", False), ("2008-02-29", True)])
def test_an_age_is_complete_on_the_birthday(born: str, inside: bool) -> None:
    assert bool(populations_of("smoking-status-recorded", truth_of(patient=a_patient(born=on(born))))) == inside


def test_a_plan_counts_from_the_first_check_on() -> None:
    disability = a_record("Condition", codes.LEARNING_DISABILITY[0], when=on("2000-01-01"))
    check = a_record("Procedure", codes.HEALTH_CHECK)
    said = a_patient(ethnicity=codes.CATEGORY_ENGLAND["Z"])
    measure = "learning-disability-health-check"
    plans = {day: a_record("Observation", codes.ACTION_PLAN, when=on(day)) for day in ("2024-06-02", "2024-06-03")}
    assert not is_met(measure, disability, check, plans["2024-06-02"], patient=said)
    assert is_met(measure, disability, check, plans["2024-06-03"], patient=said)
    assert not is_met(measure, disability, check, plans["2024-06-03"])


def test_the_latest_encounter_decides_and_among_equals_a_coded_one() -> None:
    measure = "encounter-reason-coded"
    coded, uncoded = a_record("Encounter"), a_record("Encounter", codes.REASON_UNCODED)
    timed = a_record("Encounter", codes.REASON_UNCODED, when=on("2024-06-03", clock="08:00"))
    assert is_met(measure, coded, uncoded)
    assert not is_met(measure, coded, timed)
    assert not is_met(measure, uncoded)
    assert populations_of(measure, truth_of(replace(coded, status="planned"))) == set()


@pytest.mark.parametrize(
    ("measure", "kind", "met"),
    [
        ("encounter-type-coded", VisitKind(codes.ENCOUNTER_TYPES[0], None), True),
        ("encounter-type-coded", VisitKind(codes.ENCOUNTER_TYPE_TWICE, None), True),
        ("encounter-type-coded", VisitKind(codes.ENCOUNTER_TYPE_OWN, codes.ENCOUNTER_CLASSES[0]), False),
        ("encounter-type-coded", VisitKind(codes.ENCOUNTER_TYPE_UNCODED, codes.ENCOUNTER_CLASSES[0]), False),
        ("encounter-type-coded", VisitKind(None, codes.ENCOUNTER_CLASSES[0]), False),
        ("encounter-class-coded", VisitKind(None, codes.ENCOUNTER_CLASSES[0]), True),
        ("encounter-class-coded", VisitKind(codes.ENCOUNTER_TYPES[0], codes.ENCOUNTER_CLASS_UNLISTED), False),
        ("encounter-class-coded", VisitKind(codes.ENCOUNTER_TYPES[0], codes.ENCOUNTER_CLASS_OTHER), False),
        ("encounter-class-coded", VisitKind(codes.ENCOUNTER_TYPES[0], codes.ENCOUNTER_CLASS_WITHOUT_SYSTEM), False),
        ("encounter-class-coded", VisitKind(codes.ENCOUNTER_TYPES[0], codes.ENCOUNTER_CLASS_UNCODED), False),
        ("encounter-class-coded", VisitKind(codes.ENCOUNTER_TYPES[0], None), False),
    ],
)
def test_the_type_and_class_of_the_latest_encounter_decide(measure: str, kind: VisitKind, met: bool) -> None:
    every = VisitKind(codes.ENCOUNTER_TYPES[0], codes.ENCOUNTER_CLASSES[0])
    latest = a_record("Encounter", visit=kind)
    before, beside = a_record("Encounter", when=on("2024-06-02"), visit=every), a_record("Encounter", visit=every)
    assert is_met(measure, before, latest) == met
    assert is_met(measure, latest, beside)
    assert populations_of(measure, truth_of(replace(latest, status="cancelled"))) == set()
    assert populations_of(measure, truth_of(replace(latest, when=on("2024-03-31")))) == set()


PROBLEM = a_record("Condition", codes.HYPERTENSION_OLD[0], id="problem", when=on("2015-01-01"))


@pytest.mark.parametrize(
    ("reason", "problem", "coded"),
    [
        (Reason("record", id="problem"), PROBLEM, True),
        (Reason("absolute", id="problem"), PROBLEM, True),
        (Reason("record", id="problem"), replace(PROBLEM, status="resolved"), True),
        (Reason("record", id="problem"), replace(PROBLEM, code=codes.HYPERTENSION_UNREADABLE[0]), False),
        (Reason("record", id="problem"), replace(PROBLEM, status="entered-in-error"), None),
        (Reason("record", id="problem"), replace(PROBLEM, id="another"), None),
        (Reason("record", "Observation", "problem"), PROBLEM, None),
        (Reason("elsewhere", id="problem"), PROBLEM, None),
        (Reason("identifier"), PROBLEM, None),
        (Reason("display"), PROBLEM, False),
        (Reason("contained", code=codes.REASONS[0]), PROBLEM, True),
        (Reason("contained", code=codes.REASON_UNCODED), PROBLEM, False),
        (Reason("contained"), PROBLEM, False),
    ],
)
def test_a_reason_may_be_a_record(reason: Reason, problem: Record, coded: bool | None) -> None:
    measure = "encounter-reason-coded"
    visit = a_record("Encounter", None, reason=reason)
    populations = populations_of(measure, truth_of(problem, visit))
    assert ("numerator" in populations, "undetermined" in populations) == (coded is True, coded is None)
    assert is_met(measure, problem, visit, a_record("Encounter"))
    assert is_met(measure, problem, replace(visit, code=codes.REASONS[0]))


@pytest.mark.parametrize(
    ("given", "dated"),
    [
        ({"events": (on("2024-07-01"), on("2024-06-03"))}, "2024-06-03"),
        ({"events": (on("0001-01-01"), on("2024-07-01")), "bounds": on("2024-06-03")}, "2024-07-01"),
        ({"events": (on("9999-12-31"),), "bounds": on("2024-06-03")}, "2024-06-03"),
        ({"bounds": on("1899-12-31"), "issued": on("2024-06-03")}, "2024-06-03"),
        ({"when": on("1900-01-01"), "issued": on("2024-06-03")}, "1900-01-01"),
        ({"when": on("2200-01-01"), "issued": on("2024-06-03")}, "2024-06-03"),
        ({"when": on("2200-01-01")}, None),
        ({"when": on("2199-12-31"), "issued": on("2024-06-03")}, "2199-12-31"),
    ],
)
def test_the_first_date_that_can_be_dates_a_record(given: dict[str, Any], dated: str | None) -> None:
    record = replace(a_record("Observation", codes.SMOKING[0]), **{"when": None, **given})
    assert day_of(record) == (on(dated).day if dated else None)


def test_of_one_days_events_the_untimed_is_the_first() -> None:
    record = a_record("Observation", events=(on("2024-06-03", clock="09:00"), on("2024-06-03")))
    assert clock_order(replace(record, when=None)) == clock_order(a_record("Observation"))


def test_records_about_nobody_who_is_there_are_no_evidence_and_are_counted() -> None:
    stray = a_record("Observation", codes.SMOKING[0], patient_id="gone")
    assert not evidence_of(a_person(records=(stray,))).days
    assert truth_of(stray).people()["orphan_events"]["observation"] == 1


def test_records_about_another_servers_patient_are_no_evidence_and_are_refused() -> None:
    truth = truth_of(a_record("Observation", codes.SMOKING[0], reference="elsewhere"))
    assert "numerator" not in populations_of("smoking-status-recorded", truth)
    assert truth.reconciliation.of_everything()["Observation"]["quarantined"] == 1


@pytest.mark.parametrize(
    ("records", "populations"),
    [
        ((a_record("Condition", codes.HYPERTENSION[0]),), {"initial_population", "denominator", "numerator"}),
        ((a_record("Condition", codes.HYPERTENSION[2]),), {"initial_population", "denominator", "numerator"}),
        ((a_record("Condition", codes.HYPERTENSION_OLD[0]),), {"initial_population", "denominator"}),
        ((a_record("Condition", codes.HYPERTENSION_UNREADABLE[0]),), {"initial_population", "denominator"}),
        (
            (a_record("Condition", codes.HYPERTENSION[0]), a_record("Condition", None, when=on("2024-07-03"))),
            {"initial_population", "denominator"},
        ),
        ((a_record("Condition", codes.HYPERTENSION[0], when=on("2024-03-31")),), set()),
        ((a_record("Observation", codes.HYPERTENSION[0]),), set()),
        ((), set()),
    ],
)
def test_problems_of_the_period_are_coded_where_each_has_a_snomed_code(
    records: tuple[Record, ...], populations: set[str]
) -> None:
    assert populations_of("problems-coded", truth_of(*records)) == populations

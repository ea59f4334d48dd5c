"""The sandbox's truth of who somebody is, held to the sentences of docs/explanation/rules.md one by one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from hi_fhir.sandbox.people import codes, places
from hi_fhir.sandbox.people.model import (
    Address,
    Code,
    Death,
    NhsNumber,
    PatientLink,
    Record,
    Registration,
    SyntheticPerson,
    When,
)
from hi_fhir.sandbox.truth import areas, expected
from hi_fhir.sandbox.truth.deprivation import deprivation_of
from hi_fhir.sandbox.truth.ethnicity import agreement, ethnicity_of, is_specific
from hi_fhir.sandbox.truth.evidence import Statement
from hi_fhir.sandbox.truth.registered import registration_of
from tests.support.sandbox_people import a_patient, a_person, a_pressure, a_record, at_practice, on
from tests.support.truths import is_met, populations_of, truth_of


@pytest.mark.parametrize(
    ("registrations", "reason"),
    [
        ((at_practice(),), "registered"),
        ((at_practice(start=None),), "registered"),
        ((at_practice(end="2025-03-31"),), "registered"),
        ((at_practice(end="2025-03-30"),), "left"),
        ((at_practice(start="2025-04-01"),), "not-begun"),
        ((at_practice(kind="episode", temporary=True),), "temporary"),
        ((at_practice(kind="episode", status="planned"),), "no-registration"),
        ((at_practice(kind="episode", status="finished"),), "left"),
        ((at_practice(kind="episode", status="finished", end="2025-03-31"),), "registered"),
        ((), "no-registration"),
    ],
)
def test_a_registration_has_begun_and_not_ended(registrations: tuple[Registration, ...], reason: str) -> None:
    assert registration_of(a_person(a_patient(registrations=registrations))).reason == reason


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        (Death(None), "dead"),
        (Death(on("2025-03-31")), "dead"),
        (Death(on("2025-04-01")), "registered"),
        (Death(on("2025-01-01", precision="year")), "dead"),
    ],
)
def test_the_dead_of_the_as_of_day_are_not_registered(death: Death, reason: str) -> None:
    assert registration_of(a_person(a_patient(death=death))).reason == reason


def test_the_first_kind_of_statement_decides_alone() -> None:
    stated = (at_practice(2), at_practice(1, kind="episode", end="2020-01-01"))
    assert registration_of(a_person(a_patient(registrations=stated))).reason == "left"


def test_the_latest_start_wins_and_a_tie_goes_to_the_lowest_code() -> None:
    later = registration_of(a_person(a_patient(registrations=(at_practice(1), at_practice(2, start="2012-01-01")))))
    assert (later.practice, later.conflict) == ("XP002", False)
    tie = registration_of(a_person(a_patient(registrations=(at_practice(3), at_practice(2)))))
    assert (tie.practice, tie.conflict) == ("XP002", True)


def test_the_record_whose_registration_won_speaks_for_the_person() -> None:
    one = a_patient(id="one", sex="female")
    other = a_patient(id="other", sex="male", registrations=(at_practice(2, start="2020-01-01"),))
    assert registration_of(a_person(one, other)).patient == other


def test_a_person_is_dead_if_any_record_says_so() -> None:
    assert registration_of(a_person(a_patient(), a_patient(id="other", death=Death(None)))).reason == "dead"


@pytest.mark.parametrize(
    ("extension", "said", "ethnicity"),
    [
        (codes.CATEGORY_ENGLAND["J"], [("2024-01-01", "A")], "J"),
        (None, [("2020-01-01", "A"), ("2024-01-01", "M")], "M"),
        (None, [("2024-01-01", "A"), ("2024-01-01", "M")], "not-known"),
        (None, [(None, "A"), ("2001-01-01", "M")], "M"),
        (None, [("2020-01-01", "A"), ("2024-01-01", "refused")], "A"),
        (codes.CATEGORY_ENGLAND["Z"], [("2024-01-01", "A")], "A"),
        (codes.CATEGORY_ENGLAND["Z"], [("2024-01-01", "refused")], "refused"),
        (codes.CATEGORY_ENGLAND["Z"], [], "not-stated"),
        (None, [("2024-01-01", "refused"), ("2024-01-01", "not-stated")], "refused"),
        (None, [("2024-01-01", "refused"), ("2024-01-02", "not-stated")], "not-stated"),
        (codes.ETHNICITY_NOT_KNOWN, [], "not-recorded"),
        (None, [], "not-recorded"),
    ],
)
def test_one_ethnicity_is_settled(
    extension: Code | None, said: Sequence[tuple[str | None, str]], ethnicity: str
) -> None:
    statements = [Statement(on(day).day if day else None, says) for day, says in said]
    assert ethnicity_of(extension, statements) == ethnicity


@pytest.mark.parametrize(
    ("extension", "ethnicity", "specific"),
    [
        (codes.CATEGORY_ENGLAND["J"], "J", True),
        (codes.CATEGORY_ENGLAND["C"], "C", False),
        (codes.CATEGORY_WALES["B"], "C", True),
        (codes.CATEGORY_SCOTLAND["1L"], "C", False),
        (codes.CATEGORY_ENGLAND["Z"], "S", False),
        (None, "refused", False),
    ],
)
def test_any_other_is_not_specific_but_where_a_code_says_more_than_its_letter(
    extension: Code | None, ethnicity: str, specific: bool
) -> None:
    assert is_specific(extension, ethnicity) is specific


@pytest.mark.parametrize(
    ("extensions", "said", "agree"),
    [
        ("J", [("2024-01-01", "J")], True),
        ("J", [("2024-01-01", "A")], False),
        ("J", [("2020-01-01", "A"), ("2024-01-01", "J")], True),
        ("J", [("2024-01-01", "A"), ("2024-01-01", "J")], False),
        ("JJ", [], True),
        ("JA", [], False),
        ("JZ", [], None),
        ("J", [], None),
        ("", [("2020-01-01", "A"), ("2024-01-01", "J")], None),
    ],
)
def test_sources_of_ethnicity_agree_or_not(
    extensions: str, said: Sequence[tuple[str, str]], agree: bool | None
) -> None:
    statements = [Statement(on(day).day, says) for day, says in said]
    assert agreement([codes.CATEGORY_ENGLAND[letter] for letter in extensions], statements) is agree


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "linked"),
        ({"address": None}, "no-postcode"),
        ({"address": Address(places.UNLISTED[0])}, "unknown-postcode"),
        ({"address": Address(places.PSEUDO[0])}, "unknown-postcode"),
        ({"address": Address(places.WELSH[0])}, "outside-england"),
        ({"address": Address(places.NO_AREA[0])}, "outside-england"),
        ({"address": Address(None, area=places.PLACES[0], vintages=("lsoa21",))}, "linked"),
        ({"address": Address(None, area=places.PLACES[0], vintages=("lsoa11",))}, "no-postcode"),
        ({"address": Address(places.ENGLISH[0], use=None)}, "linked"),
        ({"address": Address(places.ENGLISH[0], use="work")}, "no-postcode"),
        ({"address": Address(places.ENGLISH[0], until=on("2025-03-31"))}, "linked"),
        ({"address": Address(places.ENGLISH[0], until=on("2025-03-30"))}, "no-postcode"),
    ],
)
def test_deprivation_is_linked_or_a_kind_of_unknown(given: dict[str, object], kind: str) -> None:
    assert deprivation_of(a_patient(**given), restricted=False).kind == kind


def test_somebody_whom_any_record_restricts_has_no_area() -> None:
    records = (a_patient(), a_patient(id="other", restricted=True, registrations=()))
    found = expected([a_person(*records)]).people()
    assert (found["restricted"], found["deprivation"]) == (1, {"restricted": 1})


def test_a_decile_is_a_tenth_of_the_ranks_rounded_up() -> None:
    assert deprivation_of(a_patient(address=Address(places.ENGLISH[0])), restricted=False).decile == 1


@pytest.mark.parametrize(
    ("born", "people"),
    [
        (on("1974-06-01"), 1),
        (on("1974-01-01", precision="year"), 1),
        (on("1974-06-01", precision="month"), 1),
        (None, 1),
        (on("1974-06-02"), 2),
        (on("1975-01-01", precision="year"), 2),
    ],
)
def test_two_records_of_one_number_are_one_person_where_birth_dates_can_be_the_same(born: When, people: int) -> None:
    other = a_patient(id="other", born=born, registrations=(at_practice(2, start="2020-01-01"),))
    found = expected([a_person(a_patient(), other)])
    assert found.people()["persons"] == people
    assert found.people()["link_conflicts"] == (0 if people == 1 else 2)
    registered = [found.counts["ethnicity-recorded", f"XP00{n}", "all", "all", "denominator"] for n in (1, 2)]
    assert registered == [people - 1, 1]


def test_a_replaced_record_has_no_say_but_for_its_episodes_and_its_records() -> None:
    wrong = {"sex": "male", "born": on("1999-01-01"), "death": Death(None), "active": False, "nhs_number": None}
    old = a_patient(
        id="old",
        links=(PatientLink("replaced-by", "somebody"),),
        registrations=(at_practice(2, start="2024-01-01"),),
        **wrong,
    )
    smoked = a_record("Observation", codes.SMOKING[0], patient_id="old")
    found = expected([a_person(a_patient(), old, records=(smoked,))])
    assert (found.people()["persons"], found.people()["merges"]["merged"]) == (1, 1)
    assert found.counts["smoking-status-recorded", "XP001", "all", "all", "numerator"] == 1
    assert found.counts["smoking-status-recorded", "XP001", "sex", "female", "numerator"] == 1
    episode = replace(old, registrations=(at_practice(2, start="2024-01-01", kind="episode"),))
    assert registration_of(a_person(a_patient(), episode)).practice == "XP002"


@pytest.mark.parametrize(("standing", "verified"), [("verified", True), ("placeholder", False)])
def test_a_placeholder_is_no_number(standing: str, verified: bool) -> None:
    patient = a_patient(nhs_number=NhsNumber("9999999999", standing))
    assert is_met("nhs-number-verified", patient=patient) is verified
    assert truth_of(patient=patient).people()["nhs_number"] == {standing: 1}


def test_everybody_is_in_one_stratum_of_each_stratifier() -> None:
    truth = truth_of(patient=a_patient(ethnicity=codes.CATEGORY_ENGLAND["R"]))
    strata = {stratifier: stratum for id_, _, stratifier, stratum, _ in truth.counts if id_ == "ethnicity-usable"}
    assert strata == {
        "all": "all",
        "practice": "XP001",
        "pcn": "XN01",
        "sex": "female",
        "age-band": "40-64",
        "ethnic-group-5": "asian",
        "ethnic-category-16": "R",
        "imd-quintile": "1",
        "imd-decile": "1",
        "core20": "core20",
        "ethnic-group-5*imd-quintile": "asian*1",
    }


def test_a_number_counts_when_valid_and_verified() -> None:
    standings = {"verified": True, "verified-in-words": True, "present": False, "invalid": False}
    for standing, counts in standings.items():
        number = NhsNumber("9990000018", standing)
        assert is_met("nhs-number-verified", patient=a_patient(nhs_number=number)) == counts


def test_a_number_is_valid_whether_or_not_it_was_verified() -> None:
    standings = {"verified": True, "verified-in-words": True, "present": True, "invalid": False, "placeholder": False}
    for standing, counts in standings.items():
        patient = a_patient(nhs_number=NhsNumber("9990000018", standing))
        assert is_met("nhs-number-valid", patient=patient) == counts


@pytest.mark.parametrize(
    ("given", "measure", "recorded"),
    [
        ({}, "birth-date-recorded", True),
        ({"born": on("1974-01-01", precision="year")}, "birth-date-recorded", True),
        ({"born": None}, "birth-date-recorded", False),
        ({"born": on("1800-01-01")}, "birth-date-recorded", False),
        ({"sex": "other"}, "sex-recorded", True),
        ({"sex": "unknown"}, "sex-recorded", False),
        ({"sex": None}, "sex-recorded", False),
        ({"language": "words"}, "language-recorded", True),
        ({"language": "extension"}, "language-recorded", True),
        ({"language": "empty"}, "language-recorded", False),
        ({}, "language-recorded", False),
        ({"interpreter": "nested-not-needed"}, "interpreter-recorded", True),
        ({}, "interpreter-recorded", False),
        ({}, "address-recorded", True),
        ({"address": Address(places.WELSH[0])}, "address-recorded", True),
        ({"address": Address(places.UNLISTED[0])}, "address-recorded", True),
        ({"address": None}, "address-recorded", False),
    ],
)
def test_what_a_patient_record_says_is_recorded(given: dict[str, Any], measure: str, recorded: bool) -> None:
    assert is_met(measure, patient=a_patient(**given)) == recorded


def test_of_a_restricted_record_it_is_not_known_whether_there_is_an_address() -> None:
    populations = populations_of("address-recorded", truth_of(patient=a_patient(restricted=True)))
    assert populations == {"initial_population", "denominator", "undetermined"}


@pytest.mark.parametrize(
    ("record", "measure", "recorded"),
    [
        (a_pressure(160, 95, when=on("2020-04-01")), "blood-pressure-recorded", True),
        (a_pressure(160, 95, when=on("2020-03-31")), "blood-pressure-recorded", False),
        (a_pressure(160, 300), "blood-pressure-recorded", False),
        (a_record("Observation", codes.BMI, when=on("2024-04-01")), "bmi-recorded", True),
        (a_record("Observation", codes.BMI, when=on("2024-03-31")), "bmi-recorded", False),
        (a_record("Observation", codes.ALCOHOL[0]), "alcohol-recorded", True),
        (a_record("Observation", codes.BMI), "alcohol-recorded", False),
    ],
)
def test_a_check_is_recorded_in_its_months(record: Record, measure: str, recorded: bool) -> None:
    assert is_met(measure, record) == recorded


def test_membership_is_that_of_the_as_of_day() -> None:
    found = areas()
    assert found["XP005"].pcn == places.VALLEY
    assert {found[code].icb for code in ("XP006", "XP007")} == {places.NORTH, places.SOUTH}
    assert {found[code].pcn for code in ("XP006", "XP007")} == {places.BORDER}
    assert found["XP010"].pcn is None


def test_every_resource_becomes_of_something() -> None:
    person = SyntheticPerson(
        (a_patient(registrations=(at_practice(kind="episode", status="entered-in-error"),)),),
        (a_record("Encounter"), a_record("Observation"), a_record("Observation", codes.SMOKING[0]), a_pressure(1, 1)),
    )
    terms = expected([person]).reconciliation
    assert terms.of_everything()["Observation"] == {
        "received": 3,
        "kept": 2,
        "superseded": 0,
        "deleted": 0,
        "out_of_scope": 1,
        "quarantined": 0,
    }
    assert terms.of_what_is_asked_for()["Observation"]["received"] == 2
    assert terms.of_everything()["EpisodeOfCare"]["deleted"] == 1

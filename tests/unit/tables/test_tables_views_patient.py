"""What a Patient becomes: number, links, sex, death, homes and ethnicity."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.config import Config
from hi_fhir.tables.identity import NAMED, load_key
from hi_fhir.tables.views.nhs_number import is_valid, usable_number
from tests.support.landing import config_in
from tests.support.viewing import NHS, SCT, UK_CORE, a_patient, concept, nhs_number, pick, rows


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


@pytest.mark.parametrize(
    ("identifiers", "standing"),
    [
        ([nhs_number("9990000018", "01")], "verified"),
        ([nhs_number("999 000 0018", "number-present-and-verified")], "verified"),
        ([nhs_number("9990000018", "02")], "present"),
        ([nhs_number("9990000018")], "present"),
        (
            [nhs_number("9990000018", extension=[{"url": "urn:local:x", "valueCodeableConcept": concept("01")}])],
            "present",
        ),
        ([nhs_number("9990000017", "01")], "invalid"),
        ([nhs_number("9999999999", "01")], "placeholder"),
        ([nhs_number("000 000 0000"), nhs_number("9990000017")], "placeholder"),
        ([nhs_number("9999999999", "01"), nhs_number("9990000018")], "present"),
        ([nhs_number("9990000017", "01"), nhs_number("9990000018")], "present"),
        ([nhs_number("9990000018", "01", use="old")], "absent"),
        ([{"system": "urn:local", "value": "9990000018"}], "absent"),
        ([{"value": "9990000018"}], "absent"),
        ([{"system": NHS}], "absent"),
        ([], "absent"),
    ],
)
def test_nhs_number_is_checked_and_never_kept(config: Config, identifiers: list[dict[str, Any]], standing: str) -> None:
    [row] = rows(config, a_patient(identifier=identifiers), "patient")
    assert row["nhs_number"] == standing
    valid = standing in ("verified", "present")
    assert row["nhs_key"] == (load_key(config.key_file).nhs_key("9990000018") if valid else None)


@pytest.mark.parametrize(
    ("identifiers", "number"),
    [
        ([nhs_number("9990000018"), nhs_number("9990000026", "01")], "9990000026"),
        ([nhs_number("9990000026"), nhs_number("9990000018")], "9990000018"),
        ([nhs_number("9990000026", "01"), nhs_number("9990000018", "01")], "9990000018"),
    ],
)
def test_of_several_nhs_numbers_a_verified_one_decides_then_the_least(
    config: Config, identifiers: list[dict[str, Any]], number: str
) -> None:
    [row] = rows(config, a_patient(identifier=identifiers), "patient")
    assert row["nhs_key"] == load_key(config.key_file).nhs_key(number)


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("9990000018", True),
        ("9990000019", False),
        ("999000001", False),
        ("99900000181", False),
        ("999000001x", False),
        ("999000001d", False),  # whose character would be a right check digit
        ("٩٩٩٠٠٠٠٠١٨", False),
    ],
)
def test_nhs_number_has_ten_digits_and_a_check_digit(number: str, valid: bool) -> None:
    assert is_valid(number) is valid


@pytest.mark.parametrize("digit", "0123456789")
def test_one_digit_ten_times_has_a_right_check_digit_and_is_nobodys(digit: str) -> None:
    assert is_valid(digit * 10)
    assert usable_number(digit * 10) is None


def test_check_digits_are_those_of_the_published_method() -> None:
    for stem in range(0, 1_000_000_000, 7_777_777):
        digits = f"{stem:09}"
        check = 11 - sum(int(one) * weight for one, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        right = None if check == 10 else check % 11
        assert [is_valid(f"{digits}{last}") for last in range(10)] == [last == right for last in range(10)]


def test_links_between_patients_are_kept_and_those_that_name_somebody_else_are_not(config: Config) -> None:
    links = [
        {"type": "replaced-by", "other": {"reference": "Patient/p2"}},
        {"type": "replaces", "other": {"reference": "http://example.invalid/fhir/Patient/p3"}},
        {"type": "replaces", "other": {"reference": "https://other.example/fhir/Patient/p3"}},
        {"type": "replaced-by", "other": {"identifier": {"system": "urn:local", "value": "7"}}},
        {"type": "replaced-by"},
        {"type": "refer", "other": {"reference": "Patient/p4"}},
        {"type": "seealso", "other": {"reference": "Patient/p5"}},
    ]
    key = load_key(config.key_file)
    found = rows(config, a_patient(link=links), "patient_link")
    assert sorted(pick(found, "kind", "other_id"), key=str) == sorted(
        [
            ("replaced-by", key.patient_id("elm", "p2")),
            ("replaces", key.patient_id("elm", "p3")),
            ("replaces", None),
            ("replaced-by", key.named_id("elm", "urn:local", "7")),
            ("replaced-by", None),
        ],
        key=str,
    )


def test_identifiers_that_may_name_a_patient_are_kept_as_hashes(config: Config) -> None:
    identifiers = [
        nhs_number("9990000018", "01"),
        nhs_number("9990000026", use="old"),
        nhs_number("9999999999"),
        {"system": "urn:local", "value": " 7 "},
        {"value": "8"},
        {"system": "urn:local"},
    ]
    key = load_key(config.key_file)
    found = rows(config, a_patient(identifier=identifiers), "patient_identifier")
    assert {row["named_id"] for row in found} == {
        key.nhs_key("9990000026") + NAMED,
        key.named_id("elm", "urn:local", "7"),
    }


def test_patient_columns(config: Config) -> None:
    [row] = rows(
        config,
        a_patient(
            gender="female",
            birthDate="1970-05",
            active=False,
            deceasedDateTime="2024-06-30T23:30:00Z",
            meta={"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]},
        ),
        "patient",
    )
    assert (row["sex"], row["birth_date"], row["active"]) == ("female", date(1970, 5, 1), False)
    assert row["birth_date_last"] == date(1970, 5, 31)
    assert (row["dead"], row["death_date"], row["restricted"]) == (True, date(2024, 7, 1), True)


ENGLISH = {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}
NHS_COMMUNICATION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSCommunication"
INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"


def nhs_communication(**parts: Any) -> dict[str, Any]:
    """UK Core's extension: language a CodeableConcept, interpreterRequired a boolean."""
    kinds = {"language": "valueCodeableConcept", "interpreterRequired": "valueBoolean"}
    return {"url": NHS_COMMUNICATION, "extension": [{"url": name, kinds[name]: value} for name, value in parts.items()]}


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ({"communication": [{"language": ENGLISH}]}, True),
        ({"communication": [{"language": {"text": "English"}}]}, True),
        ({"communication": [{"language": {}}]}, False),
        ({"communication": [{"preferred": True}]}, False),
        ({"communication": [{"language": {"coding": [{"display": "English"}]}}]}, False),
        ({"communication": [{}, {"language": ENGLISH}]}, True),
        ({"extension": [nhs_communication(language=ENGLISH)]}, True),
        ({"extension": [nhs_communication(interpreterRequired=True)]}, False),
        ({}, False),
    ],
)
def test_a_language_is_recorded_by_a_code_or_in_words(config: Config, given: dict[str, Any], recorded: bool) -> None:
    [row] = rows(config, a_patient(**given), "patient")
    assert row["language_recorded"] is recorded


@pytest.mark.parametrize(
    ("extensions", "interpreter"),
    [
        ([{"url": INTERPRETER, "valueBoolean": True}], "needed"),
        ([{"url": INTERPRETER, "valueBoolean": False}], "not-needed"),
        ([nhs_communication(interpreterRequired=False)], "not-needed"),
        ([nhs_communication(interpreterRequired=False), {"url": INTERPRETER, "valueBoolean": True}], "needed"),
        ([{"url": INTERPRETER, "valueBoolean": "true"}], None),
        ([{"url": INTERPRETER}], None),
        ([nhs_communication(language=ENGLISH)], None),
        ([], None),
    ],
)
def test_whether_an_interpreter_is_needed_is_told_or_not(
    config: Config, extensions: list[dict[str, Any]], interpreter: str | None
) -> None:
    [row] = rows(config, a_patient(extension=extensions), "patient")
    assert row["interpreter"] == interpreter


@pytest.mark.parametrize(
    ("gender", "sex"),
    [("female", "female"), ("Male", "male"), ("OTHER", "other"), ("unknown", "unknown"), ("m", "unknown")],
)
def test_a_sex_is_one_of_four_in_whatever_letters(config: Config, gender: str, sex: str) -> None:
    [row] = rows(config, a_patient(gender=gender), "patient")
    assert row["sex"] == sex


def test_patient_without_anything_is_active_alive_and_of_unknown_sex(config: Config) -> None:
    [row] = rows(config, a_patient(gender="f"), "patient")
    assert (row["sex"], row["birth_date"], row["active"], row["dead"], row["restricted"]) == (
        "unknown",
        None,
        True,
        False,
        False,
    )


@pytest.mark.parametrize(("code", "dead"), [("1", True), ("2", True), ("U", False)])
def test_death_notification_counts_until_it_is_taken_back(config: Config, code: str, dead: bool) -> None:
    url = f"{UK_CORE}/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
    part = {"url": "deathNotificationStatus", "valueCodeableConcept": concept(code)}
    [row] = rows(config, a_patient(extension=[{"url": url, "extension": [part]}]), "patient")
    assert row["dead"] is dead


ENDED, ENDS_LATER = {"period": {"end": "2020-02"}}, {"period": {"end": "2030"}}


@pytest.mark.parametrize(
    ("addresses", "postcode", "until"),
    [
        ([{"use": "home", "postalCode": "zz99 3vz"}], "ZZ993VZ", None),
        ([{"use": "temp", "postalCode": "A1"}, {"use": "home", "postalCode": "B1"}], "B1", None),
        ([{"use": "old", "postalCode": "A1"}, {"postalCode": "B1"}], "B1", None),
        ([{"postalCode": "A1"}, {"use": "home", "postalCode": "B1"}], "B1", None),
        ([{"use": "home", "postalCode": "A1", **ENDED}, {"postalCode": "B1"}], "B1", None),
        ([{"use": "home", "postalCode": "A1", **ENDS_LATER}, {"use": "home", "postalCode": "B1"}], "B1", None),
        ([{"postalCode": "A1", **ENDED}, {"postalCode": "B1", **ENDS_LATER}], "B1", date(2030, 12, 31)),
        ([{"use": "home", "postalCode": "A1", **ENDED}], "A1", date(2020, 2, 29)),
        *(([{"use": use, "postalCode": "A1"}], None, None) for use in ("old", "temp", "work", "billing")),
        ([{"use": "home", "postalCode": " "}], None, None),
        ([], None, None),
    ],
)
def test_postcode_is_that_of_the_home_that_ends_last(
    config: Config, addresses: list[Any], postcode: str | None, until: date | None
) -> None:
    [row] = rows(config, a_patient(address=addresses), "patient")
    assert (row["postcode"], row["home_until"]) == (postcode, until)


def test_every_other_home_is_kept_with_its_days_and_its_place_in_the_order(config: Config) -> None:
    url = "https://hi-fhir.example/StructureDefinition/lsoa21"
    addresses = [
        {"use": "home", "postalCode": "A1", "period": {"start": "2010", "end": "2025-04"}},
        {"use": "work", "postalCode": "W1"},
        {"use": "home", "postalCode": "B1", "period": {"start": "2025-04-06"}},
        {"postalCode": "C1", "extension": [{"url": url, "valueString": "E01000003"}]},
        {"use": "home", "postalCode": "D1", "period": {"start": "2025-04-05"}},
    ]
    record = a_patient(address=addresses, extension=[{"url": url, "valueString": "E01000001"}])
    [first] = rows(config, record, "patient")
    others = rows(config, record, "other_home")
    columns = ("postcode", "lsoa21", "home_from", "home_until")
    assert pick([first], *columns) == [("B1", "E01000001", date(2025, 4, 6), None)]
    assert pick(others, "place", *columns) == [
        (0, "D1", None, date(2025, 4, 5), None),
        (1, "C1", "E01000003", None, None),
        (2, "A1", None, date(2010, 1, 1), date(2025, 4, 30)),
    ]


def test_lsoa_on_the_record_is_taken_from_the_address_or_the_patient(config: Config) -> None:
    base = "https://hi-fhir.example/StructureDefinition"
    [row] = rows(
        config,
        a_patient(
            extension=[{"url": f"{base}/lsoa21", "valueCode": "E01000002"}],
            address=[{"extension": [{"url": f"{base}/lsoa11", "valueString": "E01000001"}]}],
        ),
        "patient",
    )
    assert (row["lsoa11"], row["lsoa21"]) == ("E01000001", "E01000002")


def test_ethnic_category_keeps_every_coding_of_the_extension(config: Config) -> None:
    url = f"{UK_CORE}/StructureDefinition/Extension-UKCore-EthnicCategory"
    stated = {
        "coding": [
            {"system": f"{UK_CORE}/CodeSystem/UKCore-EthnicCategoryEngland", "code": "A"},
            {"system": SCT, "code": "92391000000108"},
        ]
    }
    found = rows(config, a_patient(extension=[{"url": url, "valueCodeableConcept": stated}]), "ethnic_category")
    assert sorted(pick(found, "code")) == [("92391000000108",), ("A",)]
    assert all(row["resource_id"] == row["patient_id"] for row in found)

"""`hi-fhir mappings`: what is imported is there for the next evaluation, and what cannot be read is named."""

from pathlib import Path

import pytest

from hi_fhir.cohorts.imports import load_organisations, load_postcodes
from hi_fhir.cohorts.list_imports import load_lists
from tests.support.cli import hi_fhir

POSTCODES = "pcds,lsoa11,lsoa21\nAA1 1AA,E01000001,E01000001\nZZ99 3CZ,,\n"
ORGANISATIONS = "practice,pcn,icb,valid_from,valid_to\nA00001,U1,QXX,2020-04-01,\nA00002,,QXX,,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "given.csv"


def test_postcodes_are_imported_without_the_pseudo_ones(tmp_path: Path, file: Path) -> None:
    file.write_text(POSTCODES, encoding="utf-8")

    ran = hi_fhir("mappings", "import-postcodes", file, "--data-dir", tmp_path / "data", "--json")

    assert ran.code == 0
    assert (ran.json["kind"], ran.json["rows"], ran.json["source_name"]) == ("postcodes", 1, "given.csv")
    assert load_postcodes(tmp_path / "data" / "imports") is not None


def test_memberships_are_imported_and_told(tmp_path: Path, file: Path) -> None:
    file.write_text(ORGANISATIONS, encoding="utf-8")

    ran = hi_fhir("mappings", "import-organisations", file, "--data-dir", tmp_path / "data")

    assert (ran.code, ran.out) == (0, "2 memberships imported.\n")
    assert len(load_organisations(tmp_path / "data" / "imports").memberships) == 2


def test_lists_of_registered_patients_are_imported_and_told(tmp_path: Path) -> None:
    for sex in ("female", "male"):
        text = f"EXTRACT_DATE,ORG_CODE,SEX,AGE,NUMBER_OF_PATIENTS\n01APR2025,A00001,{sex.upper()},7,3\n"
        (tmp_path / f"{sex}.csv").write_text(text, encoding="utf-8")

    ran = hi_fhir("mappings", "import-lists", tmp_path / "female.csv", tmp_path / "male.csv", "--data-dir", tmp_path)

    assert (ran.code, ran.out) == (0, "2 groups of patients imported.\n")
    lists = load_lists(tmp_path / "imports")
    assert lists is not None
    assert lists.rows["people"].to_pylist() == [3, 3]


@pytest.mark.parametrize(
    ("command", "text", "message"),
    [
        ("import-postcodes", "pcds,lsoa11\nAA1 1AA,E01000001\n", "lsoa21"),
        ("import-organisations", "practice,pcn\nA00001,U1\n", "no column icb, valid_from, valid_to"),
        ("import-lists", "practice,people\nA00001,3\n", "no column extract_date, org_code, sex, number_of_patients"),
        ("import-organisations", f"{ORGANISATIONS}A00003,,QXX,1 May,\n", "line 4: '1 May' is not a day"),
    ],
)
def test_a_file_of_another_shape_is_refused_and_nothing_is_imported(
    tmp_path: Path, file: Path, command: str, text: str, message: str
) -> None:
    file.write_text(text, encoding="utf-8")

    ran = hi_fhir("mappings", command, file, "--data-dir", tmp_path / "data")

    assert ran.code == 2
    assert message in ran.err
    assert load_postcodes(tmp_path / "data" / "imports") is load_organisations(tmp_path / "data" / "imports") is None


def test_a_file_that_is_not_there_is_the_users_error(tmp_path: Path) -> None:
    ran = hi_fhir("mappings", "import-postcodes", tmp_path / "nowhere.csv", "--data-dir", tmp_path / "data")

    assert ran.code == 2
    assert "does not exist" in ran.err

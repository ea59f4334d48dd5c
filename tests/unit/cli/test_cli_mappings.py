"""`hi-fhir mappings`: what is imported is there for the next evaluation, and what cannot be read is named."""

from pathlib import Path

import pytest

from hi_fhir.cohorts.imports import load_organisations, load_postcodes
from hi_fhir.cohorts.list_imports import load_lists
from hi_fhir.store.clients import NewClient, add_client
from hi_fhir.store.session import open_store
from tests.support.cli import hi_fhir
from tests.support.released import CLOCK, release

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


def test_successors_are_imported_and_what_that_means_here_is_told(tmp_path: Path, file: Path) -> None:
    data = tmp_path / "data"
    store = open_store(data / "hi_fhir.sqlite")
    release(store, reporters=("A99001", "QA1", "QB1"), measures=("sex-recorded",))
    client = NewClient("c", "platform", "icb", "QA1", "system/*.rs", jwks="{}")
    with store.write() as session:
        add_client(session, client, CLOCK.at)
    store.close()
    file.write_text("QA1,QX1,R,20260401,\nQB1,QX1,R,20260401,\nQB1,QY1,R,20260401,\nR1A,R1B,R,20200401,\n")

    ran = hi_fhir("mappings", "import-successors", file, "--data-dir", data, "--json")
    told = hi_fhir("mappings", "import-successors", file, "--data-dir", data)

    assert (ran.code, ran.json["rows"]) == (0, 4)
    qa1 = {"organisation": "QA1", "ends": "2026-04-01", "followed_by": ["QX1"], "heir": "QX1"}
    qb1 = {"organisation": "QB1", "ends": "2026-04-01", "followed_by": ["QX1", "QY1"], "heir": None}
    assert ran.json["here"] == [
        {**qa1, "clients": 1, "subscriptions": 0},
        {**qb1, "clients": 0, "subscriptions": 0},
    ]
    assert told.out.startswith("4 successions imported, of 2 organisations that are known here.\n")
    assert "nobody: divided" in told.out


@pytest.mark.parametrize(
    ("command", "text", "message"),
    [
        ("import-postcodes", "pcds,lsoa11\nAA1 1AA,E01000001\n", "lsoa21"),
        ("import-organisations", "practice,pcn\nA00001,U1\n", "no column icb, valid_from, valid_to"),
        ("import-lists", "practice,people\nA00001,3\n", "no column extract_date, org_code, sex, number_of_patients"),
        ("import-successors", "predecessor,successor,valid_from\nQA1,QA1,2026-04-01\n", "line 2: QA1 follows itself"),
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

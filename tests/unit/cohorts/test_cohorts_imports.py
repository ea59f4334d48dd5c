from datetime import date

import pyarrow.parquet as pq
import pytest

from hi_fhir.cohorts.imports import (
    import_organisations,
    import_postcodes,
    load_organisations,
    load_postcodes,
)
from hi_fhir.core.errors import TerminologyError


@pytest.mark.parametrize(
    ("heading", "postcode"),
    [
        ("pcds,lsoa11,lsoa21,doterm", "ab1 2cd"),
        ("PCD7,PCD8,LSOA11CD,LSOA21CD", "AB1 2CD"),
        ("pcd,lsoa11,lsoa21", "AB12CD"),
    ],
)
def test_every_layout_of_the_directory_gives_the_same_rows(tmp_path, heading, postcode):
    cells = {"pcds": postcode, "pcd7": postcode, "pcd8": postcode, "pcd": postcode, "doterm": ""}
    cells |= dict.fromkeys(("lsoa11", "lsoa11cd"), "E01000001") | dict.fromkeys(("lsoa21", "lsoa21cd"), "E01000002")
    line = ",".join(cells[name.lower()] for name in heading.split(","))
    (tmp_path / "onspd.csv").write_text(f"{heading}\n{line}\n", encoding="utf-8")

    manifest = import_postcodes(tmp_path / "onspd.csv", tmp_path / "imports")

    rows = pq.read_table(load_postcodes(tmp_path / "imports").path).to_pylist()
    assert rows == [{"postcode": "AB12CD", "lsoa11": "E01000001", "lsoa21": "E01000002"}]
    assert (manifest.rows, manifest.source_name) == (1, "onspd.csv")


def test_pseudo_postcodes_go_and_empty_areas_are_null(tmp_path):
    (tmp_path / "onspd.csv").write_text("pcds,lsoa11,lsoa21\nZZ99 3VZ,E01,E01\nIM1 1AA,,\n", encoding="utf-8")

    import_postcodes(tmp_path / "onspd.csv", tmp_path / "imports")

    rows = pq.read_table(load_postcodes(tmp_path / "imports").path).to_pylist()
    assert rows == [{"postcode": "IM11AA", "lsoa11": None, "lsoa21": None}]


def test_a_second_import_takes_the_place_of_the_first(tmp_path):
    for area in ("E01000001", "E01000002"):
        (tmp_path / "onspd.csv").write_text(f"pcds,lsoa11,lsoa21\nAB1 2CD,{area},{area}\n", encoding="utf-8")
        import_postcodes(tmp_path / "onspd.csv", tmp_path / "imports")

    assert len(list((tmp_path / "imports").glob("*.parquet"))) == 1
    assert pq.read_table(load_postcodes(tmp_path / "imports").path)["lsoa11"].to_pylist() == ["E01000002"]


def test_a_file_without_the_areas_of_a_vintage_is_refused(tmp_path):
    (tmp_path / "old.csv").write_text("pcds,lsoa11\nAB1 2CD,E01000001\n", encoding="utf-8")

    with pytest.raises(TerminologyError, match="no column lsoa21"):
        import_postcodes(tmp_path / "old.csv", tmp_path / "imports")

    assert load_postcodes(tmp_path / "imports") is None


def test_memberships_hold_on_both_of_their_ends(tmp_path):
    (tmp_path / "organisations.csv").write_text(
        "practice,pcn,icb,valid_from,valid_to,pcn_name\nP1,N1,I1,2024-04-01,2025-03-31,First\nP2,,I1,,,\n",
        encoding="utf-8",
    )

    manifest = import_organisations(tmp_path / "organisations.csv", tmp_path / "imports")

    one, two = load_organisations(tmp_path / "imports").memberships
    assert [one.holds_on(date(2024, 3, 31)), one.holds_on(date(2024, 4, 1))] == [False, True]
    assert [one.holds_on(date(2025, 3, 31)), one.holds_on(date(2025, 4, 1))] == [True, False]
    assert two.pcn is None
    assert two.holds_on(date(1999, 1, 1))
    assert (one.pcn_name, manifest.rows) == ("First", 2)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("practice,pcn,icb\nP1,N1,I1\n", "no column valid_from, valid_to"),
        ("practice,pcn,icb,valid_from,valid_to\nP1,N1,I1,1 April,\n", "line 2: '1 April' is not a day"),
        ("practice,pcn,icb,valid_from,valid_to\n,N1,I1,,\n", "line 2: no practice"),
        ("practice,pcn,icb,valid_from,valid_to\nP1,N1,I1,2024-04-01,2024-03-31\n", "line 2: valid_to is before"),
        (
            "practice,pcn,icb,valid_from,valid_to\np1,N1,I1,,2024-03-31\nP1,N2,I1,2024-03-31,\n",
            "P1 has two memberships on one day",
        ),
    ],
)
def test_a_membership_that_cannot_be_read_is_refused_with_its_place(tmp_path, lines, message):
    (tmp_path / "organisations.csv").write_text(lines, encoding="utf-8")

    with pytest.raises(TerminologyError, match=message):
        import_organisations(tmp_path / "organisations.csv", tmp_path / "imports")


def test_codes_are_taken_as_the_records_spell_them(tmp_path):
    (tmp_path / "organisations.csv").write_text(
        "practice,pcn,icb,valid_from,valid_to\n a99001 ,u99001 , qx1,,\n", encoding="utf-8"
    )

    import_organisations(tmp_path / "organisations.csv", tmp_path / "imports")

    [one] = load_organisations(tmp_path / "imports").memberships
    assert (one.practice, one.pcn, one.icb) == ("A99001", "U99001", "QX1")


def test_nothing_imported_is_nothing_loaded(tmp_path):
    assert load_postcodes(tmp_path) is None
    assert load_organisations(tmp_path) is None


EPRACCUR = (
    ("A99001", "ELM SURGERY", "Y99", "QXX", *[""] * 21, "4", ""),
    ("A99002", "OAK SURGERY", "Y99", "QXX", *[""] * 21, "4", ""),
    ("Y99003", "A WALK IN CENTRE", "Y99", "QXX", *[""] * 21, "1", ""),
)
EPRACCUR_HEADING = (
    "ORGANISATION CODE", "Name", "National Grouping", "high level  health geography", *["Null"] * 21,
    "Prescribing Setting", "Null",
)  # fmt: skip
PARTNERS_HEADING = (
    "Partner Organisation Code", "Partner Name", "Practice Parent Sub ICB Loc Code", "Sub ICB Name", "PCN Code",
    "PCN NAME", "PCN Parent Sub ICB Loc Code", "Sub ICB Name", "Practice to PCN Relationship Start Date",
    "Practice to PCN Relationship End Date", "Match?",
)  # fmt: skip
PARTNERS = (
    ("a99001", "ELM SURGERY", "99X", "X", "U99001", "RIVERSIDE PCN", "99X", "X", "20190701", "20240401", "Yes"),
    ("A99001", "ELM SURGERY", "99X", "X", "U99002", "HILL PCN", "99X", "X", "20240401", "", "Yes"),
)


def _csv(path, *rows):
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("headings", [True, False])
def test_files_of_ods_are_read_together_with_a_heading_in_any_case_or_none(tmp_path, headings):
    practices = _csv(tmp_path / "epraccur.csv", *([EPRACCUR_HEADING] if headings else []), *EPRACCUR)
    partners = _csv(tmp_path / "epcn.csv", *([PARTNERS_HEADING] if headings else []), *PARTNERS)

    manifest = import_organisations(partners, tmp_path / "imports", [practices])

    found = load_organisations(tmp_path / "imports").memberships
    assert [(m.practice, m.pcn, m.icb, m.valid_from, m.valid_to) for m in found] == [
        ("A99001", "U99001", "QXX", date(2019, 7, 1), date(2024, 3, 31)),
        ("A99001", "U99002", "QXX", date(2024, 4, 1), None),
        ("A99002", None, "QXX", None, None),
    ]
    assert [(m.practice_name, m.pcn_name) for m in found][1:] == [("ELM SURGERY", "HILL PCN"), ("OAK SURGERY", None)]
    assert manifest.rows == 3


def test_of_one_file_of_ods_what_the_other_says_is_unknown(tmp_path):
    import_organisations(_csv(tmp_path / "epcn.csv", *PARTNERS), tmp_path / "imports")

    found = load_organisations(tmp_path / "imports").memberships
    assert [(m.pcn, m.icb) for m in found] == [("U99001", None), ("U99002", None)]


def test_a_day_of_ods_that_is_none_and_a_file_of_another_kind_beside_it_are_refused(tmp_path):
    wrong = ("A99001", "ELM SURGERY", "99X", "X", "U99001", "RIVERSIDE PCN", "99X", "X", "20190732", "", "Yes")
    own = _csv(tmp_path / "own.csv", ("practice", "pcn", "icb", "valid_from", "valid_to"), ("A99001", "", "", "", ""))

    with pytest.raises(TerminologyError, match="line 1: '20190732' is not a day"):
        import_organisations(_csv(tmp_path / "wrong.csv", wrong), tmp_path / "imports")
    with pytest.raises(TerminologyError, match="Import a file of your own alone"):
        import_organisations(_csv(tmp_path / "epcn.csv", *PARTNERS), tmp_path / "imports", [own])


def test_the_heading_of_our_own_file_may_be_in_any_case(tmp_path):
    own = _csv(
        tmp_path / "own.csv", ("Practice", "PCN", "ICB", "Valid_From", "VALID_TO"), ("A99001", "U99001", "QXX", "", "")
    )

    import_organisations(own, tmp_path / "imports")

    assert [m.pcn for m in load_organisations(tmp_path / "imports").memberships] == ["U99001"]

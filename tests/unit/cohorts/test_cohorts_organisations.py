"""Practices, branches, networks and boards told apart, and what each practice belongs to on the reference date."""

from datetime import date

import pyarrow as pa
import pytest

from hi_fhir.cohorts.imports import AreaFile, Membership
from hi_fhir.cohorts.inputs import Area
from hi_fhir.cohorts.organisations import Organisations, shape_of
from hi_fhir.tables.schema import ORGANIZATION
from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder

AS_OF = date(2025, 3, 31)


def organisations(main: SnapshotBuilder, file: AreaFile | None = None) -> Organisations:
    rows = [{name: row.get(name) for name in ORGANIZATION.names} for row in main.rows["organization"]]
    return Organisations(pa.Table.from_pylist(rows, schema=ORGANIZATION), file, (), AS_OF)


def areas(found):
    return [(a.practice_id, a.pcn_id, a.icb_id) for a in found.areas]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("A99001", "practice"),
        ("Y00123", "practice"),
        ("W99001", "practice"),
        ("U99001", "pcn"),
        ("A99001001", "branch"),
        ("QAA", "icb"),
        ("QE1", "icb"),
        ("02P", "sub-icb"),
        ("RR8", "other"),
        ("RXX01", "other"),
        ("V81997", "other"),
        ("V81998", "other"),
        ("V81999", "other"),
        ("V81996", "practice"),
        ("Q30", None),
        ("A3A8R", None),
        ("U99001001", None),
        ("GP5", None),
        ("A9900", None),
    ],
)
def test_a_code_tells_by_its_shape_what_it_stands_for(code, kind):
    assert shape_of(code) == kind


def test_a_branch_surgery_changes_nothing_of_the_chain_and_its_people_are_its_practices(tmp_path):
    main = SnapshotBuilder()
    main.organization("i", "QAA", name="Board")
    main.organization("n", "U99001", name="Network", part_of="i")
    main.organization("p", "A99001", name="Practice", part_of="n")
    main.organization("b", "A99001001", name="Branch", part_of="p")
    at_practice, at_branch = main.patient("ann", practice="A99001"), main.patient("bob", practice="A99001001")
    by_reference = main.patient("cat", practice=None)
    main.registration("cat", "general-practitioner", None, organization_id="b")

    resolved = resolve_snapshots(tmp_path, main)

    assert {resolved[id_]["practice_id"] for id_ in (at_practice, at_branch, by_reference)} == {"A99001"}
    assert resolved.found.areas == [Area("A99001", "Practice", "U99001", "Network", "QAA", "Board")]


def test_a_branch_belongs_to_the_practice_it_is_part_of_else_to_that_of_its_code():
    main = SnapshotBuilder()
    main.organization("p", "A99002", kind="practice")
    main.organization("known", "A99001001", part_of="p")
    main.organization("no code", None, kind="branch", part_of="p")
    main.organization("alone", "A99003001")
    main.organization("circle", "A99004001", part_of="circle too")
    main.organization("circle too", "A99004002", part_of="circle")
    found = organisations(main)

    practices = {id_: found.place_of(found.by_key["main", id_]).practice for _, id_ in found.by_key}

    assert practices == {
        "p": "A99002", "known": "A99002", "no code": "A99002", "alone": "A99003", "circle": "A99004",
        "circle too": "A99004",
    }  # fmt: skip
    assert [found.place_of_code(code).practice for code in ("A99001001", "A99009123")] == ["A99002", "A99009"]


@pytest.mark.slow
def test_a_sub_icb_between_a_practice_and_its_board_leads_to_the_board(tmp_path):
    main = SnapshotBuilder()
    main.organization("i", "QAA")
    main.organization("s", "02P", part_of="i")
    main.organization("any", "A3A8R", part_of="s")
    main.organization("n", "U99001", part_of="any")
    main.organization("p", "A99001", part_of="n")
    main.organization("q", "A99002", part_of="s")
    main.patient("ann", practice="A99001")
    main.patient("bob", practice="A99002")

    found = resolve_snapshots(tmp_path, main).found

    assert areas(found) == [("A99001", "U99001", "QAA"), ("A99002", None, "QAA")]
    assert found.pcn_unknown == 1


def test_what_the_source_says_goes_before_the_shape_of_the_code(tmp_path):
    main = SnapshotBuilder()
    main.organization("i", "D9Y0V", kind="icb")
    main.organization("n", "LOCAL", kind="pcn", part_of="i")
    main.organization("p", "A99001", part_of="n")
    main.organization("w", "A99002", kind="other", part_of="n")
    main.patient("ann", practice="A99001")
    walk_in = main.patient("bob", practice="A99002")

    resolved = resolve_snapshots(tmp_path, main)

    assert areas(resolved.found) == [("A99001", "LOCAL", "D9Y0V")]
    assert not resolved[walk_in]["registered"]
    assert resolved.found.registrations_left_out == {"not-a-practice": 1}


def test_a_level_that_cannot_be_told_is_unknown_wherever_it_stands(tmp_path):
    main = SnapshotBuilder()
    main.organization("x", "X1")
    main.organization("y", "X2", part_of="x")
    main.organization("p", "A99001", part_of="y")
    main.patient("ann", practice="A99001")

    found = resolve_snapshots(tmp_path, main).found

    assert areas(found) == [("A99001", None, None)]
    assert found.pcn_unknown == 1


def test_a_code_counts_on_its_own_days_only(tmp_path):
    main = SnapshotBuilder()
    main.organization("1", "A00001", code_until=date(2025, 3, 30))
    main.organization("1", "A99001", code_from=AS_OF)
    main.organization("2", "A00002", code_until=AS_OF)
    main.organization("2", "A99002", code_from=date(2025, 4, 1))
    main.organization("3", "A00003", code_until=date(2020, 1, 1))
    ids = [main.patient(number, practice=None) for number in "123"]
    for number in "123":
        main.registration(number, "managing-organization", None, organization_id=number)

    resolved = resolve_snapshots(tmp_path, main)

    assert [resolved[id_]["practice_id"] for id_ in ids] == ["A99001", "A00002", None]
    assert resolved.found.registrations_left_out == {"no-organisation": 1}


def test_practices_belong_to_what_the_imported_file_says_on_the_as_of_day(tmp_path):
    main = SnapshotBuilder()
    main.organization("p1", "A99001", name="First", part_of="n1")
    main.organization("n1", "U99001", name="Network", part_of="i1")
    main.organization("i1", "QA1", name="Board")
    for practice in ("A99001", "P2", "P3"):
        main.patient(practice, practice=practice)
    file = AreaFile(
        (
            Membership("P2", "N7", "I7", None, date(2025, 3, 30)),
            Membership("P2", "N8", "I9", date(2025, 3, 31), None, pcn_name="Eighth"),
        ),
        "v1",
    )

    found = resolve_snapshots(tmp_path, main, areas=file).found

    assert found.areas == [
        Area("A99001", "First", "U99001", "Network", "QA1", "Board"),
        Area("P2", None, "N8", "Eighth", "I9", None),
        Area("P3", None, None, None, None, None),
    ]
    assert found.pcn_unknown == 1
    assert found.versions["import/organisations"] == "v1"


@pytest.mark.slow
def test_a_practice_that_the_file_knows_on_other_days_belongs_to_nothing_known(tmp_path):
    main = SnapshotBuilder()
    main.organization("p1", "A99001", name="First", part_of="n1")
    main.organization("n1", "U99001")
    main.patient("ann", practice="A99001")
    left = AreaFile((Membership("A99001", "N7", "I7", None, date(2025, 3, 30), "Then First"),), "v1")

    [area] = resolve_snapshots(tmp_path, main, areas=left).found.areas

    assert area == Area("A99001", "Then First", None, None, None, None)


def test_the_imported_file_tells_a_practice_from_a_network(tmp_path):
    file = AreaFile((Membership("LOCAL1", "NET1", "BOARD1", None, None),), "v1")
    main = SnapshotBuilder()
    ids = [main.patient(code, practice=None) for code in ("LOCAL1", "NET1", "BOARD1", "OTHER1")]
    for code in ("LOCAL1", "NET1", "BOARD1", "OTHER1"):
        main.registration(code, "untyped-episode", code)

    resolved = resolve_snapshots(tmp_path, main, areas=file)

    assert [resolved[id_]["practice_id"] for id_ in ids] == ["LOCAL1", None, None, None]
    assert resolved.found.registrations_left_out == {
        "episode-of-an-unknown-organisation": 1, "not-a-practice": 2
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "practice"), [("A99001001", "A99001"), ("X99001X", "X99001X"), ("A3A8R", "A3A8R"), (None, None)]
)
def test_a_branch_of_no_known_practice_is_of_the_practice_in_its_code_where_it_has_that_shape(code, practice):
    main = SnapshotBuilder()
    main.organization("b", code, kind="branch")
    found = organisations(main)

    assert found.place_of(found.by_key["main", "b"]) == (practice, "practice")


def test_a_code_that_sources_call_differently_is_what_the_first_of_them_says_in_whatever_order_they_come():
    rows = [
        {"source_id": source, "organization_id": "x", "ods_code": "A99001", "kind": kind}
        for source, kind in (("elm", "pcn"), ("oak", "practice"))
    ]
    for order in (rows, rows[::-1]):
        found = Organisations(pa.Table.from_pylist(order, schema=ORGANIZATION), None, (), AS_OF)
        assert found.kind_of_code("A99001") == "pcn"


@pytest.mark.parametrize(
    ("told", "area"),
    [
        pytest.param(("U99007", None), ("A99001", "U99007", "QAA"), marks=pytest.mark.slow),  # as from ePCN alone
        pytest.param((None, "QBB"), ("A99001", "U99001", "QBB"), marks=pytest.mark.slow),  # as from epraccur alone
        (("U99007", "QBB"), ("A99001", "U99007", "QBB")),
    ],
)
def test_what_the_imported_file_tells_of_no_practice_is_as_the_server_says(tmp_path, told, area):
    file = AreaFile((Membership("A99001", *told, None, None), Membership("A99002", *told, None, None)), "v1")
    main = SnapshotBuilder()
    main.organization("i", "QAA")
    main.organization("n", "U99001", part_of="i")
    main.organization("p", "A99001", part_of="n")
    main.patient("ann", practice="A99001")

    assert areas(resolve_snapshots(tmp_path, main, areas=file).found) == [area]


@pytest.mark.slow
def test_a_practice_of_which_the_file_tells_nothing_that_it_tells_of_another_belongs_to_none(tmp_path):
    file = AreaFile(
        (Membership("A99001", None, None, None, None), Membership("A99002", "U99007", "QBB", None, None)), "v1"
    )
    main = SnapshotBuilder()
    main.organization("i", "QAA")
    main.organization("n", "U99001", part_of="i")
    for practice in ("A99001", "A99002"):
        main.organization(practice, practice, part_of="n")
        main.patient(practice, practice=practice)

    assert areas(resolve_snapshots(tmp_path, main, areas=file).found) == [
        ("A99001", None, None),
        ("A99002", "U99007", "QBB"),
    ]

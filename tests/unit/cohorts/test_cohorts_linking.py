"""Who is one person: by NHS number, by the sources' own links, and whom identifiers name."""

from datetime import date

import pytest

from hi_fhir.cohorts.opt_out_policies import IMPORTED_LIST
from hi_fhir.cohorts.opt_outs import OptOuts
from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder, named, nhs_key

BORN = date(1970, 1, 1)
WHITE = ("https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland", "A")


def of_number(builder, name, **fields):
    return builder.patient(name, **{"nhs_key": nhs_key("shared"), **fields})


AGREEING = [
    ((BORN, BORN), (BORN, BORN), True),
    ((BORN, BORN), (None, None), True),
    ((None, None), (None, None), True),
    ((BORN, BORN), (date(1970, 1, 2), date(1970, 1, 2)), False),
    ((date(1970, 1, 1), date(1970, 12, 31)), (date(1970, 5, 6), date(1970, 5, 6)), True),
    ((date(1970, 1, 1), date(1970, 12, 31)), (date(1970, 5, 1), date(1970, 5, 31)), True),
    ((date(1970, 1, 1), date(1970, 12, 31)), (date(1971, 1, 1), date(1971, 1, 1)), False),
    ((date(1970, 5, 1), date(1970, 5, 31)), (date(1970, 6, 1), date(1970, 6, 30)), False),
]
"""The first and last day of two birth dates, and whether they can be one."""


def test_a_number_links_where_birth_dates_can_be_the_same(tmp_path):
    north, south = SnapshotBuilder("north"), SnapshotBuilder("south")
    ids = []
    for number, (*dates, _) in enumerate(AGREEING):
        key = nhs_key(f"{number}")
        ids.append(
            [
                builder.patient(f"{number}", nhs_key=key, birth_date=born, birth_date_last=last)
                for builder, (born, last) in zip((north, south), dates, strict=True)
            ]
        )

    resolved = resolve_snapshots(tmp_path, north, south)

    agreed = [agree for *_, agree in AGREEING]
    assert [resolved.links[one] == resolved.links[other] for one, other in ids] == agreed
    assert resolved.found.persons == agreed.count(True) + 2 * agreed.count(False)
    assert resolved.found.link_conflicts == 2 * agreed.count(False)


@pytest.mark.slow
def test_one_birth_date_that_disagrees_links_nobody_of_the_number(tmp_path):
    builders = [SnapshotBuilder(name) for name in ("a", "b", "c")]
    for builder, born in zip(builders, (BORN, BORN, date(1980, 1, 1)), strict=True):
        of_number(builder, "ann", birth_date=born)
    found = resolve_snapshots(tmp_path, *builders).found
    assert (found.persons, found.link_conflicts) == (3, 3)
    assert found.nhs_number == {"verified": 3}


@pytest.mark.slow
def test_patients_without_a_number_are_in_no_conflict_however_their_birth_dates_differ(tmp_path):
    main = SnapshotBuilder()
    for name, born in (("ann", BORN), ("bob", date(1980, 1, 1)), ("cy", None)):
        main.patient(name, nhs_number="absent", birth_date=born)
    found = resolve_snapshots(tmp_path, main).found
    assert (found.persons, found.link_conflicts) == (3, 0)


@pytest.mark.parametrize(
    ("count", "persons", "standing"), [pytest.param(9, 1, "verified", marks=pytest.mark.slow), (10, 10, "placeholder")]
)
def test_a_number_that_many_patients_of_a_source_share_is_a_placeholder(tmp_path, count, persons, standing):
    main, other = SnapshotBuilder(), SnapshotBuilder("other")
    for number in range(count):
        of_number(main, f"p{number}")
    alone = of_number(other, "elsewhere")
    resolved = resolve_snapshots(tmp_path, main, other)
    assert resolved.found.persons == persons + (0 if standing == "verified" else 1)
    assert resolved[alone]["nhs_number"] == standing
    assert resolved.found.link_conflicts == 0


@pytest.mark.slow
def test_a_number_in_many_sources_is_nobodys_placeholder(tmp_path):
    builders = [SnapshotBuilder(f"s{number}") for number in range(10)]
    for builder in builders:
        of_number(builder, "ann")
    assert resolve_snapshots(tmp_path, *builders).found.persons == 1


def test_an_opt_out_takes_all_who_bear_the_number_and_is_matched_once(tmp_path):
    north, south = SnapshotBuilder("north"), SnapshotBuilder("south")
    of_number(north, "ann")
    of_number(south, "ann", birth_date=date(1980, 1, 1))
    opt_out = OptOuts(IMPORTED_LIST, frozenset({nhs_key("shared"), nhs_key("nobody")}))
    found = resolve_snapshots(tmp_path, north, south, opt_out=opt_out).found
    assert (found.persons, found.opted_out, found.opt_outs_unmatched) == (0, 2, 1)


@pytest.mark.parametrize("kind", ["replaced-by", pytest.param("replaces", marks=pytest.mark.slow)])
def test_who_was_replaced_is_the_survivor_with_the_survivors_fields(tmp_path, kind):
    main = SnapshotBuilder()
    old = main.patient(
        "old", practice="OLD", active=False, sex="male", birth_date=date(1980, 1, 1), dead=True, restricted=True
    )
    new = main.patient("new", practice="NEW", lsoa21="E01000002")
    main.ethnic_category("old", *WHITE)
    main.link("old", "new") if kind == "replaced-by" else main.link("new", "old", kind)
    resolved = resolve_snapshots(tmp_path, main)
    person = resolved[old]
    assert resolved.links[old] == resolved.links[new] == new
    assert (person["practice_id"], person["sex"], person["birth_date"]) == ("NEW", "female", BORN)
    assert (person["registered"], person["restricted"], person["ethnicity"]) == (True, True, "not-recorded")
    assert resolved.found.persons == 1
    assert resolved.found.merges == {
        "merged": 1, "dangling": 0, "loop": 0, "several-survivors": 0, "unreadable-link": 0,
    }  # fmt: skip


def test_records_of_who_was_replaced_are_the_survivors(tmp_path):
    main = SnapshotBuilder()
    main.patient("old", practice=None, active=False)
    new = main.patient("new")
    main.link("old", "new")
    main.observation("old", "92391000000108", date(2020, 1, 1))
    assert resolve_snapshots(tmp_path, main)[new]["ethnicity"] == "stated"


@pytest.mark.slow
def test_of_who_was_replaced_episodes_register_and_their_own_fields_do_not(tmp_path):
    main = SnapshotBuilder()
    for name, kind in (("episode", "episode"), ("field", "general-practitioner")):
        main.patient(f"old {name}", practice=None, active=False)
        main.registration(f"old {name}", kind, "A1", date(2012, 1, 1))
        main.link(f"old {name}", name)
    by_episode, by_field = main.patient("episode", practice=None), main.patient("field", practice=None)
    resolved = resolve_snapshots(tmp_path, main)
    assert (resolved[by_episode]["practice_id"], resolved[by_field]["practice_id"]) == ("A1", None)
    assert resolved.found.not_registered_by_reason == {"no-registration": 1}


@pytest.mark.slow
def test_a_practice_that_a_source_is_registers_a_merged_patient_once(tmp_path):
    main = SnapshotBuilder(practice="OWN")
    old, new = main.patient("old", practice=None), main.patient("new", practice=None)
    main.link("old", "new")
    resolved = resolve_snapshots(tmp_path, main)
    assert resolved[old] == resolved[new]
    assert resolved.found.registered == 1


@pytest.mark.slow
def test_a_chain_leads_on_to_the_other_sources_record_of_the_same_number(tmp_path):
    main, other = SnapshotBuilder(), SnapshotBuilder("other")
    first, second = main.patient("first", active=False), main.patient("second", active=False)
    third = of_number(main, "third")
    elsewhere = of_number(other, "third")
    main.link("first", "second")
    main.link("second", "third")
    resolved = resolve_snapshots(tmp_path, main, other)
    assert {resolved.links[one] for one in (first, second, third, elsewhere)} == {min(third, elsewhere)}


@pytest.mark.slow
def test_the_birth_date_of_who_was_replaced_is_no_conflict(tmp_path):
    main, other = SnapshotBuilder(), SnapshotBuilder("other")
    of_number(main, "old", birth_date=date(1980, 1, 1))
    of_number(main, "new")
    of_number(other, "ann")
    main.link("old", "new")
    found = resolve_snapshots(tmp_path, main, other).found
    assert (found.persons, found.link_conflicts) == (1, 0)


def test_links_that_lead_nowhere_are_counted_and_change_nobody(tmp_path):
    main = SnapshotBuilder()
    ann, bob = main.patient("ann"), main.patient("bob")
    main.link("ann", "gone")
    main.link("bob", None)
    resolved = resolve_snapshots(tmp_path, main)
    assert (resolved.links[ann], resolved.links[bob]) == (ann, bob)
    assert (resolved.found.merges["dangling"], resolved.found.merges["unreadable-link"]) == (1, 1)


def test_an_identifier_names_the_person_who_has_it(tmp_path):
    main = SnapshotBuilder()
    ann = main.patient("ann", practice=None)
    main.identifier("ann", "local 7")
    main.observation(named("local 7"), "92391000000108", date(2020, 1, 1))
    main.registration(named("local 7"), "episode", "A1", date(2012, 1, 1))
    resolved = resolve_snapshots(tmp_path, main)
    assert (resolved[ann]["ethnicity"], resolved[ann]["practice_id"]) == ("stated", "A1")
    assert resolved.links[named("local 7")] == ann
    assert not any(sum(rows.values()) for rows in (resolved.found.orphan_events, resolved.found.identifiers_of_nobody))


def test_an_nhs_number_names_its_person_in_whatever_source(tmp_path):
    lab, gp = SnapshotBuilder("lab"), SnapshotBuilder("gp")
    ann = of_number(gp, "ann")
    lab.observation(nhs_key("shared") + "i", "92391000000108", date(2020, 1, 1))
    assert resolve_snapshots(tmp_path, lab, gp)[ann]["ethnicity"] == "stated"


@pytest.mark.slow
def test_an_episode_by_number_registers_the_patient_of_its_own_source(tmp_path):
    north, south = SnapshotBuilder("north"), SnapshotBuilder("south")
    ids = {
        of_number(builder, "ann", practice=None, sex=sex): sex for builder, sex in ((north, "male"), (south, "other"))
    }
    for builder in (north, south):
        builder.registration(nhs_key("shared") + "i", "episode", builder.source.upper(), date(2012, 1, 1))
    south.registration(nhs_key("shared") + "i", "episode", "NEWEST", date(2020, 1, 1))
    person = resolve_snapshots(tmp_path, north, south)[min(ids)]
    assert (person["practice_id"], person["sex"]) == ("NEWEST", "other")


def test_an_identifier_of_nobody_or_of_several_people_is_counted_by_table(tmp_path):
    main = SnapshotBuilder()
    ann, bob = main.patient("ann"), main.patient("bob")
    for name in ("ann", "bob"):
        main.identifier(name, "both")
    main.observation(named("both"), "92391000000108", date(2020, 1, 1))
    main.encounter(named("nobody's"), None)
    main.observation("ghost", None)
    resolved = resolve_snapshots(tmp_path, main)
    found = resolved.found
    assert {resolved[one]["ethnicity"] for one in (ann, bob)} == {"not-recorded"}
    told = (found.orphan_events, found.identifiers_of_nobody, found.identifiers_of_several)
    assert [{table: n for table, n in rows.items() if n} for rows in told] == [
        {"observation": 1}, {"encounter": 1}, {"observation": 1},
    ]  # fmt: skip


@pytest.mark.slow
def test_two_records_of_one_person_may_have_the_same_identifier(tmp_path):
    main = SnapshotBuilder()
    of_number(main, "ann", practice=None)
    of_number(main, "bea")
    for name in ("ann", "bea"):
        main.identifier(name, "both")
    main.observation(named("both"), "92391000000108", date(2020, 1, 1))
    resolved = resolve_snapshots(tmp_path, main)
    assert resolved.found.ethnicity == {"stated": 1}
    assert not any(resolved.found.identifiers_of_several.values())


@pytest.mark.slow
def test_what_names_somebody_who_opted_out_is_left_out_too(tmp_path):
    main = SnapshotBuilder()
    of_number(main, "ann")
    main.observation(nhs_key("shared") + "i", "92391000000108", date(2020, 1, 1))
    resolved = resolve_snapshots(tmp_path, main, opt_out=OptOuts(IMPORTED_LIST, frozenset({nhs_key("shared")})))
    assert (resolved.links, resolved.found.persons) == ({}, 0)

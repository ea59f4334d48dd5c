"""Each sentence of the rule on registration, on a handful of people resolved together."""

from datetime import date

import pytest

from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder, nhs_key

AS_OF = date(2025, 3, 31)
NEXT_DAY = date(2025, 4, 1)
DAY_BEFORE = date(2025, 3, 30)


def test_both_ends_of_a_registration_are_inclusive_and_each_reason_against_one_is_counted(tmp_path):
    main = SnapshotBuilder()
    begins_today = main.patient("begins today", practice=None)
    main.registration("begins today", "episode", "A1", AS_OF)
    ends_today = main.patient("ends today", practice=None)
    main.registration("ends today", "episode", "A1", None, AS_OF)
    begins_tomorrow = main.patient("begins tomorrow", practice=None)
    main.registration("begins tomorrow", "episode", "A1", NEXT_DAY)
    left = main.patient("left", practice=None)
    main.registration("left", "episode", "A1", date(2010, 1, 1), DAY_BEFORE)
    temporary = main.patient("temporary", practice=None)
    main.registration("temporary", "episode", "A1", date(2024, 1, 1), regular=False)
    over = main.patient("over", practice=None)
    main.registration("over", "episode", "A1", date(2010, 1, 1), ended_on_unknown_date=True)
    inactive = main.patient("inactive", active=False)
    died_today = main.patient("died today", dead=True, death_date=AS_OF)
    died_undated = main.patient("died", dead=True)
    dies_tomorrow = main.patient("dies tomorrow", dead=True, death_date=NEXT_DAY)
    nowhere = main.patient("nowhere", practice=None)

    resolved = resolve_snapshots(tmp_path, main)

    registered = {id_ for id_ in resolved.links if resolved[id_]["registered"]}
    assert registered == {begins_today, ends_today, dies_tomorrow}
    refused = {begins_tomorrow, left, over, temporary, inactive, died_today, died_undated, nowhere}
    assert {resolved[id_]["practice_id"] for id_ in refused} == {None}
    assert {resolved[id_]["registered_on"] for id_ in refused} == {None}
    assert resolved[begins_today]["registered_on"] == AS_OF
    assert resolved[ends_today]["registered_on"] is None
    assert resolved.found.not_registered_by_reason == {
        "dead": 2, "inactive": 1, "left": 2, "no-registration": 1, "not-begun": 1, "temporary": 1,
    }  # fmt: skip
    assert (resolved.found.persons, resolved.found.registered, resolved.found.no_registration) == (11, 3, 1)


def test_the_first_kind_that_a_patient_has_any_of_decides_alone(tmp_path):
    main = SnapshotBuilder()
    ended_episode = main.patient("ended episode", practice="GP")
    main.registration("ended episode", "episode", "EP", None, date(2020, 1, 1))
    practitioner = main.patient("practitioner", practice="GP")
    main.registration("practitioner", "managing-organization", "MO")
    managed = main.patient("managed", practice=None)
    main.registration("managed", "managing-organization", "MO")

    resolved = resolve_snapshots(tmp_path, main)

    assert [resolved[id_]["practice_id"] for id_ in (ended_episode, practitioner, managed)] == [None, "GP", "MO"]
    assert resolved.found.not_registered_by_reason == {"left": 1}


def test_a_source_that_is_one_practice_registers_whoever_states_nothing_else(tmp_path):
    main = SnapshotBuilder(practice="OWN")
    stated, silent = main.patient("stated", practice="GP"), main.patient("silent", practice=None)

    resolved = resolve_snapshots(tmp_path, main)

    assert resolved[stated]["practice_id"] == "GP"
    assert resolved[silent]["practice_id"] == "OWN"
    assert resolved[silent]["registered_on"] is None


def test_a_reference_finds_the_code_of_the_organization_of_its_own_source(tmp_path):
    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    main.organization("1", "AAA")
    other.organization("1", "BBB")
    ann, bob = main.patient("ann", practice=None), other.patient("bob", practice=None)
    main.registration("ann", "episode", None, date(2020, 1, 1), organization_id="1")
    other.registration("bob", "episode", None, date(2020, 1, 1), organization_id="1")
    lost = main.patient("lost", practice=None)
    main.registration("lost", "episode", None, date(2020, 1, 1), organization_id="nowhere")

    resolved = resolve_snapshots(tmp_path, main, other)

    assert [resolved[id_]["practice_id"] for id_ in (ann, bob, lost)] == ["AAA", "BBB", None]


@pytest.mark.slow
def test_an_untyped_episode_at_a_practice_goes_before_registration_details_that_began_later(tmp_path):
    main = SnapshotBuilder()
    ann = main.patient("ann", practice=None)
    main.registration("ann", "untyped-episode", "A99001", date(2010, 1, 1))
    main.registration("ann", "registration-details", "A99002", date(2020, 1, 1))
    bob = main.patient("bob", practice=None)
    main.registration("bob", "untyped-episode", "A99001", date(2010, 1, 1))
    main.registration("bob", "episode", "A99002", date(2020, 1, 1))

    resolved = resolve_snapshots(tmp_path, main)

    assert [resolved[id_]["practice_id"] for id_ in (ann, bob)] == ["A99001", "A99002"]


def test_the_latest_start_wins_and_no_start_is_the_earliest(tmp_path):
    main = SnapshotBuilder()
    ann = main.patient("ann", practice=None)
    main.registration("ann", "episode", "OLD", None)
    main.registration("ann", "episode", "MID", date(2019, 1, 1))
    main.registration("ann", "episode", "NEW", date(2024, 1, 1))

    resolved = resolve_snapshots(tmp_path, main)

    assert resolved[ann]["practice_id"] == "NEW"
    assert resolved.found.registration_conflicts == 0


@pytest.mark.slow
def test_a_tie_is_a_conflict_and_goes_to_the_lowest_code(tmp_path):
    main = SnapshotBuilder()
    ann, bob = main.patient("ann", practice=None), main.patient("bob", practice=None)
    for practice in ("B2", "B1"):
        main.registration("ann", "episode", practice, date(2024, 1, 1))
        main.registration("bob", "episode", "B9", date(2024, 1, 1))

    resolved = resolve_snapshots(tmp_path, main)

    assert resolved[ann]["practice_id"] == "B1"
    assert resolved[bob]["practice_id"] == "B9"
    assert resolved.found.registration_conflicts == 1


def test_patients_with_one_nhs_number_are_one_person_with_the_fields_of_the_record_that_won(tmp_path):
    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    old = main.patient("ann", nhs_key=nhs_key("ann"), sex="female", birth_date=None, practice=None)
    main.registration("ann", "episode", "OLD", date(2010, 1, 1))
    new = other.patient("ann", nhs_key=nhs_key("ann"), sex="other", birth_date=date(1981, 1, 1), practice=None)
    other.registration("ann", "episode", "NEW", date(2020, 1, 1))
    alone = main.patient("bob")

    resolved = resolve_snapshots(tmp_path, main, other)

    assert resolved.links[old] == resolved.links[new] == min(old, new)
    assert resolved.links[alone] == alone
    assert (resolved[old]["practice_id"], resolved[old]["sex"]) == ("NEW", "other")
    assert resolved[old]["birth_date"] == date(1981, 1, 1)
    assert resolved.found.persons == 2


@pytest.mark.slow
def test_dead_if_any_linked_record_says_so_and_then_the_lowest_patient_speaks(tmp_path):
    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    ids = {
        main.patient("ann", nhs_key=nhs_key("ann"), sex="male", practice=None): "male",
        other.patient("ann", nhs_key=nhs_key("ann"), sex="other", dead=True): "other",
    }

    resolved = resolve_snapshots(tmp_path, main, other)

    person = resolved[min(ids)]
    assert not person["registered"]
    assert person["sex"] == ids[min(ids)]


@pytest.mark.slow
def test_restricted_if_any_linked_record_says_so(tmp_path):
    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    main.patient("ann", nhs_key=nhs_key("ann"), restricted=True, practice=None)
    home = other.patient("ann", nhs_key=nhs_key("ann"), lsoa21="E01000002")

    resolved = resolve_snapshots(tmp_path, main, other)

    person = resolved[home]
    assert (person["registered"], person["restricted"], person["deprivation"]) == (True, True, "restricted")
    assert (person["imd_2025_rank"], resolved.found.restricted) == (None, 1)


def test_ages_are_completed_at_the_period_end_and_29_february_completes_on_1_march(tmp_path):
    main = SnapshotBuilder()
    born = {
        "today": date(2000, 3, 31),
        "tomorrow": date(2000, 4, 1),
        "leap": date(2004, 2, 29),
        "unknown": None,
    }
    ids = {name: main.patient(name, birth_date=day) for name, day in born.items()}

    resolved = resolve_snapshots(tmp_path, main)

    assert {name: resolved[id_]["age"] for name, id_ in ids.items()} == {
        "today": 25, "tomorrow": 24, "leap": 21, "unknown": None,
    }  # fmt: skip


def test_whoever_is_born_after_the_day_is_not_registered_on_it(tmp_path):
    main, other = SnapshotBuilder("main"), SnapshotBuilder("other")
    born_today = main.patient("today", birth_date=AS_OF)
    born_tomorrow = main.patient("tomorrow", birth_date=NEXT_DAY)
    main.patient("after the data", birth_date=date(2052, 5, 6))
    main.patient("unborn and dead", birth_date=NEXT_DAY, dead=True)
    unknown = main.patient("unknown", birth_date=None)
    said_once = main.patient("said once", birth_date=None, nhs_key=nhs_key("said once"))
    other.patient("said once", birth_date=NEXT_DAY, nhs_key=nhs_key("said once"), practice=None)

    resolved = resolve_snapshots(tmp_path, main, other)

    registered = [resolved[id_]["registered"] for id_ in (born_today, born_tomorrow, unknown, said_once)]
    assert registered == [True, False, True, False]
    assert resolved.found.not_registered_by_reason == {"dead": 1, "not-born": 3}


@pytest.mark.slow
def test_a_birth_date_that_cannot_be_gives_no_age(tmp_path):
    main = SnapshotBuilder(data_date=date(2025, 4, 2))
    born = {
        date(1, 1, 1): None,
        date(1753, 1, 1): None,
        date(1900, 1, 1): None,
        date(1905, 4, 1): None,
        date(1905, 4, 2): 119,
        date(9999, 12, 31): None,
    }
    ids = {day: main.patient(f"{day}", birth_date=day) for day in born}

    resolved = resolve_snapshots(tmp_path, main)

    assert {day: resolved[id_]["age"] for day, id_ in ids.items()} == born
    assert all(resolved[id_]["registered"] for id_ in ids.values())
    assert [day for day, id_ in ids.items() if resolved[id_]["birth_date"]] == [date(1905, 4, 2)]
    assert resolved.found.impossible_dates == {"birth": 5}


@pytest.mark.slow
def test_a_day_that_cannot_be_neither_begins_nor_ends_a_registration_and_no_death_of_the_future_is_one(tmp_path):
    main = SnapshotBuilder()
    ann = main.patient("ann", practice=None)
    main.registration("ann", "episode", "A1", date(1, 1, 1), date(9999, 12, 31))
    bob = main.patient("bob", practice=None, dead=True, death_date=date(9999, 12, 31))
    main.registration("bob", "episode", "A1", date(2020, 1, 1), date(1, 1, 1))
    cat = main.patient("cat", dead=True, death_date=date(1, 1, 1))

    resolved = resolve_snapshots(tmp_path, main)

    assert (resolved[ann]["registered"], resolved[ann]["registered_on"]) == (True, None)
    assert (resolved[bob]["registered"], resolved[bob]["registered_on"]) == (True, date(2020, 1, 1))
    assert resolved[cat]["registered"] is False
    assert resolved.found.impossible_dates == {"death": 2, "registration": 2}


def test_a_source_without_history_long_after_the_period_is_reconstructed(tmp_path):
    late, dated = (
        SnapshotBuilder("late", data_date=date(2025, 5, 2)),
        SnapshotBuilder("dated", data_date=date(2026, 1, 1)),
    )
    prompt = SnapshotBuilder("prompt", data_date=date(2025, 5, 1))
    for builder in (late, prompt):
        builder.patient("ann", practice=None)
        builder.registration("ann", "general-practitioner", "A1")
    dated.patient("ann", practice="A1")

    found = resolve_snapshots(tmp_path, late, dated, prompt).found

    assert [str(note) for note in found.notes if note.type is None] == [
        "late: reconstructed: leavers and the dead are missing"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("dated", "noted"), [(2, False), (1, True)])
def test_a_source_has_history_where_half_of_the_deciding_registrations_are_dated(tmp_path, dated, noted):
    main = SnapshotBuilder(data_date=date(2025, 6, 1))
    for number in range(4):
        main.patient(f"{number}", practice="A1" if number < dated else None)
        main.registration(f"{number}", "managing-organization", "A1")

    found = resolve_snapshots(tmp_path, main).found

    assert ["reconstructed" in note.text for note in found.notes].count(True) == noted


@pytest.mark.slow
def test_a_practice_whose_own_server_states_no_registration_has_no_history(tmp_path):
    main = SnapshotBuilder(data_date=date(2025, 6, 1), practice="OWN")
    main.patient("stated", practice="A1")
    for number in range(2):
        main.patient(f"{number}", practice=None)

    found = resolve_snapshots(tmp_path, main).found

    assert any("reconstructed" in note.text for note in found.notes)


@pytest.mark.slow
def test_a_practice_is_at_home_in_the_sources_whose_records_speak_for_its_people(tmp_path):
    elm, oak = SnapshotBuilder("elm"), SnapshotBuilder("oak")
    for builder, practice in ((elm, "A1"), (oak, None)):
        builder.patient("in both", nhs_key=nhs_key("in both"), practice=practice)
    oak.patient("ann", practice="A1")
    oak.patient("bob", practice="A2")
    elm.patient("of none", practice=None)

    found = resolve_snapshots(tmp_path, elm, oak).found

    assert found.homes == {"A1": ["elm", "oak"], "A2": ["oak"]}


def test_events_of_nobody_are_counted_by_source_and_table(tmp_path):
    main, oak = SnapshotBuilder(), SnapshotBuilder("oak")
    oak.observation("nobody", "271649006", date(2025, 1, 1))
    main.patient("ann")
    main.observation("ann", "271649006", date(2025, 1, 1))
    main.observation("ghost", "271649006", date(2025, 1, 1))
    main.encounter("ghost", None)
    main.registration("ghost", "episode", "A1")

    found = resolve_snapshots(tmp_path, main, oak).found

    told = {table: n for table, n in found.orphan_events.items() if n}
    assert told == {"observation": 2, "encounter": 1, "registration": 1}
    assert found.orphans == {"main": {"observation": 1, "encounter": 1, "registration": 1}, "oak": {"observation": 1}}


@pytest.mark.slow
def test_a_later_run_in_the_same_process_sees_its_own_tables(tmp_path):
    first, second = SnapshotBuilder(), SnapshotBuilder()
    first.patient("ann")
    second.patient("bob")

    assert set(resolve_snapshots(tmp_path / "1", first).links) != set(resolve_snapshots(tmp_path / "2", second).links)


@pytest.mark.slow
def test_registrations_that_name_one_organisation_that_is_no_practice_are_each_left_out_once(tmp_path):
    main = SnapshotBuilder()
    for name in ("ann", "bob", "cy"):
        main.patient(name, practice="V81999")

    assert resolve_snapshots(tmp_path, main).found.registrations_left_out == {"not-a-practice": 3}

"""Every data file that is shipped: its head, its codes, and that what it says fits the others."""

import re
from datetime import date, timedelta

import pytest

from hi_fhir.terminology.catalogue import load
from hi_fhir.terminology.data_files import find_files, read_data_file, read_head
from hi_fhir.terminology.ethnicity import GROUPS
from hi_fhir.terminology.systems import CTV3, ETHNICITY_ENGLAND, READ_V2, SNOMED, is_snomed_id

VALUE_SETS = find_files("terminology/value_sets", ())
MAPPINGS = find_files("mappings", ())
FILES = {**VALUE_SETS, **MAPPINGS}
SMALL = {name: path for name, path in FILES.items() if not name.startswith("imd-")}
CODE_SHAPES = {READ_V2: r"[0-9A-Za-z.]{5}", CTV3: r"[0-9A-Za-z.]{5}"}
CATEGORIES = "ABCDEFGHJKLMNPRS"
HOME = {"413606001", "413605002"}
NEEDED = {
    "learning-disability",
    "learning-disability-health-check",
    "learning-disability-health-check-declined",
    "health-action-plan",
    "health-action-plan-declined",
    "hypertension",
    "hypertension-resolved",
    "hypertension-maximal-therapy",
    "hypertension-unsuitable",
    "hypertension-declined",
    "hypertension-invitation",
    "blood-pressure-declined",
    "systolic-blood-pressure",
    "diastolic-blood-pressure",
    "systolic-blood-pressure-home",
    "diastolic-blood-pressure-home",
    "blood-pressure-panel",
    "smoking-status",
    "severe-mental-illness",
    "severe-mental-illness-remission",
    "bmi",
    "alcohol",
    "lipids",
    "hba1c-or-glucose",
    "type-1-opt-out",
    "type-1-opt-out-withdrawn",
}


@pytest.fixture(scope="module")
def terminology():
    return load()


@pytest.mark.parametrize("name", FILES)
def test_the_head_is_whole_and_asks_for_review_within_two_years(name):
    head = read_head(FILES[name])
    retrieved, review = date.fromisoformat(head["retrieved"]), date.fromisoformat(head["next_review"])

    assert retrieved < review <= retrieved + timedelta(days=731)
    assert head["unverified"] in ("true", "false")
    assert head["state"] == "full" or head["reason"]
    assert not re.search(r"/(root|home|work|tmp|Users)/", " ".join(head.values()))


@pytest.mark.parametrize("name", SMALL)
def test_codes_are_text_of_the_shape_of_their_system_and_no_line_stands_twice(name):
    file = read_data_file(SMALL[name])
    keys = [tuple(row.get(c, "") for c in ("system", "source_system", "code", "source_code")) for row in file.rows]

    assert len(set(keys)) == len(keys)
    for row in file.rows:
        for column, system_column in (
            ("code", "system"),
            ("source_code", "source_system"),
            ("target_code", "target_system"),
        ):
            system, code = row.get(system_column) or file.head.get(system_column), row.get(column)
            if code and system == SNOMED:
                assert is_snomed_id(code), code
            elif code and system in CODE_SHAPES:
                assert re.fullmatch(CODE_SHAPES[system], code)


@pytest.mark.parametrize("name", SMALL)
def test_no_term_of_snomed_stands_beside_its_code(name):
    file = read_data_file(SMALL[name])

    for row in file.rows:
        if SNOMED in (row.get("source_system"), file.head.get("source_system")):
            assert row["source_display"] == ""
        if file.head.get("target_system") == SNOMED:
            assert row["target_display"] == ""
        if SNOMED in (row.get("system"), file.head.get("system")):
            assert row["note"] in ("", "counts as a status", "code not seen in a source")


def test_all_value_sets_that_measures_use_are_there(terminology):
    assert set(terminology.value_sets) == NEEDED


def test_the_states_are_those_of_the_lists_that_could_be_had(terminology):
    states = {id_: value_set.state for id_, value_set in terminology.value_sets.items() if value_set.state != "full"}

    assert states == {
        "learning-disability": "outdated",
        "alcohol": "partial",
        "lipids": "partial",
        "learning-disability-health-check": "missing",
        "learning-disability-health-check-declined": "missing",
        "health-action-plan": "missing",
        "health-action-plan-declined": "missing",
    }


def test_readings_at_home_are_in_no_list_of_the_clinic(terminology):
    clinic = (
        terminology.value_set("systolic-blood-pressure").codes | terminology.value_set("diastolic-blood-pressure").codes
    )
    home = (
        terminology.value_set("systolic-blood-pressure-home").codes
        | terminology.value_set("diastolic-blood-pressure-home").codes
    )

    assert home == {f"{SNOMED}|{code}" for code in HOME}
    assert not home & clinic
    assert f"{SNOMED}|271649006" in clinic
    assert f"{SNOMED}|271650006" in clinic


def test_never_smoked_is_a_status(terminology):
    assert {f"{SNOMED}|266919005", f"{SNOMED}|77176002"} <= terminology.value_set("smoking-status").codes


def test_ethnicity_maps_speak_only_of_the_sixteen_not_stated_and_refused(terminology):
    map_ = terminology.ethnicity()

    assert "".join(map_.categories) == CATEGORIES
    assert {meaning.category_2001 for meaning in map_.meanings.values()} == {*CATEGORIES, None}
    assert {meaning.state for meaning in map_.meanings.values()} == {"stated", "not-stated", "refused"}
    assert {one.group_2021 for one in map_.categories.values()} == set(GROUPS)
    assert (map_.categories["R"].group_2001, map_.categories["R"].group_2021) == ("other", "asian")


def test_a_category_of_2021_lies_in_the_group_of_its_category_of_2001(terminology):
    map_ = terminology.ethnicity()
    finer = [meaning for meaning in map_.meanings.values() if meaning.category_2021]

    assert len({meaning.category_2021 for meaning in finer}) == 19
    for meaning in finer:
        assert meaning.category_2021.split("-")[0] == map_.categories[meaning.category_2001].group_2021


def test_letters_of_the_2001_census_that_may_hide_a_newer_category_give_none(terminology):
    meanings = terminology.ethnicity().meanings

    assert meanings[f"{ETHNICITY_ENGLAND}|C"].category_2021 is None
    assert meanings[f"{ETHNICITY_ENGLAND}|S"].category_2021 is None
    assert meanings[f"{ETHNICITY_ENGLAND}|A"].category_2021 == "white-british"


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("14999008", "A"),  # two maps disagree: OpenSAFELY's
        ("92561000000109", "A"),  # two against one
        ("94061000000107", "N"),
        ("93921000000101", "C"),
        ("312859007", "S"),
        ("92641000000107", "L"),
    ],
)
def test_where_public_maps_disagree_the_majority_decides_else_opensafely_and_the_note_says_so(
    terminology, code, category
):
    rows = read_data_file(MAPPINGS["ethnicity-snomed-to-category-2001.csv"]).rows
    row = next(row for row in rows if row["source_code"] == code)

    assert row["target_code"] == category
    assert "maps disagree: GDPPR" in row["note"]


def test_old_codes_lead_to_current_ones(terminology):
    current = terminology.to_current()

    assert current[f"{READ_V2}|G20.."] == f"{SNOMED}|38341003"
    assert current[f"{CTV3}|Ub1na"] == f"{SNOMED}|8517006"
    assert f"{READ_V2}|G20.." in terminology.preimage("hypertension")


def test_spellings_of_millimetres_of_mercury_are_mapped(terminology):
    targets = terminology.concept_map("units").targets

    assert targets["urn:hi-fhir:unit-as-received|mmHg"] == "mm[Hg]"
    assert set(targets.values()) == {"mm[Hg]"}

"""Every data file that is shipped: its head, its codes, and that what it says fits the others."""

import re
from datetime import date, timedelta

import pytest

from hi_fhir.measures import registry
from hi_fhir.measures.render.requirements import value_sets
from hi_fhir.tables.views.elements import ODS_SYSTEM
from hi_fhir.tables.views.nhs_number import NHS_NUMBER_SYSTEM
from hi_fhir.terminology.catalogue import load
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import find_files, read_data_file, read_head
from hi_fhir.terminology.ethnicity import GROUPS
from hi_fhir.terminology.systems import (
    CTV3,
    ETHNIC_CATEGORIES,
    ETHNICITY_ENGLAND,
    LOINC,
    READ_V2,
    SNOMED,
    UCUM,
    is_snomed_id,
)
from hi_fhir.terminology.ucum import is_unit

VALUE_SETS = find_files("terminology/value_sets", ())
MAPPINGS = find_files("mappings", ())
FILES = {**VALUE_SETS, **MAPPINGS}
SMALL = {name: path for name, path in FILES.items() if not name.startswith("imd-")}
CODE_SHAPES = {READ_V2: r"[0-9A-Za-z.]{5}", CTV3: r"[0-9A-Za-z.]{5}", LOINC: r"[0-9]{3,7}-[0-9]"}
CATEGORIES = "ABCDEFGHJKLMNPRS"
HOME = {"413606001", "413605002"}
AMBULATORY = {
    *("198081000000101", "314441002", "314444005", "314445006", "314446007", "314447003", "314448008", "314449000"),
    *("198091000000104", "314454009", "314456006", "314458007", "314459004", "314461008", "314462001"),
    *("314464000", "314465004"),
}
"""Over 24 hours, or intervals of the day or night."""
OF_NO_MEASURE = {"blood-pressure-panel", "type-1-opt-out", "type-1-opt-out-withdrawn"}


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
    names = (
        "system",
        "source_system",
        "code",
        "source_code",
        "alias",
        "analyte",
        "source_unit",
        "target_unit",
        "from_age",
    )
    keys = [tuple(row.get(name, "") for name in names) for row in file.rows]

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


def test_every_value_set_that_a_measure_uses_is_there_and_no_other(terminology):
    used = {id_ for measure in registry.load() for id_ in value_sets(measure)}

    assert set(terminology.value_sets) == used | OF_NO_MEASURE


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
        "type-1-opt-out": "partial",
        "type-1-opt-out-withdrawn": "partial",
    }


def test_a_list_from_memory_does_not_claim_to_be_full(terminology):
    assert {id_ for id_, one in terminology.value_sets.items() if one.unverified and one.state == "full"} == set()


def test_what_is_our_own_reading_is_marked_as_not_seen_in_a_source(terminology):
    assert terminology.unverified() == {
        "value_sets/type-1-opt-out",
        "value_sets/type-1-opt-out-withdrawn",
        "mappings/ethnicity-to-category-2021",
        "mappings/ethnicity-ukcore-retired",
        "mappings/old-codes-to-snomed",
    }


def test_the_head_of_the_retired_categories_names_every_code_that_leaves_its_national_letter():
    file = read_data_file(MAPPINGS["ethnicity-ukcore-retired.csv"])
    own = {row["source_code"] for row in file.rows if row["target_code"] not in ("", row["source_code"][0])}

    assert own == {"C2", "CA", "CB", "CC", "CD", "LA", "PA", "PB", "PC", "SA", "SB", "SC", "SD"}
    assert "but for C2, CA to CD, LA, PA to PC and SA to SD: there it is our own choice" in file.head["source"]


@pytest.mark.parametrize("name", ["systolic-blood-pressure", "diastolic-blood-pressure"])
def test_no_list_of_the_clinic_has_a_code_of_ambulatory_monitoring(terminology, name):
    codes = {coding.code for coding in terminology.value_set(name).codes}

    assert not codes & AMBULATORY


def test_readings_at_home_are_in_no_list_of_the_clinic(terminology):
    clinic = (
        terminology.value_set("systolic-blood-pressure").codes | terminology.value_set("diastolic-blood-pressure").codes
    )
    home = (
        terminology.value_set("systolic-blood-pressure-home").codes
        | terminology.value_set("diastolic-blood-pressure-home").codes
    )

    assert home == {Coding(SNOMED, code) for code in HOME}
    assert not home & clinic
    assert Coding(SNOMED, "271649006") in clinic
    assert Coding(SNOMED, "271650006") in clinic


def test_never_smoked_is_a_status(terminology):
    assert {Coding(SNOMED, "266919005"), Coding(SNOMED, "77176002")} <= terminology.value_set("smoking-status").codes


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

    assert meanings[Coding(ETHNICITY_ENGLAND, "C")].category_2021 is None
    assert meanings[Coding(ETHNICITY_ENGLAND, "S")].category_2021 is None
    assert meanings[Coding(ETHNICITY_ENGLAND, "A")].category_2021 == "white-british"


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


@pytest.mark.parametrize(
    ("name", "source", "equivalence"),
    [
        ("ethnicity-ukcore-retired", "CE", "wider"),
        ("ethnicity-ukcore-retired", "A", "equivalent"),
        ("ethnicity-ukcore-scotland", "2A", "narrower"),  # any mixed: more than the other mixed
        ("ethnicity-ukcore-scotland", "1L", "wider"),
        ("ethnicity-ukcore-wales", "A", "narrower"),
        ("ethnicity-ukcore-wales", "T", "wider"),
        ("ethnicity-snomed-to-category-2001", "286009", "wider"),
        ("ethnicity-snomed-to-category-2001", "92411000000108", "equivalent"),
        ("ethnicity-snomed-to-category-2001", "976691000000100", "wider"),  # Traveller stands apart since 2011
        ("ethnicity-snomed-to-category-2001", "315239007", "narrower"),
        ("ethnicity-to-category-2021", "286009", "wider"),
        ("ethnicity-to-category-2021", "976951000000102", "equivalent"),
    ],
)
def test_an_equivalence_says_what_the_target_is_to_the_source(name, source, equivalence):
    [row] = [row for row in read_data_file(MAPPINGS[f"{name}.csv"]).rows if row["source_code"] == source]

    assert row["equivalence"] == equivalence


def test_old_codes_lead_to_current_ones(terminology):
    current = terminology.to_current()

    assert current[Coding(READ_V2, "G20..")] == Coding(SNOMED, "38341003")
    assert current[Coding(CTV3, "Ub1na")] == Coding(SNOMED, "8517006")
    assert Coding(READ_V2, "G20..") in terminology.preimage("hypertension")


def test_spellings_of_millimetres_of_mercury_are_mapped(terminology):
    units = terminology.units()

    for spelling in ("mm[Hg]", "mmHg", "MMHG", "mm Hg.", "millimetres of mercury"):
        assert units.ucum(spelling) == "mm[Hg]"


def test_every_unit_that_a_spelling_is_taken_to_is_ucum(terminology):
    targets = set(terminology.concept_map("units").targets.values())

    assert {unit for unit in targets if not is_unit(unit)} == set()
    assert {
        "mmol/L", "mmol/mol", "%", "kg/m2", "umol/L", "mL/min/{1.73_m2}", "mg/mmol", "g/L", "[iU]/L", "kPa"
    } <= targets  # fmt: skip


def test_codes_of_loinc_have_a_right_check_digit():
    """Source: LOINC Users' Guide, appendix on the check digit (modulus 10)."""
    codes = [row["source_code"] for row in read_data_file(MAPPINGS["loinc-to-snomed.csv"]).rows]

    assert codes
    for code in codes:
        body, _, check = code.partition("-")
        doubled = str(int(body[::-2][::-1]) * 2)
        total = sum(map(int, doubled + body[-2::-2]))
        assert (10 - total % 10) % 10 == int(check), code


def test_what_loinc_is_taken_to_is_in_a_value_set(terminology):
    codes = frozenset().union(*(one.codes for one in terminology.value_sets.values()))
    targets = terminology.concept_map("loinc-to-snomed").targets.values()

    assert {target for target in targets if Coding(SNOMED, target) not in codes} == set()


def test_names_of_code_systems_are_those_that_tables_and_data_speak(terminology):
    spoken = {coding.system for one in terminology.value_sets.values() for coding in one.codes}
    spoken |= {coding.system for coding in terminology.to_current()}
    names = set(terminology.systems.aliases.values())

    assert spoken <= names
    assert {ODS_SYSTEM, NHS_NUMBER_SYSTEM, UCUM, *ETHNIC_CATEGORIES} <= names


def test_every_formula_leads_between_units_of_ucum(terminology):
    formulas = [formula for found in terminology.units().formulas.values() for formula in found]

    assert formulas
    assert all(is_unit(formula.source) and is_unit(formula.target) for formula in formulas)


def test_the_standard_population_has_every_age_once_and_is_of_a_hundred_thousand():
    rows = read_data_file(MAPPINGS["esp-2013.csv"]).rows
    assert [int(row["from_age"]) for row in rows] == list(range(0, 91, 5))
    assert [row["to_age"] for row in rows] == [*(str(age) for age in range(4, 90, 5)), ""]
    assert sum(int(row["people"]) for row in rows) == 100_000

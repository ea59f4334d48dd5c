import shutil
from pathlib import Path

import pytest

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.catalogue import load, overlaid_files
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import shipped_folder
from hi_fhir.terminology.ethnicity import Meaning
from hi_fhir.terminology.systems import CTV3, LOINC, READ_V2, SNOMED, is_snomed_id

HEAD = """# title: A list of our own
# system: urn:local
# version: 7
# source: this test
# retrieved: 2026-01-01
# licence: MIT
# reviewed_by: nobody
# next_review: 2027-01-01
# state: demonstration
"""


@pytest.fixture(scope="module")
def terminology():
    return load()


def _overlay(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return root


def test_a_preimage_holds_the_old_codes_that_mean_the_same(terminology):
    preimage = terminology.preimage("smoking-status")

    assert preimage - terminology.value_set("smoking-status").codes == {
        Coding(READ_V2, "137R."),
        Coding(CTV3, "Ub1na"),
        Coding(LOINC, "72166-2"),
    }


def test_a_missing_list_is_empty_and_says_why(terminology):
    value_set = terminology.value_set("learning-disability-health-check")

    assert (value_set.state, value_set.codes) == ("missing", frozenset())
    assert "not here" in value_set.reason


def test_codes_from_memory_are_marked(terminology):
    assert terminology.value_set("type-1-opt-out").unverified
    assert not terminology.value_set("hypertension").unverified


def test_an_overlay_takes_the_place_of_the_file_of_the_same_name(tmp_path):
    overlay = _overlay(tmp_path, "terminology/value_sets/alcohol.csv", HEAD + "code,note\nA1,\n")

    terminology = load([overlay])

    assert terminology.value_set("alcohol").codes == {Coding("urn:local", "A1")}
    assert terminology.value_set("alcohol").state == "demonstration"
    assert terminology.versions()["value_sets/alcohol"] == "7"
    assert terminology.value_set("hypertension").state == "full"


def test_an_overlay_map_of_local_codes_joins_the_preimage(tmp_path):
    head = HEAD.replace("# system:", "# source_system:") + f"# target_system: {SNOMED}\n"
    row = "source_code,source_display,target_code,target_display,equivalence,note\nBP!,,38341003,,equivalent,\n"
    overlay = _overlay(tmp_path, "mappings/local-codes.csv", head + row)

    assert Coding("urn:local", "BP!") in load([overlay]).preimage("hypertension")


def test_what_is_not_there_is_named_with_where_to_put_it(terminology):
    with pytest.raises(TerminologyError, match=r"Put terminology/value_sets/nothing\.csv in an overlay"):
        terminology.value_set("nothing")
    with pytest.raises(TerminologyError, match=r"Put mappings/nothing\.csv in an overlay"):
        terminology.concept_map("nothing")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "code,note\n", "no codes, but state demonstration"),
        (HEAD + "code,note\nA1,\nA1,\n", "line 12: code A1 appears twice"),
        (HEAD.replace("urn:local", SNOMED) + "code,note\n38341004,\n", "its check digit is wrong: a digit mistyped"),
        (HEAD.replace("urn:local", SNOMED) + "code,note\n3.8341E+07,\n", "did a spreadsheet write it short"),
        (HEAD.replace("urn:local", SNOMED) + "code,note\n64282015,\n", "the id of a description"),
        (HEAD.replace("urn:local", SNOMED) + "code,note\n12345,\n", "it has 6 to 18 digits"),
        (HEAD + "code,note\n,\n", "line 11: '' is not a code of urn:local: it is empty"),
        (HEAD.replace("urn:local", "http://snomed.info/snomed") + "code,note\n38341003,\n", f"looks like {SNOMED}"),
        (HEAD.replace("demonstration", "partial") + "code,note\nA1,\n", "partial without a reason.*# reason: "),
        (HEAD.replace("demonstration", "missing") + "code,note\n", "state missing without a reason"),
        (HEAD.replace("# system: urn:local\n", "") + "code,note\nA1,\n", "no code system"),
        (HEAD.replace("# licence: MIT\n", "") + "code,note\nA1,\n", r"the head has no licence\. Add `# licence: ours`"),
        (HEAD.replace("demonstration", "fine") + "code,note\nA1,\n", "state 'fine' is not one of"),
        (HEAD + "code,note\nA1\n", "line 11: 1 fields, not 2"),
        (HEAD + "# state\ncode,note\nA1,\n", "line 10: not `# name: value`"),
        (HEAD + "kode,note\nA1,\n", "no column code"),
    ],
)
def test_a_value_set_that_cannot_be_read_is_refused_with_its_place(tmp_path, text, message):
    overlay = _overlay(tmp_path, "terminology/value_sets/alcohol.csv", text)

    with pytest.raises(TerminologyError, match=message.replace("`", ".")):
        load([overlay])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,,Z9,,unmatched,", "equivalence 'unmatched' does not fit"),
        ("A,,,,equivalent,", "equivalence 'equivalent' does not fit"),
        ("A,,B,,same,", "equivalence 'same' does not fit"),
        ("A,,B,,equivalent,\nA,,C,,equivalent,", "A appears twice"),
    ],
)
def test_a_map_that_contradicts_itself_is_refused(tmp_path, row, message):
    head = HEAD.replace("# system:", "# source_system:")
    columns = "source_code,source_display,target_code,target_display,equivalence,note\n"
    overlay = _overlay(tmp_path, "mappings/local-codes.csv", head + columns + row + "\n")

    with pytest.raises(TerminologyError, match=message):
        load([overlay])


@pytest.mark.parametrize("which", ["source", "target"])
def test_a_map_of_a_system_that_looks_like_a_slip_is_refused(tmp_path, which):
    other = {"source": "target", "target": "source"}[which]
    head = HEAD.replace("# system: urn:local", f"# {which}_system: http://lonic.org\n# {other}_system: urn:local")
    columns = "source_code,source_display,target_code,target_display,equivalence,note\n"
    overlay = _overlay(tmp_path, "mappings/local-codes.csv", f"{head}{columns}A,,B,,equivalent,\n")

    with pytest.raises(TerminologyError, match=f"no code system http://lonic.org is known, and it looks like {LOINC}"):
        load([overlay])


def test_an_ethnicity_map_may_only_give_known_categories(tmp_path):
    shipped = (shipped_folder("mappings") / "ethnicity-ukcore-england.csv").read_text(encoding="utf-8")
    overlay = _overlay(
        tmp_path, "mappings/ethnicity-ukcore-england.csv", shipped.replace(",A,White British", ",Q,What")
    )

    with pytest.raises(TerminologyError, match="target code 'Q' is not a category"):
        load([overlay]).ethnicity()


def test_traveller_and_arab_keep_their_own_category_of_2021(terminology):
    meanings = terminology.ethnicity().meanings

    assert meanings[Coding(SNOMED, "976671000000104")] == Meaning("stated", "C", "white-gypsy-or-irish-traveller")
    assert meanings[Coding(SNOMED, "976951000000102")] == Meaning("stated", "S", "other-arab")


def test_ranks_give_the_published_deciles(terminology):
    for year, areas, first_of_second in ((2019, 32844, 3285), (2025, 33755, 3376)):
        table = terminology.ranks(year).table
        deciles = dict(zip(table["rank"].to_pylist(), table["decile"].to_pylist(), strict=True))
        assert table.num_rows == areas
        assert [deciles[1], deciles[first_of_second - 1], deciles[first_of_second]] == [1, 1, 2]
        assert max(deciles.values()) == 10


def test_a_part_of_the_ranks_is_refused(tmp_path):
    lines = (shipped_folder("mappings") / "imd-2019.csv").read_text(encoding="utf-8").splitlines()
    overlay = _overlay(tmp_path, "mappings/imd-2019.csv", "\n".join(lines[:100]) + "\n")

    with pytest.raises(TerminologyError, match="Is a part of the file missing"):
        load([overlay]).ranks(2019)


def test_an_overlay_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TerminologyError, match="is not a folder"):
        load([tmp_path / "nowhere"])


def test_a_wheel_carries_the_data_inside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "hi_fhir"
    (package / "_data").mkdir(parents=True)
    for name in ("mappings", "terminology"):
        shutil.copytree(shipped_folder(name), package / "_data" / name)
    monkeypatch.setattr("hi_fhir.terminology.data_files._PACKAGE", package)

    assert shipped_folder("mappings") == package / "_data" / "mappings"
    assert load().value_set("hypertension").codes


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("38341003", True),
        ("763726001", True),
        ("1024701000000100", True),
        ("38341004", False),
        ("38314003", False),
        ("0383410", False),
        ("12345", False),
        ("G20..", False),
        ("٣٨٣٤١٠٠٣", False),
    ],
)
def test_a_snomed_id_has_its_check_digit(code, right):
    assert is_snomed_id(code) is right


LOCAL_HEAD = "".join(
    f"# {name}: x\n" for name in ("title", "version", "source", "retrieved", "licence", "reviewed_by", "next_review")
)
COLUMNS = "source_code,source_display,target_code,target_display,equivalence,note\n"


def test_a_new_mapping_of_an_overlay_is_read_beside_those_that_are_shipped(tmp_path):
    codes = f"{LOCAL_HEAD}# state: full\n# source_system: urn:local\n# target_system: {SNOMED}\n{COLUMNS}"
    ethnic = f"{LOCAL_HEAD}# state: full\n# source_system: urn:local:ethnic\n{COLUMNS}"
    _overlay(tmp_path, "mappings/our-codes.csv", f"{codes}HT1,,38341003,,equivalent,\n")
    _overlay(tmp_path, "mappings/ethnicity-ours.csv", f"{ethnic}W1,,A,,equivalent,\nX,,,,unmatched,\n")

    found = load([tmp_path])

    assert {Coding("urn:local", "HT1"), Coding(READ_V2, "G20..")} <= found.preimage("hypertension")
    assert found.ethnicity().meanings[Coding("urn:local:ethnic", "W1")].category_2001 == "A"
    assert Coding("urn:local:ethnic", "X") in found.ethnicity().silent
    assert {"mappings/our-codes", "mappings/ethnicity-ours"} <= found.versions().keys()


def test_files_of_overlays_are_told_from_those_that_are_shipped(tmp_path):
    _overlay(tmp_path, "mappings/our-codes.csv", "")
    _overlay(tmp_path, "terminology/value_sets/bmi.csv", "")

    assert overlaid_files([tmp_path]) == {
        str(tmp_path / "terminology" / "value_sets" / "bmi.csv"): "in place of the shipped file",
        str(tmp_path / "mappings" / "our-codes.csv"): "added",
    }


def test_a_mapping_without_its_columns_is_named(tmp_path):
    _overlay(tmp_path, "mappings/our-codes.csv", f"{LOCAL_HEAD}# state: full\nour_code,their_code\n1,2\n")

    with pytest.raises(TerminologyError, match=r"our-codes.csv: no column source_code, target_code, equivalence"):
        load([tmp_path])

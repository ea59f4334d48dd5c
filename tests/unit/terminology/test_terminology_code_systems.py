"""One name for each code system, whatever it is called; one that nobody knows keeps what it was called."""

from pathlib import Path

import pytest

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.catalogue import load
from hi_fhir.terminology.code_systems import Asked, CodeSystems, SystemNames, read_code_systems
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.systems import CTV3, ETHNICITY_ENGLAND, ETHNICITY_RETIRED, LOINC, READ_V2, SNOMED, UCUM

NHS_NUMBER, ODS = "https://fhir.nhs.uk/Id/nhs-number", "https://fhir.nhs.uk/Id/ods-organization-code"
HEAD = "".join(
    f"# {name}: x\n" for name in ("title", "version", "source", "retrieved", "licence", "reviewed_by", "next_review")
)


@pytest.fixture(scope="module")
def systems() -> CodeSystems:
    return read_code_systems()


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("http://snomed.info/sct", SNOMED),
        ("https://snomed.info/sct", SNOMED),
        ("http://snomed.info/sct/", SNOMED),
        (" HTTP://SNOMED.INFO/sct ", SNOMED),
        ("http://www.snomed.info/sct", SNOMED),
        ("http://snomed.info/sct/83821000000107", SNOMED),
        ("http://snomed.info/sct/83821000000107/version/20230412", SNOMED),
        ("http://snomed.info/sct|http://snomed.info/sct/83821000000107/version/20230412", SNOMED),
        ("urn:oid:2.16.840.1.113883.6.96", SNOMED),
        ("2.16.840.1.113883.6.96", SNOMED),
        ("SNOMED-CT", SNOMED),
        ("Snomed CT", SNOMED),
        ("http://read.info/readv2/", READ_V2),
        ("urn:oid:2.16.840.1.113883.2.1.6.2", READ_V2),
        ("READ2", READ_V2),
        ("https://read.info/ctv3", CTV3),
        ("urn:oid:2.16.840.1.113883.2.1.3.2.4.14", CTV3),
        ("CTV3", CTV3),
        ("http://dmd.nhs.uk", "https://dmd.nhs.uk"),
        ("dm+d", "https://dmd.nhs.uk"),
        ("https://loinc.org/", LOINC),
        ("LN", LOINC),
        ("ICD10", "http://hl7.org/fhir/sid/icd-10"),
        ("http://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland|1.1.1", ETHNICITY_ENGLAND),
        ("https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategory/", ETHNICITY_RETIRED),
        ("http://fhir.nhs.uk/Id/nhs-number", NHS_NUMBER),
        ("urn:oid:2.16.840.1.113883.2.1.4.1", NHS_NUMBER),
        ("http://fhir.nhs.net/Id/ods-organization-code", ODS),
        ("https://unitsofmeasure.org/", UCUM),
    ],
)
def test_a_system_has_one_name(systems: CodeSystems, called: str, name: str) -> None:
    assert systems.name(called) == name


@pytest.mark.parametrize(
    ("called", "meant"),
    [
        ("http://snomed.info/snomed", SNOMED),
        ("http:/snomed.info/sct", SNOMED),
        ("http://snomd.info/sct", SNOMED),
        ("SNOMED_CT", SNOMED),
        ("http://lonic.org", LOINC),
        ("http://snomed.info/sct", None),
        ("https://example.org/old-codes", None),
        ("http://hl7.org/fhir/sid/icd-9", None),
        ("https://fhir.hl7.org.uk/CodeSystem/ours", None),
        ("urn:oid:2.16.840.1.113883.2.1.6.8", None),
        ("urn:local", None),
        ("EMIS", None),
    ],
)
def test_a_name_that_looks_like_a_slip_tells_what_is_meant(
    systems: CodeSystems, called: str, meant: str | None
) -> None:
    assert systems.slip_of(called) == meant


def test_a_name_with_a_line_of_its_own_is_no_slip(tmp_path: Path) -> None:
    file = tmp_path / "mappings" / "code-systems-ours.csv"
    file.parent.mkdir()
    own = "http://snomed.info/ours"
    file.write_text(f"{HEAD}# state: full\nalias,name,note\n{own},{own},\n", encoding="utf-8")

    assert read_code_systems([tmp_path]).slip_of(own) is None


@pytest.mark.parametrize(
    "called",
    [
        "http://snomed.info/xsct/83821000000107",  # postcoordinated or experimental: another thing
        "http://snomed.info/sct/83821000000107/id/38341003",
        "https://example.org/local",
        "urn:oid:1.2.3.4",
        "EMIS",
    ],
)
def test_a_system_that_nobody_knows_keeps_what_it_was_called(systems: CodeSystems, called: str) -> None:
    assert systems.name(called) == called


def test_no_system_has_no_name(systems: CodeSystems) -> None:
    assert (systems.name(None), systems.name(""), systems.name(" / ")) == (None, None, None)


def test_a_scope_asks_for_a_coding_by_whatever_name(systems: CodeSystems) -> None:
    asked = Asked([Coding(SNOMED, "38341003"), Coding(READ_V2, "G20.."), Coding("", "none")], SystemNames(systems))

    assert asked["https://snomed.info/sct/", "38341003"]
    assert asked["READV2", "G20.."]
    assert asked[None, "none"]
    assert not asked[LOINC, "38341003"]
    assert not asked["http://snomed.info/xsct", "38341003"]
    assert not asked[SNOMED, None]


def _file(folder: Path, name: str, rows: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEAD}# state: full\n{rows}", encoding="utf-8")
    return folder


def test_a_file_of_an_overlay_adds_its_names(tmp_path: Path) -> None:
    overlay = _file(
        tmp_path, "mappings/code-systems-ours.csv", f"alias,name\nhttps://emis.example/sct,{SNOMED}\nEMIS,urn:emis\n"
    )

    found = read_code_systems([overlay])

    assert found.name("http://emis.example/sct/") == SNOMED
    assert found.name("emis") == "urn:emis"
    assert found.name("LN") == LOINC


def test_value_sets_and_maps_speak_by_the_same_names(tmp_path: Path) -> None:
    _file(tmp_path, "terminology/value_sets/snuff.csv", "# system: SNOMED-CT\ncode\n77176002\n")
    _file(
        tmp_path,
        "mappings/local-to-snomed.csv",
        "# target_system: https://snomed.info/sct\n"
        "source_system,source_code,target_code,equivalence\nREADV2,137x.,77176002,equivalent\n",
    )

    terminology = load([tmp_path])

    assert terminology.value_set("snuff").codes == {Coding(SNOMED, "77176002")}
    assert {Coding(READ_V2, "137x."), Coding(READ_V2, "137R.")} <= terminology.preimage("snuff")


@pytest.mark.parametrize(
    ("row", "said"), [(f"LN,{SNOMED}", "'LN' is empty, or stands for http://loinc.org"), (f",{SNOMED}", "'' is empty")]
)
def test_an_alias_of_two_systems_is_refused(tmp_path: Path, row: str, said: str) -> None:
    overlay = _file(tmp_path, "mappings/code-systems-ours.csv", f"alias,name\n{row}\n")

    with pytest.raises(TerminologyError, match=rf"code-systems-ours.csv line 10: {said}"):
        read_code_systems([overlay])

"""What a unit as received stands for, and how its values become those of another unit: never by guessing."""

import subprocess
import sys
from pathlib import Path

import pytest

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology.catalogue import load
from hi_fhir.terminology.ucum import SAME, Conversion, between, is_unit, table_of
from hi_fhir.terminology.units import Units
from tests.support.conversions import TABLE, known_units

HEAD = "".join(
    f"# {name}: x\n" for name in ("title", "version", "source", "retrieved", "licence", "reviewed_by", "next_review")
)


@pytest.fixture(scope="module")
def units() -> Units:
    return load().units()


@pytest.mark.parametrize("unit", ["mm[Hg]", "mmol/L", "%", "mL/min/{1.73_m2}", "[iU]/L", "{score}", "1", "10*9/L"])
def test_a_unit_of_ucum_is_one_and_matches_itself(unit: str) -> None:
    assert is_unit(unit)
    assert between(unit, unit) == SAME


@pytest.mark.parametrize("text", ["mmHg", "kg/m^2", "bananas", "", "mm Hg", "(" * 41, "é", "m" * 41])
def test_words_are_no_unit_of_ucum(text: str) -> None:
    assert not is_unit(text)
    assert between(text, text) is None


@pytest.mark.parametrize(
    ("unit", "other", "value", "expected"),
    [
        ("kPa", "mm[Hg]", 16.0, 120.01),
        ("mg/dL", "g/L", 150.0, 1.5),
        ("umol/L", "mmol/L", 1500.0, 1.5),
        ("[degF]", "Cel", 98.6, 37.0),
        ("m[iU]/L", "[iU]/L", 1500.0, 1.5),
        ("[lb_av]", "kg", 100.0, 45.359),
        ("10*3/uL", "10*9/L", 7.0, 7.0),
        ("mL/min/{1.73_m2}", "L/min/{1.73_m2}", 90.0, 0.09),
    ],
)
def test_units_of_one_dimension_convert(unit: str, other: str, value: float, expected: float) -> None:
    factor, offset = between(unit, other) or Conversion(0, 0)

    assert value * factor + offset == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("unit", "other"),
    [
        ("kg", "mm[Hg]"),
        ("mg/dL", "mmol/L"),  # needs the molar mass
        ("mmol/mol", "%"),  # HbA1c of 48 mmol/mol is not 4.8 %
        ("mg/g", "%"),
        ("mol/mol", "g/g"),
        ("mL/min/{1.73_m2}", "mL/min"),  # one is for the size of the body
        ("[iU]/L", "U/L"),
        ("meq/L", "mmol/L"),  # depends on the charge
        ("mg/mmol", "mg/g"),
    ],
)
def test_what_would_be_a_guess_is_refused(unit: str, other: str) -> None:
    assert between(unit, other) is None
    assert between(other, unit) is None


def test_a_conversion_goes_back_and_on() -> None:
    there = Conversion(1.8, 32.0)

    assert there.then(there.back()) == pytest.approx(SAME)


@pytest.mark.parametrize(
    ("received", "unit"),
    [
        ("mmol/l", "mmol/L"),
        ("MMOL/L", "mmol/L"),
        ("kg/m²", "kg/m2"),
        ("µmol/L", "umol/L"),  # micro sign
        ("μmol/L", "umol/L"),  # Greek mu
        ("mL/min/1.73m2", "mL/min/{1.73_m2}"),
        ("ml/min/1.73 m^2", "mL/min/{1.73_m2}"),
        ("IU/L", "[iU]/L"),
        ("mmol/mol Hb", "mmol/mol"),
        ("st", "[stone_av]"),
    ],
)
def test_what_practices_write_is_the_unit_itself(units: Units, received: str, unit: str) -> None:
    assert units.ucum(received) == unit
    assert units.conversion(received, unit) == SAME


def test_a_unit_that_no_line_has_matches_itself_and_no_other(units: Units) -> None:
    assert units.conversion("ug/kg", "ug/kg") == SAME
    assert units.conversion("furlongs", "m") is None


@pytest.mark.parametrize(("percent", "mmol_mol"), [(6.5, 48), (7.5, 58), (9.0, 75)])
def test_hba1c_goes_by_the_master_equation(units: Units, percent: float, mmol_mol: int) -> None:
    """Source: the table of equivalents that general practice used when units changed (6.5 % is 48, 7.5 % is 58)."""
    to_ifcc = units.conversion("%", "mmol/mol", "hba1c")
    to_dcct = units.conversion("mmol/mol", "%", "hba1c")

    assert round(percent * to_ifcc.factor + to_ifcc.offset) == mmol_mol
    assert round(mmol_mol * to_dcct.factor + to_dcct.offset, 1) == percent


def test_hba1c_goes_by_it_for_a_list_of_hba1c_alone(units: Units) -> None:
    assert units.conversion("%", "mmol/mol") is None
    assert units.conversion("%", "mmol/mol", "glucose") is None


@pytest.mark.parametrize(
    ("analyte", "received", "unit", "value", "expected"),
    [("cholesterol", "mg/dl", "mmol/L", 200.0, 5.17), ("glucose", "mg/dL", "mmol/L", 126.0, 6.99),
     ("creatinine", "mg/dL", "umol/L", 1.0, 88.4), ("creatinine", "umol/L", "mg/dL", 88.4, 1.0)],
)  # fmt: skip
def test_a_mass_becomes_an_amount_by_the_molar_mass_of_its_analyte(
    units: Units, analyte: str, received: str, unit: str, value: float, expected: float
) -> None:
    factor, offset = units.conversion(received, unit, analyte)

    assert value * factor + offset == pytest.approx(expected, rel=1e-3)
    assert units.conversion(received, unit) is None


def _overlay(folder: Path, **files: str) -> Path:
    for name, rows in files.items():
        path = folder / f"{name.replace('__', '/').replace('_', '-')}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{HEAD}# state: full\n{rows}", encoding="utf-8")
    return folder


def test_two_lines_that_spell_alike_and_say_different_are_refused(tmp_path: Path) -> None:
    rows = "# source_system: s\nsource_code,target_code,equivalence\nIU/L,[iU]/L,equivalent\niu / l,U/L,equivalent\n"

    with pytest.raises(TerminologyError, match=r"'iu / l' is U/L in one line and \[iU\]/L in another"):
        load([_overlay(tmp_path, mappings__units=rows)]).units()


def test_an_analyte_without_a_formula_is_refused(tmp_path: Path) -> None:
    overlay = tmp_path / "terminology" / "value_sets"
    overlay.mkdir(parents=True)
    (overlay / "iron.csv").write_text(f"{HEAD}# state: full\n# system: s\n# analyte: iron\ncode\n1\n", encoding="utf-8")

    with pytest.raises(TerminologyError, match=r"value set iron: no line .* is for the analyte 'iron'"):
        load([tmp_path]).units()


@pytest.mark.parametrize("row", ["hba1c,%,mmol/mol,0,1", "hba1c,%,mmol/mol,x,1", ",%,mmol/mol,1,1"])
def test_a_formula_without_numbers_is_refused(tmp_path: Path, row: str) -> None:
    rows = f"analyte,source_unit,target_unit,factor,offset\n{row}\n"

    with pytest.raises(TerminologyError, match="line 10: needs an analyte"):
        load([_overlay(tmp_path, mappings__analyte_conversions=rows)]).units()


def test_the_library_is_imported_only_where_a_unit_without_a_spelling_needs_it() -> None:
    code = (
        "import sys; from hi_fhir.terminology.catalogue import load; units = load().units();"
        "units.conversion('mmHg', 'mm[Hg]'); assert 'pint' not in sys.modules;"
        "units.conversion('kPa', 'mm[Hg]'); assert 'pint' not in sys.modules;"
        "units.conversion('daPa', 'mm[Hg]'); assert 'pint' in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_the_table_of_conversions_says_what_the_library_says(units: Units) -> None:
    assert table_of(known_units(units)) == TABLE.read_text(encoding="utf-8")

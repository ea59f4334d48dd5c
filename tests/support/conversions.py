"""Writes the table of conversions between the units that have a spelling: `make fix` calls it."""

from pathlib import Path

from hi_fhir.terminology import ucum
from hi_fhir.terminology.catalogue import load
from hi_fhir.terminology.units import Units

OTHERS = (
    "1",
    "Pa",
    "hPa",
    "cm[H2O]",
    "mbar",
    "torr",
    "ug",
    "mg",
    "ug/dL",
    "ng/dL",
    "mmol",
    "meq/L",
    "s",
    "min",
    "h",
    "d",
)
WORDS = (
    "points",
    "score",
    "ratio",
    "units",
    "unit",
    "number",
    "none",
    "unknown",
    "other",
    "per day",
    "per week",
    "g/d",
)
"""Units and words that are met, and that no spelling stands for."""

TABLE = Path(ucum.__file__).with_name(ucum.TABLE)


def known_units(units: Units) -> set[str]:
    """The units of UCUM that spellings stand for, those of the formulas, and what else is met."""
    formulas = [formula for of_one in units.formulas.values() for formula in of_one]
    return {*OTHERS, *WORDS, *units.spellings.values(), *(end for one in formulas for end in (one.source, one.target))}


if __name__ == "__main__":
    TABLE.write_text(ucum.table_of(known_units(load().units())), encoding="utf-8")

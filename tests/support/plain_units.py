"""Units by hand, for the plain reading: spellings from the file of units, and the few ways that tests go."""

import csv
from functools import cache
from pathlib import Path

from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.plain.setting import Setting

_UNITS = Path(__file__).parents[2] / "mappings" / "units.csv"
_FACTORS = {("kPa", "mm[Hg]"): 7.500615758456563, ("umol/L", "mmol/L"): 0.001}


def setting_of(context: EvaluationContext) -> Setting:
    """What the plain reading goes by where the engine goes by `context`."""
    return Setting(context.period, context.as_of, convert)


def convert(value: float, received: str, unit: str, value_set: str) -> float | None:
    """A value in another unit; None where there is no way there."""
    meant = _spelled(received)
    if meant == unit:
        return value
    return round(value * _FACTORS[meant, unit], 9) if (meant, unit) in _FACTORS else None


@cache
def _spelled(received: str) -> str | None:
    """The unit that a line of the units file has for a spelling; neither case nor spaces count."""
    with _UNITS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    found = {spelling.lower().replace(" ", ""): unit for spelling, _, unit, *_ in rows[1:]}
    return found.get(received.lower().replace(" ", ""))

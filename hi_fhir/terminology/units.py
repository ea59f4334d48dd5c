"""Units as they are received: what each stands for in UCUM, and how its values become those of another unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hi_fhir.core.errors import TerminologyError
from hi_fhir.terminology import ucum
from hi_fhir.terminology.concept_maps import ConceptMap
from hi_fhir.terminology.data_files import DataFile, read_data_file
from hi_fhir.terminology.ucum import Conversion


class Formula(NamedTuple):
    """One way between two units that only one analyte has: `target` = `source` x factor + offset."""

    source: str
    target: str
    conversion: Conversion


@dataclass(frozen=True)
class Units:
    """spellings: unit as received, folded, to UCUM. formulas: by analyte."""

    spellings: Mapping[str, str]
    formulas: Mapping[str, tuple[Formula, ...]]

    def ucum(self, received: str) -> str:
        """The unit that a spelling stands for; a text that no line has stands for itself."""
        return self.spellings.get(_folded(received), received)

    def conversion(self, received: str, unit: str, analyte: str | None = None) -> Conversion | None:
        """From a unit as received to a unit of UCUM; None where the reading is of another unit.

        A unit matches itself. Units of one dimension convert by UCUM; across dimensions, or from a percentage to a
        ratio, only a formula of the analyte leads.
        """
        known = self.ucum(received)
        if unit in (received, known):
            return ucum.SAME
        return ucum.between(known, unit) or self._by_formula(known, unit, analyte)

    def _by_formula(self, received: str, unit: str, analyte: str | None) -> Conversion | None:
        for source, target, conversion in self.formulas.get(analyte or "", ()):
            for start, end, step in ((source, target, conversion), (target, source, conversion.back())):
                before, after = ucum.between(received, start), ucum.between(end, unit)
                if before and after:
                    return before.then(step).then(after)
        return None


def read_units(spellings: ConceptMap, formulas: Path) -> Units:
    """The units of mappings/units.csv and the formulas of a file with columns analyte, source_unit, target_unit, ...

    Raises:
        TerminologyError: two lines spell alike and say different, or a factor is no number.
    """
    folded: dict[str, str] = {}
    for source, target in spellings.targets.items():
        if target and folded.setdefault(_folded(source.code), target) != target:
            raise TerminologyError(
                f"mappings/{spellings.id}.csv: {source.code!r} is {target} in one line and "
                f"{folded[_folded(source.code)]} in another that differs in case or spaces alone. Remove one."
            )
    file = read_data_file(formulas)
    file.require("analyte", "source_unit", "target_unit", "factor", "offset")
    found: dict[str, tuple[Formula, ...]] = {}
    for number, row in enumerate(file.rows, len(file.head) + 2):
        found[row["analyte"]] = (*found.get(row["analyte"], ()), _formula(file, row, number))
    return Units(folded, found)


def _formula(file: DataFile, row: Mapping[str, str], number: int) -> Formula:
    try:
        conversion = Conversion(float(row["factor"]), float(row["offset"]))
    except ValueError:
        conversion = Conversion(0.0, 0.0)
    if not row["analyte"] or not conversion.factor:
        raise TerminologyError(
            f"{file.path} line {number}: needs an analyte, and a factor other than 0 and an offset as numbers."
        )
    return Formula(row["source_unit"], row["target_unit"], conversion)


def _folded(spelling: str) -> str:
    """Case, spaces and a full stop at the end do not tell two spellings apart."""
    return "".join(spelling.casefold().split()).rstrip(".")

"""What the readings of a definition are measured in: where that is no unit of UCUM, no value is in it."""

from collections.abc import Iterable, Iterator

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.tree import leaves
from hi_fhir.measures.words.values import LatestValue
from hi_fhir.terminology.ucum import between


def unit_faults(words: Iterable[Word]) -> Iterator[str]:
    """A sentence for each quantity of the words that has no unit of UCUM."""
    values = [leaf for leaf in leaves(words) if isinstance(leaf, LatestValue)]
    for quantity in dict.fromkeys(leaf.reading.quantities[leaf.place] for leaf in values):
        if not _is_unit(quantity.unit):
            yield (
                f"the unit of {quantity.value_set.id}, {quantity.unit!r}, is not UCUM: nothing counts. "
                f"Write {_meant(quantity.unit)}."
            )


def _is_unit(unit: str) -> bool:
    return between(unit, unit) is not None  # a table knows that of most, without the library that starts slowly


def _meant(spelling: str) -> str:
    from hi_fhir.terminology.catalogue import load  # reads every data file, for the message alone

    known = load().units().ucum(spelling)
    return known if _is_unit(known) else "a unit of UCUM, such as mmol/L"

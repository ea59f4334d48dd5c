"""The standard population that rates are standardised to, by the age bands of reports."""

from collections.abc import Iterator
from functools import cache

from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import AGE_BAND, AGES
from hi_fhir.measures.words.base import And, Word
from hi_fhir.measures.words.population import Aged
from hi_fhir.terminology.data_files import read_data_file, shipped_folder

STANDARD = "esp-2013"


def band_weights(measure: Measure) -> dict[str, float]:
    """Standard people in each age band that the measure can have anybody in.

    The people of a five-year band are spread evenly over its years, since our bands begin at other ages.
    """
    ages = _ages(measure)
    people = {age: own for age, own in _standard().items() if age in ages}
    starts = (*AGES.from_ages, max(_standard()) + 1)
    bands = {
        stratum: sum(own for age, own in people.items() if start <= age < end)
        for stratum, start, end in zip(AGE_BAND.strata, starts, starts[1:], strict=False)
    }
    return {stratum: own for stratum, own in bands.items() if own}


def _ages(measure: Measure) -> range:
    """The ages that everybody in the denominator is of, as far as the definition says so by itself."""
    words = [*_words(measure.initial_population), *_words(measure.denominator)]
    limits = [word for word in words if isinstance(word, Aged)]
    least = max((word.at_least or 0 for word in limits), default=0)
    most = min((word.at_most for word in limits if word.at_most is not None), default=max(_standard()))
    return range(least, most + 1)


def _words(word: Word | None) -> Iterator[Word]:
    if word is not None:
        yield from word.parts if isinstance(word, And) else (word,)


@cache
def _standard() -> dict[int, float]:
    """Standard people by age in years; the last age stands for itself and all above."""
    found: dict[int, float] = {}
    for row in read_data_file(shipped_folder("mappings") / f"{STANDARD}.csv").rows:
        start = int(row["from_age"])
        years = range(start, int(row["to_age"] or start) + 1)
        found |= dict.fromkeys(years, int(row["people"]) / len(years))
    return found

"""A measure: populations composed of words, what they follow, and the worked examples that hold them to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from hi_fhir.measures.examples import Example
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS, Crossing, Stratifier
from hi_fhir.measures.words.base import Word

DEFINED = ("initial_population", "denominator_exclusion", "numerator", "denominator_exception")
"""Populations that a definition may give, in the order in which they are decided."""

POPULATIONS = (
    "initial_population",
    "denominator",
    "denominator_exclusion",
    "denominator_exception",
    "numerator",
    "undetermined",
)
"""Populations that are counted. The denominator is the initial population."""


NOT_REVIEWED = "not yet reviewed by a clinician"
"""`reviewed_by` of a measure that nobody answers for yet."""


@dataclass(frozen=True)
class ProportionMeasure:
    """Of the people in the initial population, those in the numerator.

    rule_set: the one published rule set that it follows. doubts: where it departs from that, or what of it was not seen
    in its own text. improvement: increase or decrease, whichever is better.
    """

    id: str
    version: str
    title: str
    description: str
    rule_set: str
    source: str
    reviewed_by: str
    next_review: date
    initial_population: Word
    numerator: Word
    denominator_exclusion: Word | None = None
    denominator_exception: Word | None = None
    improvement: str = "increase"
    doubts: tuple[str, ...] = ()
    stratifiers: tuple[Stratifier | Crossing, ...] = CORE_STRATIFIERS
    examples: tuple[Example, ...] = field(default=(), repr=False)

    @property
    def is_reviewed(self) -> bool:
        return self.reviewed_by != NOT_REVIEWED

    def populations(self) -> Iterator[tuple[str, Word]]:
        """Name and word of each population that this measure defines, in order of decision."""
        for name in DEFINED:
            word = getattr(self, name)
            if word is not None:
                yield name, word

"""A measure: populations composed of words, what they follow, and the worked examples that hold them to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from hi_fhir.measures.examples import Example
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS, Crossing, Stratifier
from hi_fhir.measures.words.base import Word

DEFINED = (
    "initial_population",
    "denominator",
    "denominator_exclusion",
    "numerator",
    "numerator_exclusion",
    "denominator_exception",
)
"""Populations that a definition may give, in the order in which they are decided."""

POPULATIONS = (
    "initial_population",
    "denominator",
    "denominator_exclusion",
    "denominator_exception",
    "numerator",
    "numerator_exclusion",
    "undetermined",
)
"""Populations that are counted, of a measure that takes nobody out of its numerator all but numerator_exclusion."""


NOT_REVIEWED = "not yet reviewed by a clinician"
"""`reviewed_by` of a measure that nobody answers for yet."""


@dataclass(frozen=True)
class ProportionMeasure:
    """Of the people in the denominator, those in the numerator.

    denominator: who of the initial population is in it; None: all. denominator_exclusion: who is out of it before the
    numerator is looked at; denominator_exception: who is out of it if not in the numerator. numerator_exclusion: who of
    the numerator does not count as in it, but stays in the denominator.
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
    denominator: Word | None = None
    denominator_exclusion: Word | None = None
    numerator_exclusion: Word | None = None
    denominator_exception: Word | None = None
    improvement: str = "increase"
    doubts: tuple[str, ...] = ()
    stratifiers: tuple[Stratifier | Crossing, ...] = CORE_STRATIFIERS
    examples: tuple[Example, ...] = field(default=(), repr=False)

    @property
    def is_reviewed(self) -> bool:
        return self.reviewed_by != NOT_REVIEWED

    @property
    def counted(self) -> tuple[str, ...]:
        """The populations of POPULATIONS that this measure's counts tell."""
        return tuple(name for name in POPULATIONS if name != "numerator_exclusion" or self.numerator_exclusion)

    def populations(self) -> Iterator[tuple[str, Word]]:
        """Name and word of each population that this measure defines, in order of decision."""
        for name in DEFINED:
            word = getattr(self, name)
            if word is not None:
                yield name, word

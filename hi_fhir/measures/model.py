"""A measure: populations composed of words, what they follow, and the worked examples that hold them to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, cast

from hi_fhir.measures.examples import Example
from hi_fhir.measures.stratifiers import CORE_STRATIFIERS, Crossing, Stratifier
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.events import Occasions
from hi_fhir.measures.words.given import checked

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
    "occasions",
    "undetermined",
)
"""Populations that are counted, as far as a measure has them; occasions are no people, but how often something was."""

OCCASIONS = "occasions"


NOT_REVIEWED = "not yet reviewed by a clinician"
"""`reviewed_by` of a measure that nobody answers for yet."""


@checked
@dataclass(frozen=True)
class ContractIndicator:
    """An indicator by which networks are paid under a contract. years: of the contract, in which it was seen to be one.

    unverified: what of this was not seen in the contract's own text.
    """

    contract: str
    indicator: str
    years: str
    source: str
    unverified: str = ""


@dataclass(frozen=True)
class Measure:
    """Who is counted where, and whose rules that follows; which populations there are goes by its kind.

    rule_set: the one published rule set that it follows. caveats: where it departs from that, or what of it was not
    seen in its own text. improvement: increase or decrease, whichever is better; of a count neither. contract: the
    indicator of a network's contract that it is; None: of none.
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
    numerator: Word | None = None
    denominator: Word | None = None
    denominator_exclusion: Word | None = None
    numerator_exclusion: Word | None = None
    denominator_exception: Word | None = None
    improvement: str = "increase"
    caveats: tuple[str, ...] = ()
    contract: ContractIndicator | None = None
    stratifiers: tuple[Stratifier | Crossing, ...] = CORE_STRATIFIERS
    examples: tuple[Example, ...] = field(default=(), repr=False)

    scoring: ClassVar[str]
    """Code of FHIR's measure-scoring."""
    must_have: ClassVar[frozenset[str]]
    may_have: ClassVar[frozenset[str]]
    always_counted: ClassVar[frozenset[str]]
    """Populations that are counted even where the measure does not define them."""

    def __post_init__(self) -> None:
        given = {name for name, _ in self.populations()}
        if wrong := sorted(given - self.must_have - self.may_have):
            raise ValueError(f"{self.id}: a {self.scoring} measure has no {', '.join(wrong)}")
        if absent := sorted(self.must_have - given):
            raise ValueError(f"{self.id}: a {self.scoring} measure has a {', '.join(absent)}")

    @property
    def has_score(self) -> bool:
        """Whether what it counts comes to a share or a ratio."""
        return "denominator" in self.counted

    @property
    def is_reviewed(self) -> bool:
        return self.reviewed_by != NOT_REVIEWED

    @property
    def counted(self) -> tuple[str, ...]:
        """The populations of POPULATIONS that this measure's counts tell."""
        defined = self.always_counted.union(name for name, _ in self.populations())
        return tuple(name for name in POPULATIONS if name in defined)

    @property
    def single_stratifiers(self) -> tuple[Stratifier, ...]:
        """Its distinct stratifiers, those within crossings among them."""
        return tuple(dict.fromkeys(part for one in self.stratifiers for part in one.parts))

    def words(self) -> Iterator[Word]:
        """Every word that decides its populations, and then those that decide its strata."""
        yield from (word for _, word in self.populations())
        yield from (word for one in self.single_stratifiers for word in one.words)

    def populations(self) -> Iterator[tuple[str, Word]]:
        """Name and word of each population that this measure defines, in order of decision."""
        for name in DEFINED:
            word = getattr(self, name)
            if word is not None:
                yield name, word


@checked
@dataclass(frozen=True)
class ProportionMeasure(Measure):
    """Of the people in the denominator, those in the numerator.

    denominator: who of the initial population is in it; None: all. denominator_exclusion: who is out of it before the
    numerator is looked at; denominator_exception: who is out of it if not in the numerator. numerator_exclusion: who of
    the numerator does not count as in it, but stays in the denominator.
    """

    scoring = "proportion"
    must_have = frozenset({"initial_population", "numerator"})
    may_have = frozenset({"denominator", "denominator_exclusion", "numerator_exclusion", "denominator_exception"})
    always_counted = frozenset(POPULATIONS) - {"numerator_exclusion", OCCASIONS}


@checked
@dataclass(frozen=True)
class RatioMeasure(Measure):
    """How often something was of the people in the denominator, by person: visits, prescriptions.

    numerator: what `occasions` counts. Its people are those of whom there is any.
    """

    scoring = "ratio"
    must_have = frozenset({"initial_population", "numerator"})
    may_have = frozenset({"denominator", "denominator_exclusion"})
    always_counted = must_have | may_have | {OCCASIONS, "undetermined"}

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.numerator, Occasions):
            raise ValueError(f"{self.id}: the numerator of a ratio is counted. Say occasions(...).")

    @property
    def occasions(self) -> Occasions:
        return cast("Occasions", self.numerator)


@checked
@dataclass(frozen=True)
class CountMeasure(Measure):
    """How many people there are in the initial population: a register, or whoever is to be invited."""

    scoring = "cohort"
    must_have = frozenset({"initial_population"})
    may_have = frozenset[str]()
    always_counted = frozenset({"initial_population", "undetermined"})

"""How people are told apart in a report: closed, ordered strata, each kind of unknown among them, none twice."""

from dataclasses import dataclass, field

from hi_fhir.measures.examples import StratumExample
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.given import checked

UNKNOWN = "unknown"
"""The last stratum of what may not be known of a person or, of a PCN, of a practice."""
_UNTOLD = ("not-stated", "refused", "not-known", "not-recorded")


@checked
@dataclass(frozen=True)
class ByColumn:
    """The person column's value where it is a stratum, else the last stratum."""

    column: str


@checked
@dataclass(frozen=True)
class ByAge:
    """`from_ages`: the least age of each stratum in ascending order; without an age, the last stratum."""

    from_ages: tuple[int, ...]


@checked
@dataclass(frozen=True)
class ByEthnicity:
    """The category column's value for a stated ethnicity, else what is known of it; no stratum of it: not-known."""

    column: str


@checked
@dataclass(frozen=True)
class ByDecile:
    """The IMD decile of the run's year: `upto` holds the highest decile of each stratum; unlinked people: the last."""

    upto: tuple[int, ...]


@checked
@dataclass(frozen=True)
class ByWords:
    """A stratum for each word, then one of those of whom none is true, then `unknown`.

    The first word that is true decides; one that is null before that leaves it unknown.
    """

    words: tuple[Word, ...]


Rule = ByColumn | ByAge | ByEthnicity | ByDecile | ByWords


@checked
@dataclass(frozen=True)
class Stratifier:
    """strata: closed and in order. examples: people, and in which of them each is."""

    id: str
    version: str
    title: str
    rule: Rule
    strata: tuple[str, ...]
    examples: tuple[StratumExample, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.words and (len(self.strata) != len(self.words) + 2 or self.strata[-1] != UNKNOWN):
            raise ValueError(f"{self.id}: its strata are one for each word, one for the others, and {UNKNOWN!r}")
        if isinstance(self.rule, ByAge | ByDecile):
            self._check_steps(self.rule.from_ages if isinstance(self.rule, ByAge) else self.rule.upto)
        if isinstance(self.rule, ByEthnicity) and not {*_UNTOLD} <= {*self.strata}:
            raise ValueError(f"{self.id}: its strata have {', '.join(_UNTOLD)} among them")
        for example in self.examples:
            if example.stratum not in self.strata:
                raise ValueError(f"{self.id}: {example.stratum!r} is not one of {', '.join(self.strata)}")

    def _check_steps(self, steps: tuple[int, ...]) -> None:
        if list(steps) != sorted({*steps}):
            raise ValueError(f"{self.id}: {steps} do not ascend")
        if len(self.strata) != len(steps) + 1:
            told = f"{len(self.strata)} strata for {len(steps)} steps"
            raise ValueError(f"{self.id}: {told}. There is one for each, and {UNKNOWN!r} as the last")

    @property
    def words(self) -> tuple[Word, ...]:
        """The words that decide its strata; none where it goes by what is settled of the person."""
        return self.rule.words if isinstance(self.rule, ByWords) else ()

    @property
    def parts(self) -> tuple["Stratifier", ...]:
        return (self,)


@checked
@dataclass(frozen=True)
class Crossing:
    """Every stratum of one stratifier within every stratum of another, as `asian*1`."""

    crossed: tuple[Stratifier, Stratifier]

    @property
    def id(self) -> str:
        return "*".join(part.id for part in self.crossed)

    @property
    def version(self) -> str:
        return "+".join(part.version for part in self.crossed)

    @property
    def title(self) -> str:
        return " by ".join(part.title for part in self.crossed)

    @property
    def strata(self) -> tuple[str, ...]:
        outer, inner = self.crossed
        return tuple(f"{left}*{right}" for left in outer.strata for right in inner.strata)

    @property
    def parts(self) -> tuple[Stratifier, ...]:
        return self.crossed


SEX = Stratifier("sex", "1", "Sex", ByColumn("sex"), ("female", "male", "other", "unknown"))
AGES = ByAge((0, 14, 18, 40, 65, 80))
AGE_BAND = Stratifier(
    "age-band",
    "1",
    "Age at the period's end",
    AGES,
    ("0-13", "14-17", "18-39", "40-64", "65-79", "80+", UNKNOWN),
)
ETHNIC_GROUP_5 = Stratifier(
    "ethnic-group-5",
    "2021",
    "Ethnic group, five groups of the census of 2021",
    ByEthnicity("ethnic_group_2021"),
    ("white", "mixed", "asian", "black", "other", *_UNTOLD),
)
ETHNIC_CATEGORY_16 = Stratifier(
    "ethnic-category-16",
    "2001",
    "Ethnic category, sixteen of the census of 2001",
    ByEthnicity("ethnic_category_2001"),
    (*"ABCDEFGHJKLMNPRS", *_UNTOLD),
)
IMD_DECILE = Stratifier(
    "imd-decile",
    "1",
    "Deprivation decile, 1 most deprived",
    ByDecile(tuple(range(1, 11))),
    (*(str(decile) for decile in range(1, 11)), UNKNOWN),
)
IMD_QUINTILE = Stratifier(
    "imd-quintile",
    "1",
    "Deprivation quintile, 1 most deprived",
    ByDecile((2, 4, 6, 8, 10)),
    ("1", "2", "3", "4", "5", UNKNOWN),
)
CORE20 = Stratifier("core20", "1", "The most deprived fifth of England", ByDecile((2, 10)), ("core20", "rest", UNKNOWN))

CORE_STRATIFIERS: tuple[Stratifier | Crossing, ...] = (
    SEX,
    AGE_BAND,
    ETHNIC_GROUP_5,
    ETHNIC_CATEGORY_16,
    IMD_QUINTILE,
    IMD_DECILE,
    CORE20,
    Crossing((ETHNIC_GROUP_5, IMD_QUINTILE)),
)
"""What every measure is broken down by. Practice and PCN come on top: they follow the practice, not the person."""

ALL, PRACTICE, PCN = "all", "practice", "pcn"

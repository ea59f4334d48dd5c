"""Words about the problems of a person, whatever they are: that there are any, and how they are written down."""

from dataclasses import dataclass

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.given import checked
from hi_fhir.measures.words.windows import IN_PERIOD, Window


@checked
@dataclass(frozen=True)
class Problems(Word):
    """A leaf: a Condition that counts, dated in the window, of whatever code or of none. Never null.

    Leaf row: n problems, the first and the last day, and 1 as low and high where each of them has a coding of SNOMED
    CT, else 0.
    """

    window: Window

    def all_coded(self) -> "ProblemsCoded":
        """Each of them has a coding of SNOMED CT."""
        return ProblemsCoded(self)


@dataclass(frozen=True)
class ProblemsCoded(Word):
    """There are problems, and each has a coding of SNOMED CT, whatever others beside it. Never null.

    Text alone is none, nor is a code of another system, whether or not a map takes it to SNOMED CT.
    """

    problems: Problems


@checked
def problems(within: Window = IN_PERIOD) -> Problems:
    """A diagnosis or problem (Condition) that began or was recorded in the window."""
    return Problems(within)

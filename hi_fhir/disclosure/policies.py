"""What each audience may be told: one named, versioned policy each.

Source of the thresholds: NHS Digital's rule for sub-national hospital data: 1 to 7 suppressed, others to the nearest 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hi_fhir.core.audiences import Audience
from hi_fhir.disclosure.counts import MASKED, ROUNDED, SHOWN, Cell


@dataclass(frozen=True)
class Rule:
    """Counts from 1 to `masked_to` are masked, others given to the nearest multiple of `base`. Zero is zero."""

    masked_to: int
    base: int

    def is_small(self, count: int) -> bool:
        return 0 < count <= self.masked_to

    def apply(self, count: int) -> Cell:
        """What is given of a count."""
        if self.is_small(count):
            return Cell(MASKED, None)
        if count == 0 or self.base == 1:
            return Cell(SHOWN, count)
        # A whole number is never half-way between two multiples of an odd base, so no rule for ties is needed.
        return Cell(ROUNDED, (count + self.base // 2) // self.base * self.base)


EXACT = Rule(masked_to=0, base=1)
SMALL_NUMBERS = Rule(masked_to=7, base=5)


@dataclass(frozen=True)
class Policy:
    """own: the rule for a reporter's own people. run: for counts of the whole run, in which others' people are too.

    partial: whether what rests on partial code lists is given. fewest: how many values a small count must be able to
    have for all that the audience can know; others are suppressed until it has. None: no count is suppressed.
    parts_of_small: whether it is told of a small group how many are in a population within it: nobody or everybody
    would tell it of each of them. That small means the rule's `masked_to` here too is our own choice, of no source.
    """

    id: str
    version: str
    audience: Audience
    own: Rule
    run: Rule
    partial: bool
    fewest: int | None
    parts_of_small: bool


POLICIES: Mapping[Audience, Policy] = {
    policy.audience: policy
    for policy in (
        Policy(
            "practice-exact",
            "3",
            Audience.PRACTICE,
            own=EXACT,
            run=SMALL_NUMBERS,
            partial=True,
            fewest=None,
            parts_of_small=True,
        ),
        *(
            Policy(
                f"{audience}-suppressed",
                "5",
                audience,
                own=SMALL_NUMBERS,
                run=SMALL_NUMBERS,
                partial=False,
                fewest=3,
                parts_of_small=False,
            )
            for audience in (Audience.PCN, Audience.ICB, Audience.PUBLIC)
        ),
    )
}
"""The policy of each audience."""

"""What each audience may be told: one named, versioned policy each.

Source of the thresholds: NHS Digital's rule for sub-national hospital data: 1 to 7 suppressed, others to the nearest 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import DISCLOSURE_POLICIES
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
    exact_totals: populations of which the unstratified totals of contract indicators are told exactly to networks and
    boards, and so are known in all decisions, whoever they are for. tells_totals: whether the audience is told them.
    """

    id: str
    version: str
    audience: Audience
    own: Rule
    run: Rule
    partial: bool
    fewest: int | None
    parts_of_small: bool
    exact_totals: tuple[str, ...] = ()
    tells_totals: bool = False


SUPPRESSED, CONTRACT_TOTALS = DISCLOSURE_POLICIES
_PAID_BY = (
    "initial_population",
    "denominator",
    "denominator_exclusion",
    "denominator_exception",
    "numerator",
    "numerator_exclusion",
)
"""All that an achievement is worked out from: without who is taken out of a denominator it would not be exact."""

_VERSIONS = {SUPPRESSED: "7", CONTRACT_TOTALS: "4"}
_ABOVE_PRACTICE = (Audience.PCN, Audience.ICB, Audience.PUBLIC)


def policies(name: str) -> Mapping[Audience, Policy]:
    """The policy of each audience, by the deployment's choice among DISCLOSURE_POLICIES."""
    return _POLICIES[name]


def _policies(name: str) -> Mapping[Audience, Policy]:
    found = (
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
                f"{audience}-{name}",
                _VERSIONS[name],
                audience,
                own=SMALL_NUMBERS,
                run=SMALL_NUMBERS,
                partial=False,
                fewest=3,
                parts_of_small=False,
                exact_totals=_PAID_BY if name == CONTRACT_TOTALS else (),
                tells_totals=name == CONTRACT_TOTALS and audience != Audience.PUBLIC,
            )
            for audience in _ABOVE_PRACTICE
        ),
    )
    return {policy.audience: policy for policy in found}


_POLICIES = {name: _policies(name) for name in DISCLOSURE_POLICIES}
POLICIES: Mapping[Audience, Policy] = policies(SUPPRESSED)
"""The policy of each audience where a deployment chooses no other."""

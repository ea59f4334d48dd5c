"""What the words of released cells and reports tell whoever knows the published policies."""

from hi_fhir.attack.told import SMALL_NUMBERS, Rounding, State

COVERED = "/StructureDefinition/covered-practice"
"""How the URL of the extension ends by which a report names a practice that it covers."""
WITHIN_FEW = "small-group"
"""The reason of counts that are not given, whatever they are, since they are within a small group."""
EXACT = Rounding(masked_to=0, base=1)
POLICIES = {"practice-exact": EXACT} | {
    f"{audience}-{kind}": SMALL_NUMBERS
    for audience in ("pcn", "icb", "public")
    for kind in ("primary", "suppressed", "contract-totals")
}
"""How each policy of hi_fhir hides counts of a reporter's own people."""
TELLING_TOTALS = frozenset({"pcn-contract-totals", "icb-contract-totals"})
"""Policies that tell the totals of contract indicators exactly."""

_STATES = {
    "shown": State.EXACT,
    "rounded": State.ROUNDED,
    "masked": State.MASKED,
    "suppressed": State.WITHHELD,
    "unsupported": State.WITHHELD,
}
_SCORES = {
    "small-number": State.SCORE_SMALL,
    "empty-denominator": State.SCORE_EMPTY,
    "rounded-away": State.SCORE_GIVEN,  # it would have been: only the rounded counts make no share
}


def state_of(state: str, reason: str | None) -> State:
    """Of a cell: of a count, or of a share that is not given."""
    if reason == WITHIN_FEW:
        return State.WITHIN_FEW
    return _STATES[state] if state in _STATES else score_state(reason)


def score_state(reason: str | None) -> State:
    """Of a share that is not given."""
    return _SCORES.get(reason or "", State.SCORE_UNTOLD)

"""When a statistic is not given, and why: a rule each, as codes that stand in reports."""

PART_NOT_GIVEN = "part-not-given"
EMPTY_PART = "empty-part"
NONE_COUNTED = "none-counted"
TOO_FEW = "too-few"
UNSTEADY = "unsteady"

REASONS = {
    PART_NOT_GIVEN: "A score of one of the groups that it is worked out from is not given",
    EMPTY_PART: "There is nobody in the denominator of a group that it is worked out from",
    NONE_COUNTED: "There is nobody in the numerator of a group that it is worked out from",
    TOO_FEW: "Fewer than 10 are in the numerators that it is worked out from",
    UNSTEADY: "What it is relative to may be nothing",
}
"""Each reason, and what it says."""

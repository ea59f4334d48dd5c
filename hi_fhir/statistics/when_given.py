"""When a statistic is not given, and why: a rule each, as codes that stand in reports."""

PART_NOT_GIVEN = "part-not-given"
EMPTY_PART = "empty-part"
NONE_COUNTED = "none-counted"
TOO_FEW = "too-few"
UNSTEADY = "unsteady"
MEASURE_CHANGED = "measure-changed"
DEFINITION_CHANGED = "definition-changed"
VALUE_SET_CHANGED = "value-set-changed"
OPT_OUT_POLICY_CHANGED = "opt-out-policy-changed"
DISCLOSURE_POLICY_CHANGED = "disclosure-policy-changed"
MEMBERSHIP_CHANGED = "membership-changed"
RULE_CHANGED = "rule-changed"
IMD_YEAR_CHANGED = "imd-year-changed"
ETHNICITY_RULE_CHANGED = "ethnicity-rule-changed"
STRATIFIER_CHANGED = "stratifier-changed"

REASONS = {
    PART_NOT_GIVEN: "A score of one of the groups that it is worked out from is not given",
    EMPTY_PART: "There is nobody in the denominator of a group that it is worked out from",
    NONE_COUNTED: "There is nobody in the numerator of a group that it is worked out from",
    TOO_FEW: "Fewer than 10 are in the numerators that it is worked out from",
    UNSTEADY: "What it is relative to may be nothing",
    MEASURE_CHANGED: "The measure has another version than in the period before",
    DEFINITION_CHANGED: "The measure, or a value set or map that it reads, says something else under the same version",
    VALUE_SET_CHANGED: "A value set of the measure, or a map to it, has another version than in the period before",
    OPT_OUT_POLICY_CHANGED: "Other opt-outs are heeded than in the period before",
    DISCLOSURE_POLICY_CHANGED: "What is given is decided by another policy than in the period before",
    MEMBERSHIP_CHANGED: "The reporter has other practices than in the period before",
    RULE_CHANGED: "A rule on people, records, registration or absence has another version than in the period before",
    IMD_YEAR_CHANGED: "Deprivation is of another year, or told by another rule, than in the period before",
    ETHNICITY_RULE_CHANGED: "Ethnicity is told by another rule or map than in the period before",
    STRATIFIER_CHANGED: "The breakdown has another version than in the period before",
}
"""Each reason, and what it says."""

"""The policies on opt-outs, and what a record says of one."""

from hi_fhir.core.config import OPT_OUT_POLICIES

NOT_APPLICABLE, APPLIED_UPSTREAM, TYPE_1_BY_CODE, IMPORTED_LIST = OPT_OUT_POLICIES
OPTED_OUT, WITHDRAWN = "opted-out", "withdrawn"
TYPE_1_SETS = {OPTED_OUT: "type-1-opt-out", WITHDRAWN: "type-1-opt-out-withdrawn"}
"""What a record says of a type 1 opt-out, and the value set whose codes say it."""

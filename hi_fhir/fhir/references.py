"""How a literal reference is spelt: what all that read one have in common."""

import re

ID = r"[A-Za-z0-9\-.]{1,64}"
"""An id of FHIR as a pattern. Source: FHIR R4, datatypes, id."""

TYPE_AND_ID = rf"([A-Z][A-Za-z]+)/({ID})(?:/_history/({ID}))?"
"""As a pattern, with groups for type, id and version. Source: FHIR R4, references, literal references."""

LITERAL = re.compile(rf"(?:(.*)/)?{TYPE_AND_ID}", re.ASCII)
"""A reference whatever comes before its type: groups for that, type, id and version."""

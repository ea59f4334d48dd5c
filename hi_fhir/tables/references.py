"""A reference in any of its spellings as the one key that it stands for: the id on the source.

Relative (`Patient/1`), absolute (`https://host/fhir/Patient/1`) and versioned (`Patient/1/_history/2`) references are
the same id; `urn:uuid:...` names the resource by its id, since a line of NDJSON has no Bundle.
"""

import re

from hi_fhir.tables.refused import RefusedError

_LITERAL = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)
_URN = re.compile(r"urn:(?:uuid|oid):([A-Za-z0-9\-.]{1,64})", re.ASCII)


def patient_reference(text: str | None, path: str) -> str:
    """The id of the Patient that `text` refers to.

    Raises:
        RefusedError: there is none, it is contained, it is not a Patient, or it cannot be read.
    """
    if not text:
        raise RefusedError("no-subject", path)
    if text.startswith("#"):
        raise RefusedError("contained-subject", path)
    urn = _URN.fullmatch(text)
    if urn:
        return urn[1]
    literal = _LITERAL.fullmatch(text)
    if literal is None:
        raise RefusedError("unreadable-subject", path)
    if literal[1] != "Patient":
        raise RefusedError("subject-not-a-patient", path)
    return literal[2]


def organization_reference(text: str | None) -> str | None:
    """The id of the Organization that `text` refers to; None where it refers to none that the source could have."""
    if not text:
        return None
    urn = _URN.fullmatch(text)
    if urn:
        return urn[1]
    literal = _LITERAL.fullmatch(text)
    return literal[2] if literal and literal[1] == "Organization" else None

"""The Organization of a reporter: what it is known by, and no more, since the organisation's data are its own."""

import hashlib
import re
from typing import Any

from hi_fhir.measures.stratifiers import PCN, PRACTICE
from hi_fhir.reports.reporters import ICB, Reporter
from hi_fhir.tables.views.elements import ODS_SYSTEM

_PLAIN = re.compile(r"[A-Z0-9]{1,40}")
_DIGITS = 16
_KINDS = {PRACTICE: "General practice", PCN: "Primary care network", ICB: "Integrated care board"}


def organisation_id(code: str) -> str:
    """The id of the Organization resource of an ODS code, fit for a URL and for a file's name.

    The code in lower case after `ods-`; by hash where it is not plain capitals and digits, as a source may send it.
    """
    if _PLAIN.fullmatch(code):
        return f"ods-{code.lower()}"
    return f"ods-x-{hashlib.sha256(code.encode()).hexdigest()[:_DIGITS]}"


def organisation_identifier(code: str) -> dict[str, str]:
    return {"system": ODS_SYSTEM, "value": code}


def organisation_resource(reporter: Reporter) -> dict[str, Any]:
    """The reporter as an R4 Organization."""
    resource = {
        "resourceType": "Organization",
        "id": organisation_id(reporter.code),
        "identifier": [organisation_identifier(reporter.code)],
        "type": [{"text": _KINDS[reporter.level]}],
    }
    return resource | {"name": reporter.name} if reporter.name else resource

"""Who reports: practices, and above them networks and boards, as far as the audience goes; each as an Organization."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hi_fhir.cohorts.inputs import Area
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import UserError
from hi_fhir.measures.stratifiers import PCN, PRACTICE
from hi_fhir.tables.views.elements import ODS_SYSTEM

ICB = "icb"
_LEVELS = {
    Audience.PRACTICE: (PRACTICE,),
    Audience.PCN: (PRACTICE, PCN),
    Audience.ICB: (PRACTICE, PCN, ICB),
    Audience.PUBLIC: (PRACTICE, PCN, ICB),
}
"""Audience to the reporters that it is given."""


@dataclass(frozen=True)
class Reporter:
    """practices: ODS codes of those of its practices that are in the data, in order."""

    level: str
    code: str
    name: str | None
    practices: tuple[str, ...]


def reporters(areas: Iterable[Area], audience: Audience) -> tuple[Reporter, ...]:
    """Every reporter whose reports the audience gets; practices first, each level in order of code.

    A network that spans two boards is one reporter; its practices count in the board that each belongs to. What is not
    known of a practice (its network or board) has no reporter.

    Raises:
        UserError: one code is used for two kinds of organisation.
    """
    found: list[Reporter] = []
    for level in _LEVELS[audience]:
        found += _of_level(level, areas)
    codes = [reporter.code for reporter in found]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise UserError(
            f"organisation {twice[0]} is at once a practice, network or board. Fix the imported organisations file, "
            "or Organization.partOf at the source."
        )
    return tuple(found)


def area_names(areas: Iterable[Area]) -> dict[str, str]:
    """Name of each practice, network and board by code, where one is known."""
    named = [
        (code, name)
        for area in areas
        for code, name in (
            (area.practice_id, area.practice_name),
            (area.pcn_id, area.pcn_name),
            (area.icb_id, area.icb_name),
        )
    ]
    return {code: name for code, name in named if code and name}


def _of_level(level: str, areas: Iterable[Area]) -> list[Reporter]:
    names: dict[str, str | None] = {}
    members: dict[str, list[str]] = {}
    for area in areas:
        code, name = getattr(area, f"{level}_id"), getattr(area, f"{level}_name")
        if code is not None:
            names[code] = names.get(code) or name
            members.setdefault(code, []).append(area.practice_id)
    return [Reporter(level, code, names[code], tuple(sorted(members[code]))) for code in sorted(members)]


_PLAIN = re.compile(r"[A-Z0-9]{1,40}")
_DIGITS = 16
KINDS = {PRACTICE: "General practice", PCN: "Primary care network", ICB: "Integrated care board"}


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
        "type": [{"text": KINDS[reporter.level]}],
    }
    return resource | {"name": reporter.name} if reporter.name else resource

"""Practice to PCN to ICB on the reference date: by the imported file, else by what Organization.partOf says."""

from collections.abc import Iterable
from datetime import date

import msgspec

from hi_fhir.cohorts.imports import AreaFile, Membership
from hi_fhir.cohorts.inputs import Area
from hi_fhir.cohorts.organisations import Organisation, Organisations
from hi_fhir.tables.views.organization_kinds import ICB, PCN


def read_areas(
    practices: Iterable[str], organisations: Organisations, file: AreaFile | None, as_of: date
) -> list[Area]:
    """The area of each of `practices`, in their order.

    A practice that the file knows, on whatever day, is as the file says, for PCN and ICB alike: out of its days there
    it belongs to none that is known, since what partOf says may be the one that it left. Any other belongs to the
    nearest network and the nearest board among what it is part of, whatever else stands between; so does every
    practice for what the file tells of none, such as the boards where only ePCN was imported.
    """
    memberships = file.memberships if file else ()
    known = {m.practice: Membership(m.practice, None, None, None, None, m.practice_name) for m in memberships}
    known |= {m.practice: m for m in memberships if m.holds_on(as_of)}
    tells_pcn, tells_icb = any(m.pcn for m in memberships), any(m.icb for m in memberships)
    areas = []
    for practice in sorted(set(practices)):
        area, member = _by_part_of(practice, organisations), known.get(practice)
        if member and member.practice_name:
            area = msgspec.structs.replace(area, practice_name=member.practice_name)
        if member and tells_pcn:
            area = msgspec.structs.replace(
                area, pcn_id=member.pcn, pcn_name=member.pcn_name or _name(organisations, member.pcn)
            )
        if member and tells_icb:
            area = msgspec.structs.replace(
                area, icb_id=member.icb, icb_name=member.icb_name or _name(organisations, member.icb)
            )
        areas.append(area)
    return areas


def _name(organisations: Organisations, code: str | None) -> str | None:
    return next((one.name for one in organisations.of_code(code) if one.name), None) if code is not None else None


def _by_part_of(practice: str, organisations: Organisations) -> Area:
    wholes = [whole for own in organisations.of_code(practice) for whole in organisations.wholes(own)]
    pcn, icb = (_nearest(wholes, organisations, kind) for kind in (PCN, ICB))
    return Area(
        practice_id=practice,
        practice_name=_name(organisations, practice),
        pcn_id=pcn.code if pcn else None,
        pcn_name=pcn.name if pcn else None,
        icb_id=icb.code if icb else None,
        icb_name=icb.name if icb else None,
    )


def _nearest(wholes: Iterable[Organisation], organisations: Organisations, kind: str) -> Organisation | None:
    return next((one for one in wholes if one.code and organisations.kind_of(one) == kind), None)

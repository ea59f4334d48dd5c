"""Practice to PCN to ICB on the as-of day: by the imported file, else by what Organization.partOf says."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from hi_fhir.cohorts.imports import AreaFile, Membership
from hi_fhir.cohorts.inputs import Area


class _Organization(NamedTuple):
    code: str | None
    name: str | None
    parent: tuple[str, str] | None  # source and id


def read_areas(practices: Iterable[str], organizations: pa.Table, file: AreaFile | None, as_of: date) -> list[Area]:
    """The area of each of `practices`, in their order.

    A practice that the file knows, on whatever day, is as the file says, for PCN and ICB alike: out of its days there
    it belongs to none that is known, since what partOf says may be the one that it left. Any other follows partOf: its
    parent is its PCN, unless that is the parent of another parent, which makes it an ICB.
    """
    memberships = file.memberships if file else ()
    known = {m.practice: Membership(m.practice, None, None, None, None, m.practice_name) for m in memberships}
    known |= {m.practice: m for m in memberships if m.holds_on(as_of)}
    tree = _tree(organizations)
    by_code = {one.code: key for key, one in sorted(tree.items(), reverse=True) if one.code}
    areas = []
    for practice in sorted(set(practices)):
        own = tree.get(by_code.get(practice, ("", "")))
        member = known.get(practice)
        if member:
            name = member.practice_name or (own.name if own else None)
            pcn_name = member.pcn_name or _name(tree, by_code, member.pcn)
            icb_name = member.icb_name or _name(tree, by_code, member.icb)
            areas.append(Area(practice, name, member.pcn, pcn_name, member.icb, icb_name))
        else:
            areas.append(_by_part_of(practice, own, tree))
    return areas


def _tree(organizations: pa.Table) -> dict[tuple[str, str], _Organization]:
    return {
        (row["source_id"], row["organization_id"]): _Organization(
            row["ods_code"], row["name"], (row["source_id"], row["part_of_id"]) if row["part_of_id"] else None
        )
        for row in organizations.to_pylist()
    }


def _name(
    tree: Mapping[tuple[str, str], _Organization], by_code: Mapping[str, tuple[str, str]], code: str | None
) -> str | None:
    return tree[by_code[code]].name if code is not None and code in by_code else None


def _by_part_of(practice: str, own: _Organization | None, tree: Mapping[tuple[str, str], _Organization]) -> Area:
    parents = {one.parent for one in tree.values() if one.parent}
    wholes = {tree[parent].parent for parent in parents if parent in tree and tree[parent].parent}
    first = own.parent if own else None
    if first in wholes:
        pcn, icb = None, tree.get(first) if first else None
    else:
        pcn = tree.get(first) if first else None
        icb = tree.get(pcn.parent) if pcn and pcn.parent else None
    return Area(
        practice_id=practice,
        practice_name=own.name if own else None,
        pcn_id=pcn.code if pcn else None,
        pcn_name=pcn.name if pcn and pcn.code else None,
        icb_id=icb.code if icb else None,
        icb_name=icb.name if icb and icb.code else None,
    )

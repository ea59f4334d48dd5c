"""What the sandbox's people need beside FHIR, as CSV: value sets for missing lists, postcodes, memberships."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from hi_fhir.sandbox.people.codes import DEMONSTRATED
from hi_fhir.sandbox.people.model import Code, Postcode
from hi_fhir.sandbox.people.places import DIRECTORY, Region, SyntheticMembership

_HEAD = """\
# title: {title} (demonstration)
# version: 1
# source: made up for the sandbox's synthetic people
# retrieved: 2026-08-31
# licence: MIT; SNOMED CT codes (c) SNOMED International, used in the UK under the NHS TRUD licence
# reviewed_by: not to be reviewed, it is of no use outside the sandbox
# next_review: 2027-04-01
# state: demonstration
# reason: the sandbox's own codes stand in for a list that is not public
# unverified: false
"""


def value_sets() -> Iterator[tuple[str, bytes]]:
    """File name and content of each value set that the sandbox brings, in the project's own format."""
    for id_, codes in DEMONSTRATED.items():
        head = _HEAD.format(title=id_.replace("-", " ").capitalize())
        yield f"{id_}.csv", head.encode() + _table(("system", "code", "note"), map(_coding, codes))


def _coding(code: Code) -> tuple[str, str, str]:
    return (*code.codings[0], code.text)


def postcodes() -> bytes:
    """The directory with the column names of the ONS Postcode Directory."""
    return _table(("pcds", "lsoa11", "lsoa21"), map(_entry, DIRECTORY))


def _entry(postcode: Postcode) -> tuple[str, str, str]:
    place = postcode.place
    return postcode.text, (place and place.lsoa11) or "", (place and place.lsoa21) or ""


def organisations(region: Region) -> bytes:
    """Memberships of practices, each with its days."""
    columns = ("practice", "pcn", "icb", "valid_from", "valid_to", "practice_name", "pcn_name", "icb_name")
    return _table(columns, map(_membership, region.memberships))


def _membership(one: SyntheticMembership) -> tuple[str, ...]:
    codes = (one.practice.ods_code, one.pcn.ods_code if one.pcn else "", one.icb.ods_code)
    names = (one.practice.name, one.pcn.name if one.pcn else "", one.icb.name)
    return (*codes, _day(one.first), _day(one.last), *names)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()

"""The organisations of which a reader has numbers, as pages call them."""

from functools import lru_cache
from typing import NamedTuple

import orjson
from sqlalchemy import Connection

from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.gzipped import inflated
from hi_fhir.reports.reporters import KINDS, organisation_id
from hi_fhir.store.criteria import Reader
from hi_fhir.store.search import StoredVersion, every_organisation, read_organisation


class PageArea(NamedTuple):
    """code: ODS. kind: as of KINDS, practice, pcn or icb."""

    code: str
    name: str
    kind: str

    @property
    def kind_name(self) -> str:
        return KINDS[self.kind]


def areas(connection: Connection, reader: Reader) -> list[PageArea]:
    """Boards first, then networks, then practices, each in order of name."""
    found = every_organisation(connection, reader)
    order = list(reversed(KINDS))
    return sorted(map(_area, found), key=lambda area: (order.index(area.kind), area.name, area.code))


def area(connection: Connection, reader: Reader, code: str) -> PageArea:
    """
    Raises:
        NotFoundError: the reader has nothing of such an organisation, whether or not there is one.
    """
    stored = read_organisation(connection, reader, organisation_id(code))
    if stored is None:
        raise NotFoundError(f"nothing is here of an organisation {code}")
    return _area(stored)


def _area(stored: StoredVersion) -> PageArea:
    return _of_file(stored.file)


@lru_cache(maxsize=16_384)
def _of_file(file: bytes) -> PageArea:
    """file: an Organization as the store keeps it."""
    resource = orjson.loads(inflated(file))
    [code] = (one["value"] for one in resource["identifier"])
    [kind] = (kind for kind, name in KINDS.items() if name == resource["type"][0]["text"])
    return PageArea(code, resource.get("name", code), kind)

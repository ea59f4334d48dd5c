"""The sandbox's resources: JSON bytes in memory by type and id, made once and sent as they are.

Not a product store: nothing is written to disk, and all of it is gone when the sandbox ends.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Any

import orjson

from hi_fhir.fhir.rest.bundles import Entry
from hi_fhir.fhir.rest.declarations import LAST_UPDATED, PARAMETERS
from hi_fhir.fhir.rest.intervals import EARLIEST, Interval, interval_of
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.fhir.rest.values import DateTest
from hi_fhir.sandbox.index import Index


@dataclass(frozen=True, slots=True)
class Stored(Entry):
    """One version of a resource. `updated`: the span of its lastUpdated. It never changes; a newer takes its place."""

    version: int
    updated: Interval

    def resource(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


class Memory:
    """Resources by type and id. `at`: when everything happens that is written here.

    `revision` counts changes: two searches at the same revision find the same.
    """

    def __init__(self, resources: Iterable[dict[str, Any]], at: datetime) -> None:
        self.revision = 0
        self._at = instant_text(at)
        self._lock = RLock()
        self._held: dict[str, dict[str, Stored]] = {type_: {} for type_ in PARAMETERS}
        self._indexes = {type_: Index(type_) for type_ in PARAMETERS}
        self._deleted: dict[tuple[str, str], int] = {}
        self._made = 0
        for resource in resources:
            meta = resource.get("meta") or {}
            self._keep(resource, str(meta.get("versionId", "")), meta.get("lastUpdated") or self._at)

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """Keep others from writing, so that what is decided together is done together."""
        with self._lock:
            yield

    def read(self, type_: str, id_: str) -> Stored:
        """The current version.

        Raises:
            FhirError: 404, or 410 when it was deleted.
        """
        stored = self.peek(type_, id_)
        if stored is not None:
            return stored
        if (type_, id_) in self._deleted:
            raise FhirError(410, f"this {type_} was deleted.")
        raise FhirError(404, f"there is no such {type_}.")

    def peek(self, type_: str, id_: str) -> Stored | None:
        return self._of_type(type_).get(id_)

    def deleted(self) -> list[tuple[str, str]]:
        """(type, id) of what was deleted and has not come back."""
        with self._lock:
            return list(self._deleted)

    def find(self, search: ParsedSearch) -> list[Stored]:
        """Every hit, in the order of `_sort`, else in the order that they came."""
        with self._lock:
            held = self._of_type(search.type)
            ids = self._indexes[search.type].candidates(search)
            pool = list(held.values()) if ids is None else [held[id_] for id_ in ids if id_ in held]
        is_hit = _hit_test(search)
        return _sorted([stored for stored in pool if is_hit(stored)], search.sort)

    def write(self, resource: dict[str, Any], id_: str) -> tuple[Stored, bool]:
        """Keep a resource under `id_`: what is held now, and whether it is new. No change makes no new version."""
        with self._lock:
            type_ = resource["resourceType"]
            known = self.peek(type_, id_)
            resource = {**resource, "id": id_}
            if known and _content(known.resource()) == _content(resource):
                return known, False
            past = known.version if known else self._deleted.pop((type_, id_), 0)
            return self._keep(resource, str(past + 1), self._at), known is None

    def new_id(self, type_: str) -> str:
        """An id that nobody has."""
        with self._lock:
            while True:
                self._made += 1
                id_ = f"made-{self._made}"
                if id_ not in self._of_type(type_):
                    return id_

    def delete(self, type_: str, id_: str) -> None:
        """Forget a resource; nothing happens where there is none."""
        with self._lock:
            stored = self._of_type(type_).pop(id_, None)
            if stored:
                self._indexes[type_].remove(id_, stored.resource())
                self._deleted[type_, id_] = stored.version
                self.revision += 1

    def _keep(self, resource: dict[str, Any], version: str, updated: str) -> Stored:
        type_, id_ = resource["resourceType"], resource["id"]
        number = int(version) if version.isdecimal() else 1
        meta = {**(resource.get("meta") or {}), "versionId": str(number), "lastUpdated": updated}
        body = _exact(orjson.dumps({"resourceType": type_, "id": id_, "meta": meta} | {**resource, "meta": meta}))
        past = self._of_type(type_).get(id_)
        if past:
            self._indexes[type_].remove(id_, past.resource())
        stored = Stored(type_, id_, body, number, interval_of(updated) or Interval(EARLIEST, EARLIEST))
        self._held[type_][id_] = stored
        self._indexes[type_].add(id_, resource)
        self.revision += 1
        return stored

    def _of_type(self, type_: str) -> dict[str, Stored]:
        try:
            return self._held[type_]
        except KeyError:
            raise FhirError(404, f"{type_[:64]} is not a resource type served here.", code="not-supported") from None


def _exact(body: bytes) -> bytes:
    """A copy: what orjson returns keeps its whole buffer, five times the size of a usual resource."""
    return bytes(memoryview(body))


def instant_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _hit_test(search: ParsedSearch) -> Callable[[Stored], bool]:
    """A test that reads a resource's JSON only where its id and lastUpdated do not decide."""
    dates = [
        criterion for criterion in search.criteria if criterion.parameter is LAST_UPDATED and not criterion.modifier
    ]
    rest = [criterion for criterion in search.criteria if criterion not in dates]

    def is_hit(stored: Stored) -> bool:
        for criterion in dates:
            if not any(isinstance(value, DateTest) and value.holds(stored.updated) for value in criterion.values):
                return False
        if not rest:
            return True
        resource = stored.resource()
        return all(criterion.holds(resource) for criterion in rest)

    return is_hit


def _sorted(found: list[Stored], sort: tuple[str, ...]) -> list[Stored]:
    for name in reversed(sort):
        key = _SORT_KEYS[name.removeprefix("-")]
        found.sort(key=key, reverse=name.startswith("-"))
    return found


_SORT_KEYS: dict[str, Callable[[Stored], Any]] = {
    "_id": lambda stored: stored.id,
    "_lastUpdated": lambda stored: stored.updated.low,
}
SORTABLE = tuple(_SORT_KEYS)


def _content(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource without what the server itself writes."""
    meta = {name: value for name, value in (resource.get("meta") or {}).items() if name not in _OWN_META}
    return {**resource, "meta": meta}


_OWN_META = ("versionId", "lastUpdated")

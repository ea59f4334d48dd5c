"""What a server has of ours, asked of it: what was sent is our memory, and a server may have been emptied since.

Searches by identifier, several at once, that bring no more than the few elements by which a resource of ours is known
again. Where a server does not answer them, nothing is known; whatever it may not have can be sent again without harm.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.rest.spelling import written, written_alternatives, written_token
from hi_fhir.reports.sending.updates import Update

_A_SEARCH = 40  # an address of 4 KB with identifiers of 80 characters; servers take 8 KB
_NOT_SERVED = (400, 403, 404, 405, 406, 410, 413, 414, 415, 422, 501)
_THEIR_OWN = ("id", "meta", "text")

Json = dict[str, Any]


@dataclass(frozen=True)
class Present:
    """A report that the server has. location: type and id. version: as it counts them. reporter: likewise type and id,
    where the report refers to one."""

    location: str
    version: str | None
    reporter: str | None


class _Bundle(msgspec.Struct):
    entry: list[dict[str, Any]] = []
    link: list[dict[str, Any]] = []


class Presence:
    """Asks one server what it has. None where it does not say.

    Raises from each method:
        SourceError: the server cannot be reached, fails for longer than it is tried, or refuses us.
    """

    def __init__(self, client: FhirClient) -> None:
        self._client = client
        self._decode = msgspec.json.Decoder(_Bundle).decode

    def reports(self, system: str, identifiers: Sequence[str]) -> dict[str, Present] | None:
        """The reports with these identifiers by identifier; one that is there twice is left out."""
        found = self._by_identifier("MeasureReport", [(system, value) for value in identifiers], "reporter")
        if found is None:
            return None
        return {value: _present(several[0]) for (_, value), several in found.items() if len(several) == 1}

    def organisations(self, identifiers: Sequence[tuple[str, str]]) -> frozenset[str] | None:
        """Type and id of the Organizations with these identifiers, each a system and value."""
        found = self._by_identifier("Organization", identifiers)
        return None if found is None else frozenset(_location(one) for several in found.values() for one in several)

    def definitions(self, entries: Sequence[Update]) -> frozenset[str] | None:
        """Keys of those of the entries, found by URL and version, that the server has as they are sent."""
        ours = {(entry.resource["url"], entry.resource["version"]): entry for entry in entries}
        there: set[str] = set()
        for type_ in sorted({entry.type for entry in entries}):
            urls = sorted(url for (url, _), entry in ours.items() if entry.type == type_)
            found = self._all(type_, "url", urls, written, "")
            if found is None:
                return None
            for resource in found:
                entry = ours.get((resource.get("url"), resource.get("version")))
                if entry is not None and _says(resource, entry.resource):
                    there.add(entry.key)
        return frozenset(there)

    def _by_identifier(
        self, type_: str, identifiers: Sequence[tuple[str, str]], *elements: str
    ) -> dict[tuple[str, str], list[Json]] | None:
        """The resources that bear each of the identifiers; other resources, which a server may bring along, do not."""
        only = f"&_elements={','.join(('id', 'meta', 'identifier', *elements))}"
        found = self._all(type_, "identifier", identifiers, lambda token: written_token(*token), only)
        if found is None:
            return None
        bearing: dict[tuple[str, str], list[Json]] = {}
        asked = set(identifiers)
        for resource in found:
            for own in asked.intersection(_identifiers(resource)):
                bearing.setdefault(own, []).append(resource)
        return bearing

    def _all(
        self, type_: str, parameter: str, values: Sequence[Any], write: Callable[[Any], str], only: str
    ) -> list[Json] | None:
        """All of a type of which the parameter is one of the values."""
        found: list[Json] = []
        for batch in _batches(values):
            alternatives = quote(written_alternatives(map(write, batch)), safe="")
            query = f"{parameter}={alternatives}&_count={len(batch)}{only}"
            try:
                found += self._pages(type_, f"{self._client.base}/{type_}?{query}", len(batch))
            except SourceError as error:
                if error.status in _NOT_SERVED:
                    return None
                raise
        return found

    def _pages(self, type_: str, url: str, most: int) -> Iterator[Json]:
        """Page by page, at most as many as there are values asked for, whatever links a server goes on to give."""
        what = f"search of {type_}"
        for _ in range(most):
            request = Request(what, url, headers={"Prefer": "handling=lenient"})  # `_elements` is not served everywhere
            bundle, _response = self._client.resource(request, self._decode)
            resources = (entry.get("resource") for entry in bundle.entry)
            yield from (one for one in resources if isinstance(one, dict) and one.get("resourceType") == type_)
            following = next((link.get("url") for link in bundle.link if link.get("relation") == "next"), None)
            if not isinstance(following, str):
                return
            url = self._client.follow(following, url, what)


def _batches(values: Sequence[Any]) -> Iterator[list[Any]]:
    rest = iter(values)
    while batch := list(islice(rest, _A_SEARCH)):
        yield batch


def _present(resource: Json) -> Present:
    meta, reporter = resource.get("meta"), resource.get("reporter")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    reference = reporter.get("reference") if isinstance(reporter, dict) else None
    last = "/".join(reference.split("/")[-2:]) if isinstance(reference, str) else None
    return Present(_location(resource), version if isinstance(version, str) else None, last)


def _location(resource: Json) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def _identifiers(resource: Json) -> Iterable[tuple[str, str]]:
    identifiers = resource.get("identifier")
    for one in identifiers if isinstance(identifiers, list) else ():
        if isinstance(one, dict) and isinstance(one.get("value"), str):
            yield str(one.get("system") or ""), one["value"]


def _says(there: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    """Whether a resource says all that ours does; what a server adds, and its own narrative, is its affair."""
    return all(there.get(name) == value for name, value in ours.items() if name not in _THEIR_OWN)

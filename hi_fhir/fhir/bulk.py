"""Bulk Data Access as a client sees it: kick-off and polling.

Source: FHIR Bulk Data Access 3.0.0, of which 2.0.0 is a part.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.bulk_manifest import Manifest, is_manifest, manifest_of
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.responses import (
    FhirResponse,
    check_beginning,
    check_status,
    described,
    is_transient,
    outcome_error,
    read_json,
)

NDJSON = "application/fhir+ndjson"
GONE = frozenset({403, 404, 410})
"""What a link answers that has expired; signed links to a storage answer 403, as does whoever forbids it."""

_STATUS = "export status"
_MOST_PAGES = 1_000


class Waiting(NamedTuple):
    """The export goes on; `headers` may say when to ask again. too_soon: the server was asked too often (429)."""

    headers: Mapping[str, str]
    too_soon: bool = False


def kick_off(client: FhirClient, level: str, types: Sequence[str], filters: Sequence[str]) -> str:
    """Start an export and return the address of its status.

    level: "" for the whole system, "/Patient", or "/Group/ID". filters: `_typeFilter` values, a search each.

    Raises:
        SourceError: http-status and the like, or no-status-address.
    """
    query = [("_outputFormat", NDJSON), ("_type", ",".join(types)), *(("_typeFilter", text) for text in filters)]
    address = f"{client.base}{level}/$export?{urlencode(query)}"

    def read(response: FhirResponse) -> tuple[str, str]:
        check_status(response)
        status = response.headers.get("Content-Location")
        if status:
            return status, response.url
        check_beginning(response, response.body)
        untold = response.error("no-status-address", "does not say where the state of the export is told")
        raise outcome_error(response, response.body) or untold

    status, url = client.exchange(Request("export kick-off", address, headers={"Prefer": "respond-async"}), read)
    return client.follow(status, url, _STATUS)


def type_filter(type_: str, parameter: str, value: str) -> str:
    """A `_typeFilter` value. It is a query, so it is encoded itself before it becomes a parameter."""
    return f"{type_}?{parameter}={quote(value, safe='')}"


def poll(client: FhirClient, status: str) -> Manifest | Waiting:
    """The manifest of a finished export, with all its pages.

    Raises:
        SourceError: export-gone where the server does not know the export, http-status where it failed, not-a-manifest
            or operation-outcome where it answers with anything else.
    """

    def read(response: FhirResponse) -> Manifest | Waiting:
        if response.status in (202, 429):
            return Waiting(response.headers, too_soon=response.status == 429)
        if response.status in (404, 410):
            raise response.error("export-gone", f"is {response.status}: the server does not know the export")
        if response.status >= 400 and is_transient(response):
            raise response.error("http-status", f"is {response.status}", retryable=True)
        return _read_manifest(response)

    request = Request(_STATUS, status, headers={"Accept": "application/json"}, taken=frozenset({429}))
    found = client.exchange(request, read)
    return found if isinstance(found, Waiting) else _with_pages(client, found, status)


def _with_pages(client: FhirClient, first: Manifest, status: str) -> Manifest:
    """Partial manifests share everything but their files."""
    pages, url, seen = [first], status, {status}
    while following := next((link.url for link in pages[-1].link or () if link.relation == "next"), None):
        url = client.follow(following, url, _STATUS)
        if url in seen or len(seen) > _MOST_PAGES:
            raise SourceError(
                f"{client.name}: {_STATUS}: the manifest's next links go in a circle.", kind="next-link-loop"
            )
        seen.add(url)
        pages.append(client.exchange(Request(_STATUS, url), _read_manifest))
    return msgspec.structs.replace(
        first,
        output=[file for page in pages for file in page.output or ()],
        deleted=[file for page in pages for file in page.deleted or ()],
        error=[file for page in pages for file in page.error or ()],
        link=None,
    )


def _read_manifest(response: FhirResponse) -> Manifest:
    """The manifest that a response is.

    Raises:
        SourceError: it is something else, whatever its status says.
    """
    check_status(response)
    check_beginning(response, response.body)
    if not response.body.lstrip().startswith(b"{"):
        raise response.error("not-a-manifest", "is not the manifest of an export, nor any JSON object")
    found = read_json(response, msgspec.json.Decoder(dict[str, Any]).decode)
    if "resourceType" in found or not is_manifest(found):
        kind = described(found.get("resourceType"))
        raise outcome_error(response, response.body) or response.error(
            "not-a-manifest", f"is not the manifest of an export, but {kind}"
        )
    try:
        return manifest_of(found)
    except ValueError as error:
        raise response.error("not-a-manifest", f"is a manifest that {error}") from error

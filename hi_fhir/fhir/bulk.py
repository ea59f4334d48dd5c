"""Bulk Data Access as a client sees it: kick-off, polling, and the manifest of files.

Source: FHIR Bulk Data Access 3.0.0, of which 2.0.0 is a part. Servers leave out fields that it requires, so all are
optional here.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.answers import Answer, check_beginning, check_status, is_passing_failure, outcome_error, read_json
from hi_fhir.fhir.client import FhirClient, Request

NDJSON = "application/fhir+ndjson"
GONE = frozenset({403, 404, 410})
"""What a link answers that has expired; signed links to a storage answer 403, as does whoever forbids it."""

_STATUS = "export status"
_MOST_PAGES = 1_000


class File(msgspec.Struct, frozen=True):
    """One file of an export. count: of its resources, where the server says."""

    type: str = ""
    url: str = ""
    count: int | None = None


class _Link(msgspec.Struct, frozen=True):
    relation: str = ""
    url: str = ""


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """What an export has to offer."""

    transaction_time: str | None = None
    requires_access_token: bool | None = None
    output: list[File] | None = None
    deleted: list[File] | None = None
    error: list[File] | None = None
    link: list[_Link] | None = None

    @property
    def with_token(self) -> bool:
        """Whether files are asked for with the token: not where the server says that none is needed."""
        return self.requires_access_token is not False


class Waiting(NamedTuple):
    """The export goes on; `headers` may say when to ask again."""

    headers: Mapping[str, str]


def kick_off(client: FhirClient, level: str, types: Sequence[str], filters: Sequence[str]) -> str:
    """Start an export and return the address of its status.

    level: "" for the whole system, "/Patient", or "/Group/ID". filters: `_typeFilter` values, a search each.

    Raises:
        SourceError: http-status and the like, or no-status-address.
    """
    query = [("_outputFormat", NDJSON), ("_type", ",".join(types)), *(("_typeFilter", text) for text in filters)]
    address = f"{client.base}{level}/$export?{urlencode(query)}"

    def read(answer: Answer) -> tuple[str, str]:
        check_status(answer)
        status = answer.headers.get("Content-Location")
        if status:
            return status, answer.url
        check_beginning(answer, answer.body)
        untold = answer.error("no-status-address", "does not say where the state of the export is told")
        raise outcome_error(answer, answer.body) or untold

    status, url = client.exchange(Request("export kick-off", address, headers={"Prefer": "respond-async"}), read)
    return client.follow(status, url, _STATUS)


def type_filter(type_: str, parameter: str, value: str) -> str:
    """A `_typeFilter` value. It is a query, so it is encoded itself before it becomes a parameter."""
    return f"{type_}?{parameter}={quote(value, safe='')}"


def poll(client: FhirClient, status: str) -> Manifest | Waiting:
    """The manifest of a finished export, with all its pages.

    Raises:
        SourceError: export-gone where the server does not know the export, http-status where it failed.
    """

    def read(answer: Answer) -> Manifest | Waiting:
        if answer.status == 202:
            return Waiting(answer.headers)
        if answer.status in (404, 410):
            raise answer.error("export-gone", f"is {answer.status}: the server does not know the export")
        if answer.status >= 400 and is_passing_failure(answer):
            raise answer.error("http-status", f"is {answer.status}", retryable=True)
        return read_json(answer, msgspec.json.Decoder(Manifest).decode)

    found = client.exchange(Request(_STATUS, status, headers={"Accept": "application/json"}), read)
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
        page, _ = client.resource(Request(_STATUS, url), msgspec.json.Decoder(Manifest).decode)
        pages.append(page)
    return msgspec.structs.replace(
        first,
        output=[file for page in pages for file in page.output or ()],
        deleted=[file for page in pages for file in page.deleted or ()],
        error=[file for page in pages for file in page.error or ()],
        link=None,
    )

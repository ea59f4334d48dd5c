"""The files of an export: shared out between lanes, downloaded side by side, and landed as they are."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Literal, NamedTuple

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir import bulk
from hi_fhir.fhir.bodies import Limit
from hi_fhir.fhir.bulk_manifest import ExportFile, Manifest
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.responses import FhirResponse, check_status, outcome_error
from hi_fhir.sources.chunks import Lane
from hi_fhir.sources.lines import record_pieces
from hi_fhir.sources.messages import OUTCOMES
from hi_fhir.sources.packed import PackedError, is_gzip, is_zip, unpacked
from hi_fhir.sources.pulls import Pull
from hi_fhir.tables.tombstones import DELETED_FOLDER
from hi_fhir.tables.views.registry import RESOURCE_TYPES

UNKNOWN_TYPE = "Resource"
"""Of lanes whose files are of a type that we do not know, or of none; flatten looks at each line."""

_JSON = frozenset({"application/fhir+json", "application/json"})


class FileLane(NamedTuple):
    """Files of one type, one after the other. A lane of messages counts its lines and lands none."""

    files: tuple[ExportFile, ...]
    lane: Lane

    @property
    def is_of_messages(self) -> bool:
        return self.lane.type == OUTCOMES

    @property
    def done(self) -> int:
        """How many of the files are landed."""
        return int(self.lane.at.position.get("files", 0))


class _Binary(msgspec.Struct, rename="camel"):
    resource_type: Literal["Binary"]
    data: str


def lanes_of(pull: Pull, manifest: Manifest) -> list[FileLane]:
    """The files of each type shared out between as many lanes as may work side by side."""
    files: dict[str, list[ExportFile]] = defaultdict(list)
    for file in manifest.output or ():
        files[file.type if file.type in RESOURCE_TYPES else UNKNOWN_TYPE].append(file)
    files[DELETED_FOLDER] += manifest.deleted or ()
    files[OUTCOMES] += manifest.error or ()
    lanes = []
    for type_, mine in sorted(files.items()):
        share = 1 if type_ == OUTCOMES else min(len(mine), pull.config.slices)
        lanes += [
            FileLane(tuple(mine[number::share]), pull.lane(type_, f"export-{number:02d}"))
            for number in range(share)
            if mine
        ]
    return lanes


def land_files(pull: Pull, client: FhirClient, manifest: Manifest, lanes: Sequence[FileLane]) -> list[SourceError]:
    """Land all files that are not landed yet; the answers of links that seem to have expired.

    Raises:
        SourceError: a file failed for longer than it is tried.
    """
    expired: list[SourceError] = []

    def land(lane: FileLane) -> None:
        try:
            _land_lane(pull, client, manifest.with_token, lane)
        except SourceError as error:
            if error.status not in bulk.GONE:
                raise
            expired.append(error)

    pull.side_by_side(partial(land, lane) for lane in lanes if not lane.lane.done)
    return expired


def _land_lane(pull: Pull, client: FhirClient, with_token: bool, lane: FileLane) -> None:
    for file in lane.files[lane.done :]:
        if pull.stop.is_asked():
            return
        what, accept = f"export file of {lane.lane.type}", {"Accept": bulk.NDJSON}
        request = Request(what, client.place(file.url), headers=accept, with_token=with_token, anywhere=True)
        read = _count_messages if lane.is_of_messages else _land_response
        client.exchange(request, partial(read, lane.lane, pull))
    lane.lane.finish()


def _land_response(lane: Lane, pull: Pull, response: FhirResponse) -> None:
    """Land one file. What an earlier try of it landed is dropped first."""
    lane.rollback()
    before = lane.landed
    for piece in record_pieces(_content(response, pull.config.unpacked_limit_mb << 20)):
        if piece.lines:
            lane.append(piece.lines, piece.records)
        lane.add_messages(piece.messages)
        if pull.stop.is_asked():
            return
    lane.checkpoint(files=int(lane.at.position.get("files", 0)) + 1)
    pull.progress.advance(lane.landed - before)


def _count_messages(lane: Lane, pull: Pull, response: FhirResponse) -> None:
    lane.rollback()
    for piece in record_pieces(_content(response, pull.config.unpacked_limit_mb << 20, of_messages=True)):
        lane.add_messages([*piece.messages, *piece.lines.splitlines()])
    lane.checkpoint(files=int(lane.at.position.get("files", 0)) + 1)


def _content(response: FhirResponse, limit: int, *, of_messages: bool = False) -> Iterator[bytes]:
    """The NDJSON of a file: out of the gzip that some servers do not announce, or the Binary that some wrap it in.

    limit: bytes that it may come to when unpacked. of_messages: whether it is to hold what elsewhere stands in place of
    a result.

    Raises:
        SourceError: http-status, forbidden, html-body, operation-outcome, truncated-body, unpacked-too-large.
    """
    check_status(response)
    blocks = response.blocks(Limit(limit >> 20, "unpacked_limit_mb", whole=False))
    first = next(blocks, b"")
    if is_gzip(first):
        blocks = _unzipped(response, chain([first], blocks), limit)
        first = next(blocks, b"")
    if is_zip(first):
        raise response.error("unreadable-body", "is a zip file where NDJSON was asked for")
    start = first[:500].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        raise response.error("html-body", "is a page of HTML or XML where NDJSON was asked for")
    error = None if of_messages else outcome_error(response, first.partition(b"\n")[0])
    if error:
        raise error
    if (response.content_type in _JSON and b"\n{" not in first) or b'"Binary"' in start:
        return iter([_unwrapped(response, response.whole(chain([first], blocks)), of_messages=of_messages)])
    return _to_the_end(response, chain([first], blocks))


def _unzipped(response: FhirResponse, blocks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    try:
        yield from unpacked(blocks, limit)
    except PackedError as error:
        kind = "truncated-body" if error.is_cut else "unpacked-too-large"
        raise response.error(kind, str(error), retryable=error.is_cut) from error


def _unwrapped(response: FhirResponse, body: bytes, *, of_messages: bool) -> bytes:
    try:
        return base64.b64decode(msgspec.json.decode(body, type=_Binary).data, validate=True)
    except binascii.Error as error:
        raise response.error("unreadable-body", "is a Binary that is not in base 64") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error_in_place = None if of_messages else outcome_error(response, body)
        if error_in_place:
            raise error_in_place from None
        return body


def _to_the_end(response: FhirResponse, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks; where the server announced no length, only a last newline shows that nothing is missing."""
    last = b"\n"
    for block in blocks:
        if block:
            last = block
            yield block
    announced = "Content-Length" in response.headers or "chunked" in response.headers.get("Transfer-Encoding", "")
    if not announced and not last.endswith(b"\n"):
        raise response.error("truncated-body", "ended within a line", retryable=True)

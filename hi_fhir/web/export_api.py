"""`$export` of all MeasureReports that a client may have, as NDJSON in parts.

The reports are in the store, so that an export is settled when it is asked for: its status is never "in progress", and
a restart of the service ends none. Source: HL7 FHIR Bulk Data Access 3.0.0, export operation.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import orjson
from flask import Blueprint, Response, request

from hi_fhir.core.clock import Clock
from hi_fhir.core.gzipped import gzipped, joined
from hi_fhir.fhir.rest.headers import accepts_gzip, http_date
from hi_fhir.fhir.rest.intervals import read_interval
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.preferences import is_for_later, is_lenient
from hi_fhir.store import exports as store
from hi_fhir.store.criteria import Reader
from hi_fhir.store.export_models import ExportRow
from hi_fhir.store.session import Store
from hi_fhir.store.subscriptions import contents, readable
from hi_fhir.web.readers import ReaderOf
from hi_fhir.web.responses import base_url
from hi_fhir.web.served import as_entry

NAME = "export"
DEFINITION = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"
FILE_ENDPOINT = "export_file"
_TYPE = "MeasureReport"
_NDJSON = "application/fhir+ndjson"
_FORMATS = (_NDJSON, "application/ndjson", "ndjson")
_PART = 500  # reports of a file: at 170 kB 85 MB, or 3 MB as gzip
_AT_ONCE = 20  # reports that are held while a file is sent
_MOST = 5  # exports of a client at a time
_KEPT = timedelta(days=1)


class ExportViews:
    """needs_token: whether a client has to show one, as manifests say."""

    def __init__(self, store_: Store, clock: Clock, reader_of: ReaderOf, *, needs_token: bool) -> None:
        self._store = store_
        self._clock = clock
        self._reader_of = reader_of
        self._needs_token = needs_token

    def add_to(self, blueprint: Blueprint) -> None:
        """The routes, below the FHIR base."""
        blueprint.add_url_rule("/$export", "export", self.begin)
        blueprint.add_url_rule("/$export/<id_>", "export_status", self.status)
        blueprint.add_url_rule("/$export/<id_>", "export_end", self.end, methods=["DELETE"])
        blueprint.add_url_rule("/$export/<id_>/<int:part>.ndjson", FILE_ENDPOINT, self.file)

    def begin(self) -> Response:
        reader = self._reader_of(request)
        if not is_for_later(request.headers.get("Prefer", "")):
            raise FhirError(400, "an export is asked for with the header Prefer: respond-async.", code="required")
        since = _asked()
        now = self._clock.now()
        with self._store.write() as session:
            if len(store.exports_of(session, reader, now)) >= _MOST:
                told = f"{_MOST} exports of yours are there. End one (DELETE its status URL), or wait."
                raise FhirError(429, told, code="throttled", headers={"Retry-After": "60"})
            reports = store.exported_reports(session, reader, since)
            asked = f"{base_url()}/$export?{request.query_string.decode('ascii', 'replace')}".rstrip("?")
            id_ = store.begin_export(session, reader, asked, reports, now, now + _KEPT)
        return Response(status=202, headers={"Content-Location": f"{base_url()}/$export/{id_}"})

    def status(self, id_: str) -> Response:
        """The manifest."""
        reader = self._reader_of(request)
        with self._store.read() as session:
            row = _own(store.export_of(session, reader, id_, self._clock.now()))
            manifest = self._manifest(row)
            expires = http_date(row.expires_at)
        return Response(orjson.dumps(manifest), content_type="application/json", headers={"Expires": expires})

    def end(self, id_: str) -> Response:
        reader = self._reader_of(request)
        with self._store.write() as session:
            session.delete(_own(store.export_of(session, reader, id_, self._clock.now())))
        return Response(status=202)

    def file(self, id_: str, part: int) -> Response:
        """A part: of its reports those that the client may have still."""
        reader = self._reader_of(request)
        with self._store.read() as session:
            row = _own(store.export_of(session, reader, id_, self._clock.now()))
            reports = row.reports[part * _PART : (part + 1) * _PART]
        if not reports:
            raise FhirError(404, "there is no such part.")
        as_gzip = accepts_gzip(request.headers.get("Accept-Encoding", ""))
        lines = self._lines(reader, reports)
        response = Response((gzipped(piece) for piece in lines) if as_gzip else lines, content_type=_NDJSON)
        if as_gzip:  # members one after the other, which is gzip too
            response.headers["Content-Encoding"] = "gzip"
        return response

    def _lines(self, reader: Reader, reports: Sequence[int]) -> Iterator[bytes]:
        for start in range(0, len(reports), _AT_ONCE):
            some = reports[start : start + _AT_ONCE]
            with self._store.read() as session:
                found = contents(session, readable(session, reader, some))
            lines = [joined(as_entry(_TYPE, found[one]).parts) + b"\n" for one in some if one in found]
            if lines:
                yield b"".join(lines)

    def _manifest(self, row: ExportRow) -> dict[str, object]:
        base = f"{base_url()}/$export/{row.export_id}"
        count = len(row.reports)
        return {
            "transactionTime": row.recorded_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "request": row.request,
            "requiresAccessToken": self._needs_token,
            "output": [
                {"type": _TYPE, "url": f"{base}/{part}.ndjson", "count": min(_PART, count - part * _PART)}
                for part in range(-(-count // _PART))
            ],
            "error": [],
        }


def _own(row: ExportRow | None) -> ExportRow:
    if row is None:
        raise FhirError(404, "there is no such export.")
    return row


def _asked() -> datetime | None:
    """The instant of `_since`; None: from the beginning.

    Raises:
        FhirError: 400, something is asked for that an export has not; a client may have it passed over.
    """
    lenient = is_lenient(request.headers.get("Prefer", ""))
    since = None
    for name, value in request.args.items(multi=True):
        if name == "_since":
            try:
                since = read_interval(value.replace(" ", "+")).low
            except (ValueError, OverflowError) as error:
                raise FhirError(400, "_since is an instant.", code="value") from error
        elif name == "_outputFormat":
            if value.replace(" ", "+") not in _FORMATS:
                raise FhirError(400, f"_outputFormat is {_NDJSON}.", code="value")
        elif name == "_type":
            if _TYPE not in value.split(",") or (not lenient and value != _TYPE):
                raise FhirError(400, f"_type is {_TYPE}; the other types are searched.", code="value")
        elif not lenient:
            raise FhirError(400, "a parameter is not one of _since, _type, _outputFormat.", code="not-supported")
    return since

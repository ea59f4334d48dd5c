"""The views of Bulk Data exports: kick-off, status, cancelling, files."""

import gzip

import orjson
from flask import Response, request

from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.preferences import is_for_later
from hi_fhir.sandbox.export_requests import NDJSON, read_request
from hi_fhir.sandbox.exports import EVERYONE, Exports
from hi_fhir.sandbox.views.responses import base_url

_FAST = 1  # gzip's level: the files are read once


class Exporting:
    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    def system(self) -> Response:
        return self._begin(whole_system=True)

    def patients(self) -> Response:
        return self._begin(whole_system=False)

    def group(self, id_: str) -> Response:
        if id_ != EVERYONE:
            raise FhirError(404, f"there is no such Group; '{EVERYONE}' has every patient.")
        return self._begin(whole_system=False)

    def status(self) -> Response:
        job = self._exports.job(request.args.get("_jobId", ""))
        if not self._exports.is_done(job):
            return Response(status=202, headers={"X-Progress": "in progress", "Retry-After": "1"})
        manifest = self._exports.manifest(job, base_url())
        return Response(orjson.dumps(manifest), content_type="application/json")

    def cancel(self) -> Response:
        self._exports.delete(request.args.get("_jobId", ""))
        return Response(status=202)

    def file(self, name: str) -> Response:
        lines = self._exports.file(name)
        response = Response(lines, content_type=NDJSON)
        if request.accept_encodings["gzip"]:
            response.set_data(gzip.compress(lines, _FAST, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response

    def _begin(self, *, whole_system: bool) -> Response:
        if not is_for_later(request.headers.get("Prefer", "")):
            raise FhirError(400, "an export is asynchronous: send Prefer: respond-async.")
        asked = read_request([*request.args.items(multi=True)], whole_system=whole_system)
        job = self._exports.begin(request.url, asked)
        where = f"{base_url()}/$export-poll-status?_jobId={job.id}"
        return Response(status=202, headers={"Content-Location": where})

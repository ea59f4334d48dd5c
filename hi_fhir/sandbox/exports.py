"""Bulk Data exports: jobs that take two polls, and the NDJSON behind the links of their manifests.

Source: FHIR Bulk Data Access 3.0.0. Jobs live in memory; a file is put together when it is fetched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

import orjson

from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.sandbox.export_requests import ExportRequest
from hi_fhir.sandbox.memory import Memory, Stored, instant_text

LINES_PER_FILE = 10_000
EVERYONE = "all"
"""The id of the one Group: it has every patient."""


@dataclass
class Job:
    """One export. `files`: type and lines of each. `polls` and `manifests` count how often each was asked for."""

    id: str
    url: str
    files: tuple[tuple[str, Sequence[Stored]], ...]
    deletions: bytes
    polls: int = 0
    manifests: int = 0
    expired: set[str] = field(default_factory=set)


class Exports:
    """The jobs that were begun and not deleted. `expires(url)`: whether the link to a file is to stop working now."""

    def __init__(self, memory: Memory, at: datetime, expires: Callable[[str], bool]) -> None:
        self._memory = memory
        self._at = instant_text(at)
        self._expires = expires
        self._lock = Lock()
        self._jobs: dict[str, Job] = {}
        self._begun = 0

    def begin(self, url: str, request: ExportRequest) -> Job:
        """Start an export of what is there at this moment. `url`: the kick-off's, for the manifest."""
        files = tuple(
            (type_, hits[start : start + LINES_PER_FILE])
            for type_ in request.types
            for hits in [self._hits(request, type_)]
            for start in range(0, len(hits), LINES_PER_FILE)
        )
        deletions = self._deletions(request.types) if request.since else b""
        with self._lock:
            self._begun += 1
            job = Job(f"job-{self._begun}", url, files, deletions)
            self._jobs[job.id] = job
        return job

    def job(self, id_: str) -> Job:
        """
        Raises:
            FhirError: 404, there is none, or it was deleted.
        """
        try:
            return self._jobs[id_]
        except KeyError:
            raise FhirError(404, "there is no such export.") from None

    def is_done(self, job: Job) -> bool:
        """Whether the job is finished: it is from the second poll on."""
        with self._lock:
            job.polls += 1
            return job.polls > 1

    def delete(self, id_: str) -> None:
        self.job(id_)
        with self._lock:
            del self._jobs[id_]

    def manifest(self, job: Job, base: str) -> dict[str, Any]:
        """The manifest, with links of its own: those of an earlier one may have expired."""
        with self._lock:
            job.manifests += 1
            folder = f"{base}/Binary/{job.id}-{job.manifests}"
        output = [
            {"type": type_, "url": f"{folder}-{number}", "count": len(lines)}
            for number, (type_, lines) in enumerate(job.files)
        ]
        deleted = [{"type": "Bundle", "url": f"{folder}-deleted", "count": job.deletions.count(b"\n")}]
        return {
            "transactionTime": self._at,
            "request": job.url,
            "requiresAccessToken": False,
            "output": output,
            "deleted": deleted if job.deletions else [],
            "error": [],
        }

    def file(self, name: str) -> bytes:
        """The NDJSON behind a link, named as `manifest` names it.

        Raises:
            FhirError: 404, no such file; 410, its link has expired.
        """
        job_id, _, number = name.rpartition("-")
        job_id, _, manifest = job_id.rpartition("-")
        job = self.job(job_id)
        whole = number.isdecimal() and int(number) < len(job.files)
        if not manifest.isdecimal() or not (whole or number == "deleted"):
            raise FhirError(404, "there is no such file.")
        if name in job.expired or self._expires(f"{job.url} {number}"):
            job.expired.add(name)
            raise FhirError(410, "the link has expired. Fetch the manifest again.", code="expired")
        if not whole:
            return job.deletions
        return b"".join(stored.body + b"\n" for stored in job.files[int(number)][1])

    def _hits(self, request: ExportRequest, type_: str) -> list[Stored]:
        """What the export has of a type, each once however many filters it matches."""
        everything = ParsedSearch(type_, (), ())
        found: dict[str, Stored] = {}
        for search in request.searches.get(type_, (everything,)):
            criteria = search.criteria + tuple(one for since in request.since for one in since.criteria)
            found |= {hit.id: hit for hit in self._memory.find(ParsedSearch(type_, criteria, ()))}
        return list(found.values())

    def _deletions(self, types: Sequence[str]) -> bytes:
        return b"".join(self._deletion(type_, id_) for type_, id_ in self._memory.deleted() if type_ in types)

    def _deletion(self, type_: str, id_: str) -> bytes:
        entry = {"request": {"method": "DELETE", "url": f"{type_}/{id_}"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "timestamp": self._at, "entry": [entry]}
        return orjson.dumps(bundle, option=orjson.OPT_APPEND_NEWLINE)

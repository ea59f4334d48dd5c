"""One export on the server; its address and manifest are kept with the pull, so that a restart asks for no second."""

import time
from typing import Protocol

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.core.files import owner_folder
from hi_fhir.core.manifests import Format
from hi_fhir.fhir import bulk
from hi_fhir.fhir.bulk_manifest import Manifest
from hi_fhir.fhir.client import FhirClient
from hi_fhir.fhir.retrying import wait_s
from hi_fhir.sources.chunks import WORK
from hi_fhir.sources.pulls import Pull
from hi_fhir.tables.landed import PULL_AGAIN

_MOST_KICK_OFFS = 3


class Export(Protocol):
    """What is exported. level: "" for the whole system, "/Patient" or "/Group/ID"; filters: `_typeFilter` values."""

    @property
    def level(self) -> str: ...
    @property
    def types(self) -> tuple[str, ...]: ...
    @property
    def filters(self) -> tuple[str, ...]: ...


class _Job(msgspec.Struct, frozen=True):
    """An export that was started. manifest: once it is done."""

    status: str
    manifest: Manifest | None = None


_FORMAT = Format("note of an export", _Job, 1, PULL_AGAIN)


class ExportJob:
    """The export of one pull, started when its manifest is first asked for."""

    def __init__(self, pull: Pull, client: FhirClient, export: Export) -> None:
        self._pull, self._client, self._export = pull, client, export
        self._path = owner_folder(pull.folder / WORK) / "export.json"
        self._left = _MOST_KICK_OFFS

    def manifest(self) -> Manifest:
        """The manifest, once the export is done.

        Raises:
            SourceError: the export failed, took longer than `export_limit_s`, or was forgotten again and again.
        """
        while True:
            job = self._kept() or self._begin()
            if job.manifest:
                return job.manifest
            try:
                return self._keep(_Job(job.status, self._wait(job.status)))
            except SourceError as error:
                if not error.retryable:  # this export will never be done; the next try begins another
                    self.forget()
                if error.kind != "export-gone":
                    raise

    def renewed(self) -> Manifest | None:
        """The manifest with new links, for `keep` once it is found fit; None where the server does not have it."""
        job = self._kept()
        try:
            return self._wait(job.status) if job else None
        except SourceError as error:
            if error.retryable:
                raise
            return None

    def keep(self, manifest: Manifest) -> None:
        """From now on, also after a restart, this is the manifest of the export."""
        job = self._kept()
        if job:
            self._keep(_Job(job.status, manifest))

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def _kept(self) -> _Job | None:
        return _FORMAT.read(self._path) if self._path.exists() else None

    def _keep(self, job: _Job) -> Manifest:
        _FORMAT.commit(self._path, job)
        return job.manifest or Manifest()

    def _begin(self) -> _Job:
        if not self._left:
            raise SourceError(
                f"{self._client.name}: export: the server forgot it, or its files, {_MOST_KICK_OFFS} times. Let it "
                "keep exports for longer.",
                kind="export-gone",
            )
        self._left -= 1
        job = _Job(self._kick_off())
        self._keep(job)
        return job

    def _kick_off(self) -> str:
        """With filters, or without where the server does not take them: more arrives then, and is not asked for."""
        level, types, filters = self._export.level, self._export.types, self._export.filters
        try:
            return bulk.kick_off(self._client, level, types, filters)
        except SourceError as error:
            if not filters or error.kind != "http-status" or error.status is None or error.status >= 500:
                raise
            return bulk.kick_off(self._client, level, types, ())

    def _wait(self, status: str) -> Manifest:
        config, looks = self._pull.config, 0
        latest = time.monotonic() + config.export_limit_s
        while isinstance(found := bulk.poll(self._client, status), bulk.Waiting):
            if time.monotonic() >= latest:
                raise SourceError(
                    f"{self._client.name}: export: the server has been at it for {config.export_limit_s:g} seconds and "
                    "is not done. The next run begins another; where this server needs longer, raise export_limit_s.",
                    kind="export-unfinished",
                )
            now = self._pull.clock.now()
            cap = config.retry_after_cap_s if found.too_soon else config.export_poll_cap_s
            self._pull.stop.wait(wait_s(looks, found.headers, cap, now))
            looks += 1
        return found

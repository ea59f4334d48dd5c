"""A bulk export as a server that is not there answers, and what is landed of it."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import orjson
import responses

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.tables.scope import Scope
from tests.support.calling import BASE, NOW

SCOPE = Scope(types={"Patient": None, "Organization": None})


STATUS = f"{BASE}/status/1"


STORE = "http://files.invalid/store"


def a_line(id_: str, type_: str = "Patient") -> bytes:
    return orjson.dumps({"resourceType": type_, "id": id_}) + b"\n"


def pull_from(
    config: Config, address: str = BASE, scope: Scope = SCOPE, clock: FixedClock = NOW, **source: Any
) -> PullManifest:
    settings = replace(SourceSettings("elm", address), **source)
    return pull(RunContext(config, clock), settings, scope, None, 1)


def an_export(manifest: dict[str, Any], *, waits: int = 0, counts: dict[str, list[int]] | None = None) -> None:
    """A server that has an export with this manifest, after it was asked `waits` times in vain.

    counts: what it answers when asked how many there are of a type, the first and every other time; without, 404.
    """
    for method, path in (("GET", "Patient"), ("GET", "Organization"), ("POST", "Condition/_search")):
        for count in (counts or {}).get(path.partition("/")[0], [None]):
            answer = {"status": 404} if count is None else {"json": {"resourceType": "Bundle", "total": count}}
            responses.add(method, f"{BASE}/{path}", **answer)
    types = [{"type": type_, "searchParam": [{"name": "code"}]} for type_ in ("Patient", "Organization", "Condition")]
    responses.get(f"{BASE}/metadata", json={"rest": [{"resource": types}]}, headers={"Date": NOW_DATE})
    responses.get(f"{BASE}/$export", status=202, headers={"Content-Location": STATUS})
    for _ in range(waits):
        responses.get(STATUS, status=202, headers={"Retry-After": "120", "X-Progress": "1%"})
    responses.get(STATUS, json={"transactionTime": "2025-03-30T23:30:00Z", **manifest})


NOW_DATE = "Wed, 02 Apr 2025 12:00:00 GMT"


def a_file(name: str, body: bytes, **more: Any) -> dict[str, Any]:
    announced = {"auto_calculate_content_length": True, **more}
    responses.get(f"{BASE}/files/{name}", body=body, content_type="application/fhir+ndjson", **announced)
    return {"type": "Patient", "url": f"{BASE}/files/{name}"}


def asked(path: str) -> list[Any]:
    return [call.request for call in responses.calls if urlsplit(call.request.url).path.endswith(path)]

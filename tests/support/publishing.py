"""A store of released reports, a server to send them to, and what it has then."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from hi_fhir.core.config import Config
from hi_fhir.core.progress import Silent
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.publish import PublishManifest, publish
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.server import serve
from hi_fhir.store.session import Store
from tests.support.released import CLOCK, DAY


@dataclass
class Watching(Silent):
    """Counts what is told, and can stop the work as an interruption would."""

    stop_after: int | None = None
    advanced: int = 0
    summaries: list[str] = field(default_factory=list)

    def advance(self, amount: int = 1) -> None:
        self.advanced += amount
        if self.stop_after is not None and self.advanced >= self.stop_after:
            raise KeyboardInterrupt

    def finish(self, summary: str) -> None:
        self.summaries.append(summary)


@contextmanager
def a_server(faults: str = "", resources: tuple[dict[str, Any], ...] = ()) -> Iterator[str]:
    with serve(resources, port=0, faults=parse(faults) if faults else None, data_date=DAY) as running:
        yield running.base_url


def published(
    store: Store, released: ReportManifest, url: str, progress: Silent | None = None, **settings: Any
) -> PublishManifest:
    config = Config(tries=3, retry_after_cap_s=0, **settings)
    return publish(RunContext(config, CLOCK, progress=progress or Silent(), opened=store), released, url)


def found(url: str, type_: str) -> list[dict[str, Any]]:
    """All of a type that the server has, asked as patiently as its faults demand."""
    for _ in range(4):
        try:
            answer = requests.get(f"{url}/{type_}", params={"_count": "200"}, timeout=10)
            answer.raise_for_status()
            return [entry["resource"] for entry in answer.json().get("entry", ())]
        except requests.RequestException as error:
            failure = error
    raise failure


def versions(url: str) -> dict[str, str]:
    return {one["identifier"][0]["value"]: one["meta"]["versionId"] for one in found(url, "MeasureReport")}

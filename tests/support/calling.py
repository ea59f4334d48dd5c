"""A FHIR client whose waits are written down instead of waited."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.fhir.client import FhirClient
from hi_fhir.fhir.settings import source_client

BASE = "http://example.invalid/fhir"
NOW = FixedClock(datetime(2025, 4, 2, 12, tzinfo=UTC))


def a_client(waits: list[float] | None = None, *, config: Config | None = None, **source: Any) -> FhirClient:
    """A client of BASE; `waits` takes the seconds that it would have slept."""
    slept = waits if waits is not None else []
    settings = replace(SourceSettings("elm", BASE), **source)
    return FhirClient(source_client(config or Config(tries=3), settings), NOW, slept.append)

"""Whether a server of the settings is a FHIR server that can be read, and what to do where it is not."""

from dataclasses import replace
from typing import Literal

import msgspec

from hi_fhir.core.clock import SystemClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.conformance import Capability, read_capability
from hi_fhir.fhir.settings import source_client
from hi_fhir.fhir.signed import own_auth
from hi_fhir.tables.views.registry import VIEWS

_TIMEOUT_S = 2.0
_NO_FHIR = frozenset({"html-body", "http-status", "unreadable-body", "empty-body", "truncated-body", "no-http"})
_NO_RIGHT = frozenset({"unauthorised", "forbidden"})


class Found(msgspec.Struct, frozen=True):
    """What a server answers, in words. to_do: empty where it can be read. lacking: whether it does so with gaps."""

    said: str
    to_do: str = ""
    lacking: bool = False


class _Bundle(msgspec.Struct, rename="camel"):
    """Anything that says it is one."""

    resource_type: Literal["Bundle"]


def look_at(config: Config, source: SourceSettings) -> Found:
    """Ask a server once for its capability statement, and for a search where it keeps that to itself."""
    try:
        once, clock = replace(config, timeout_s=_TIMEOUT_S, tries=1), SystemClock()
        with FhirClient(source_client(once, source, own_auth(once, source, clock)), clock) as client:
            capability, response = read_capability(client)
            if not capability.is_stated:
                client.resource(
                    Request("search of Patient", f"{client.base}/Patient?_count=1"),
                    msgspec.json.Decoder(_Bundle).decode,
                )
    except SourceError as error:
        return Found(str(error), _to_do(source, error))
    if not capability.is_stated:
        return Found(f"answers a search, and {response.status} where it would state what it can do")
    return _stated(capability)


def _stated(capability: Capability) -> Found:
    lacking = sorted(type_ for type_ in VIEWS if capability.unsearched(type_))
    version = f", FHIR {capability.version}" if capability.version else ""
    gaps = f"; not offered: {', '.join(lacking)}" if lacking else ""
    return Found(f"answers{version}{gaps}", lacking=bool(lacking))


def _to_do(source: SourceSettings, error: SourceError) -> str:
    if error.kind in _NO_RIGHT:
        return f"give it a token that it takes: HI_FHIR_SOURCE_{source.name.upper().replace('-', '_')}_TOKEN"
    if error.kind in _NO_FHIR and not error.retryable:
        return "name the base of its FHIR R4 API: is /fhir missing at the end of the address, or one part too many?"
    if error.kind == "fhir-version":
        return "name the base of its FHIR R4 API, which has an address of its own"
    return "fix what the message names, or wait for the server"

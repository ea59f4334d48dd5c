"""A Subscription as it is kept and as it is shown: values of headers are sealed, and never shown again."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from hi_fhir.core.sealing import Seal
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.store.subscription_models import SubscriptionRow
from hi_fhir.subscriptions.asked import WantedSubscription, read_subscription

Json = dict[str, Any]

_KEPT = ("meta", "contact", "end", "reason", "criteria", "_criteria", "channel", "extension", "identifier")
"""What of a resource is kept as its client sent it; `meta` without what is the server's."""


def kept_content(resource: Json) -> str:
    """The resource to keep: what its client says, with names of headers alone."""
    kept = {name: resource[name] for name in _KEPT if name in resource}
    meta = {name: value for name, value in _object(kept.pop("meta", {})).items() if name in ("profile", "tag")}
    channel = dict(kept["channel"])
    if "header" in channel:
        channel["header"] = [f"{header.partition(':')[0]}:" for header in channel["header"]]
    try:
        return orjson.dumps({**({"meta": meta} if meta else {}), **kept, "channel": channel}).decode()
    except TypeError as error:  # deeper than can be written
        raise FhirError(400, "the Subscription is nested too deeply.", code="structure") from error


def sealed_headers(asked: WantedSubscription, seal: Seal) -> bytes:
    return seal.close(orjson.dumps(asked.headers).decode())


def as_asked(row: SubscriptionRow, seal: Seal) -> WantedSubscription:
    """What the client of a kept Subscription asked for.

    Raises:
        ConfigError: its headers were sealed with another key.
    """
    resource = orjson.loads(row.content)
    headers = orjson.loads(seal.open(row.headers))
    channel = {**resource["channel"], "header": [f"{name}: {value}" for name, value in headers]}
    return read_subscription({**resource, "status": "requested", "channel": channel})


def endpoint_host(row: SubscriptionRow) -> str:
    """The host of its endpoint, which is all of the address that is told to others than its client."""
    return urlsplit(orjson.loads(row.content)["channel"]["endpoint"]).hostname or ""


def shown(row: SubscriptionRow) -> Json:
    """The resource as its own client is shown it."""
    kept = orjson.loads(row.content)
    meta = {
        **kept.pop("meta", {}),
        "versionId": str(row.version),
        "lastUpdated": row.updated_at.isoformat(timespec="milliseconds"),
    }
    head = {"resourceType": "Subscription", "id": row.resource_id, "meta": meta, "status": row.status}
    return {**head, **kept, **({"error": row.error} if row.error else {})}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

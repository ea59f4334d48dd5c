"""Bundles that tell a subscriber something, as the R4 backport has them: a status first, then what it is about.

Source: HL7 Subscriptions R5 Backport 1.1.0, backport-subscription-notification-r4 and backport-subscription-status-r4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson

from hi_fhir.store.search import StoredVersion
from hi_fhir.store.subscriptions import SubscriptionEvent
from hi_fhir.subscriptions import guide
from hi_fhir.subscriptions.guide import Content, NotificationKind

Json = dict[str, Any]


@dataclass(frozen=True)
class SubscriptionStanding:
    """Whom a status is of. status: requested, active, error or off. last_number: events so far. topic None: R4's own
    form, which names none. error: why it is in error, or off.
    """

    base: str
    id: str
    topic: str | None
    status: str
    last_number: int
    error: str | None = None

    @property
    def url(self) -> str:
        return f"{self.base}/Subscription/{self.id}"


def status(about: SubscriptionStanding, told: NotificationKind, events: Sequence[Sequence[Json]] = ()) -> Json:
    """The status as Parameters. events: as `event_parts`."""
    parameters: list[Json] = [
        {"name": "subscription", "valueReference": {"reference": about.url}},
        *([{"name": "topic", "valueCanonical": about.topic}] if about.topic else ()),
        {"name": "status", "valueCode": about.status},
        {"name": "type", "valueCode": told},
        {"name": "events-since-subscription-start", "valueString": str(about.last_number)},
        *({"name": "notification-event", "part": [*parts]} for parts in events),
    ]
    if about.error:
        coding = {"system": "http://terminology.hl7.org/CodeSystem/subscription-error", "code": "no-response"}
        codings = {"coding": [coding]} if about.status == "error" else {}  # no code says that whose it is has ended
        parameters.append({"name": "error", "valueCodeableConcept": {**codings, "text": about.error}})
    return {
        "resourceType": "Parameters",
        "id": str(uuid4()),
        "meta": {"profile": [guide.STATUS]},
        "parameter": parameters,
    }


def event_parts(base: str, event: SubscriptionEvent, *, with_focus: bool) -> list[Json]:
    """An event by its number; with_focus: and by the report that it is about."""
    parts: list[Json] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": event.recorded_at.isoformat(timespec="milliseconds")},
    ]
    if with_focus:
        reference = f"{base}/MeasureReport/{event.resource_id}"
        parts.append({"name": "focus", "valueReference": {"reference": reference}})
    return parts


def bundle(
    about: SubscriptionStanding,
    told: NotificationKind,
    content: Content,
    at: datetime,
    events: Sequence[SubscriptionEvent] = (),
    readable: frozenset[int] = frozenset(),
    versions: Mapping[int, StoredVersion] | None = None,
) -> bytes:
    """A notification. readable: reports that the subscriber may have still; of others the numbers alone are told.

    versions: the contents of those, where the whole resource goes along.
    """
    is_named = content is not Content.EMPTY
    parts = [event_parts(about.base, one, with_focus=is_named and one.report in readable) for one in events]
    entries = [_entry(f"urn:uuid:{uuid4()}", f"{about.url}/$status", "GET", "200", status(about, told, parts))]
    if content is Content.FULL_RESOURCE and versions is not None:
        latest = {one.resource_id: one.report for one in events if one.report in readable}
        for id_, report in latest.items():
            url = f"{about.base}/MeasureReport/{id_}"
            entries.append(_entry(url, url, "PUT", "200", as_resource(versions[report])))
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "id": str(uuid4()),
            "meta": {"profile": [guide.NOTIFICATION]},
            "type": "history",
            "timestamp": at.isoformat(timespec="milliseconds"),
            "entry": entries,
        }
    )


def as_resource(version: StoredVersion) -> Json:
    """A version of a report as its reader is given it."""
    content: Json = orjson.loads(version.content)
    meta = {"versionId": str(version.version), "lastUpdated": version.recorded_at.isoformat(timespec="milliseconds")}
    return {"resourceType": content["resourceType"], "id": version.id, "meta": meta, **content}


def _entry(full_url: str, url: str, method: str, answered: str, resource: Json) -> Json:
    return {
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": method, "url": url},
        "response": {"status": answered},
    }

"""Names of the R4 subscriptions backport guide, and of the topic and filters that are offered.

Source: HL7 Subscriptions R5 Backport, version 1.1.0.
"""

from enum import StrEnum

_BASE = "http://hl7.org/fhir/uv/subscriptions-backport"

PROFILE = f"{_BASE}/StructureDefinition/backport-subscription"
NOTIFICATION = f"{_BASE}/StructureDefinition/backport-subscription-notification-r4"
STATUS = f"{_BASE}/StructureDefinition/backport-subscription-status-r4"
FILTER = f"{_BASE}/StructureDefinition/backport-filter-criteria"
CONTENT = f"{_BASE}/StructureDefinition/backport-payload-content"
HEARTBEAT = f"{_BASE}/StructureDefinition/backport-heartbeat-period"
TIMEOUT = f"{_BASE}/StructureDefinition/backport-timeout"
MAX_COUNT = f"{_BASE}/StructureDefinition/backport-max-count"
TOPIC_OFFERED = f"{_BASE}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical"
STATUS_OPERATION = f"{_BASE}/OperationDefinition/backport-subscription-status"
EVENTS_OPERATION = f"{_BASE}/OperationDefinition/backport-subscription-events"

TOPIC = "measure-report-published"
FILTERED_BY = ("measure", "reporter", "period", "status")


class Content(StrEnum):
    """How much of a report a notification carries."""

    EMPTY = "empty"
    ID_ONLY = "id-only"
    FULL_RESOURCE = "full-resource"


class NotificationKind(StrEnum):
    """What a status says that it is for."""

    HANDSHAKE = "handshake"
    HEARTBEAT = "heartbeat"
    EVENT = "event-notification"
    STATUS = "query-status"
    EVENTS = "query-event"


def topic_url(base: str) -> str:
    """The canonical URL of the topic. base: of the deployment's canonical URLs."""
    return f"{base}/SubscriptionTopic/{TOPIC}"

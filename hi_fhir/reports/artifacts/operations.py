"""What can be asked of the service beyond reading and searching, as R4 OperationDefinitions.

Each names as its base what the standard has, and says where ours does less. Source: FHIR R4 OperationDefinition, and
those of Measure; the subscriptions backport guide for $status and $events.
"""

from collections.abc import Iterator
from typing import NamedTuple

from hi_fhir.reports.artifacts.naming import Json, canonical, pascal

TYPE = "OperationDefinition"
VERSION = "1"
_R4 = "http://hl7.org/fhir/OperationDefinition"
_GUIDE = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription"


class OperationParameter(NamedTuple):
    """most: how often at most, a number or `*`."""

    name: str
    kind: str
    told: str
    least: int = 0
    most: str = "1"


class OwnOperation(NamedTuple):
    """of_type, of_instance: where it may be called. gives: the type that comes back."""

    name: str
    resource: str
    base: str
    told: str
    parameters: tuple[OperationParameter, ...]
    gives: str
    of_type: bool = True
    of_instance: bool = True

    @property
    def code(self) -> str:
        """As it is called, without the dollar."""
        return self.name.removeprefix("subscription-")


_PERIOD = (
    OperationParameter("periodStart", "date", "First day of the period; a month or year begins with its first day.", 1),
    OperationParameter("periodEnd", "date", "Last day of the period; a month or year ends with its last day.", 1),
)
_MEASURE = OperationParameter(
    "measure", "string", "Canonical URL of the Measure, where it is of no instance; |version may follow."
)
EVALUATE = OwnOperation(
    "evaluate-measure",
    "Measure",
    f"{_R4}/Measure-evaluate-measure",
    "Gives the report that was released for the measure, organisation and period that are asked for. Nothing is worked "
    "out for a caller: what was not released is refused (403). A practice's own client that was registered for it is "
    "told who is behind the counts that were released to the practice, where that is offered; others are refused.",
    (
        *_PERIOD,
        _MEASURE,
        OperationParameter("reportType", "code", "population (summary), subject (individual) or subject-list."),
        OperationParameter("subject", "string", "The Organization that reports, or the Patient that is asked about."),
        OperationParameter("reporter", "string", "The same by its name in R5."),
    ),
    "MeasureReport",
)
REQUIREMENTS = OwnOperation(
    "data-requirements",
    "Measure",
    f"{_R4}/Measure-data-requirements",
    "Gives what records a measure is worked out from: types, codes by value set, and days. Of an instance, and of the "
    "type where the measure is named.",
    (*_PERIOD, _MEASURE),
    "Library",
)
STATUS = OwnOperation(
    "subscription-status",
    "Subscription",
    f"{_GUIDE}-status",
    "Gives how the caller's own subscriptions stand.",
    (
        OperationParameter("id", "id", "Of the type: those that are meant; all where none is named.", most="*"),
        OperationParameter("status", "code", "Of the type: those that stand so.", most="*"),
    ),
    "Bundle",
)
EVENTS = OwnOperation(
    "subscription-events",
    "Subscription",
    f"{_GUIDE}-events",
    "Gives what the caller's own subscription was, or is to be, told of, by number. An answer has 1,000 events at "
    "most; with whole reports, 20.",
    (
        OperationParameter("eventsSinceNumber", "string", "The first number, which is given too."),
        OperationParameter("eventsUntilNumber", "string", "The last number, which is given too."),
        OperationParameter("content", "code", "empty, id-only or full-resource; else what the subscription is sent."),
    ),
    "Bundle",
    of_type=False,
)
OPERATIONS = (EVALUATE, REQUIREMENTS, STATUS, EVENTS)


def operation_url(base: str, operation: OwnOperation) -> str:
    return canonical(base, TYPE, operation.name)


def operation_resources(base: str) -> Iterator[Json]:
    for one in OPERATIONS:
        yield {
            "resourceType": TYPE,
            "id": one.name,
            "url": operation_url(base, one),
            "version": VERSION,
            "name": pascal(one.name),
            "title": f"${one.code} of {one.resource}",
            "status": "active",
            "kind": "operation",
            "description": one.told,
            "affectsState": False,
            "code": one.code,
            "base": one.base,
            "resource": [one.resource],
            "system": False,
            "type": one.of_type,
            "instance": one.of_instance,
            "parameter": [*map(_parameter, one.parameters), _result(one)],
        }


def _parameter(one: OperationParameter) -> Json:
    return {
        "name": one.name,
        "use": "in",
        "min": one.least,
        "max": one.most,
        "documentation": one.told,
        "type": one.kind,
    }


def _result(one: OwnOperation) -> Json:
    return {"name": "return", "use": "out", "min": 1, "max": "1", "type": one.gives}

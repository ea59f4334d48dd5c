"""EpisodeOfCare: a registration with a practice, as rows of `registration`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.dates import first_day, last_day, read_span
from hi_fhir.tables.views.elements import CodeableConcept, Context, Meta, Period, Reference, ResourceId, State
from hi_fhir.tables.views.organizations import named_organization

_NOT_A_REGISTRATION = frozenset({"cancelled", "planned", "waitlist"})


class EpisodeOfCare(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["EpisodeOfCare"]
    id: ResourceId
    status: str
    patient: Reference
    meta: Meta | None = None
    type: list[CodeableConcept] = []
    managing_organization: Reference | None = None
    period: Period | None = None
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[EpisodeOfCare, int], int]:
    """A function that appends the row of one EpisodeOfCare. One that states no registration is a row without kind.

    One that is finished ended on its last day; where it names none it is over, on whatever day that was.
    """
    rows = context.tables["registration"]

    def emit(record: EpisodeOfCare, line: int) -> int:
        if record.status == "entered-in-error":
            return State.DELETED
        patient = context.subjects[record.patient.reference]
        period = record.period or Period()
        start = first_day(read_span(context.read_date, period.start, "$.period.start")) if period.start else None
        end = last_day(read_span(context.read_date, period.end, "$.period.end")) if period.end else None
        over = record.status == "finished" and end is None
        kind = None if record.status in _NOT_A_REGISTRATION else "episode"
        organization_id, ods = named_organization(context, record.managing_organization, record.contained)
        rows.append((patient, kind, organization_id, ods, start, end, _regular(record.type), over, line))
        return State.KEPT

    return emit


def _regular(types: list[CodeableConcept]) -> bool | None:
    codes = {coding.code for concept in types for coding in concept.coding if coding.code}
    if "temporary" in codes:
        return False
    return True if "regular" in codes else None

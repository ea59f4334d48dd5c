"""EpisodeOfCare: a registration with a practice, or care of another kind, as rows of `registration`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.views.elements import Context, Meta, PeriodElement, Reference, ResourceId, VersionState
from hi_fhir.tables.views.organizations import NOWHERE, named_organization
from hi_fhir.tables.views.periods import days_of
from hi_fhir.tables.views.registration_types import RegistrationType, TypeConcept, registration_type

_NOT_A_REGISTRATION = frozenset({"cancelled", "planned", "waitlist"})


class EpisodeOfCare(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["EpisodeOfCare"]
    id: ResourceId
    status: str
    patient: Reference
    meta: Meta | None = None
    type: list[TypeConcept] = []
    managing_organization: Reference | None = None
    period: PeriodElement | None = None
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[EpisodeOfCare, int], VersionState]:
    """A function that appends the row of one EpisodeOfCare. One whose status is of no registration is a row without
    kind; what its type makes of it is its kind, since only with all Organizations it is known what an organisation is.

    One that is finished ended on its last day; where it names none that can be it is over, on whatever day that was.
    """
    rows = context.tables["registration"]

    def emit(record: EpisodeOfCare, line: int) -> VersionState:
        if record.status == "entered-in-error":
            return VersionState.DELETED
        patient = context.subjects.of(record.patient, record.contained)
        start, end = days_of(context, record.period, "$.period")
        stated = registration_type(record.type)
        kind = None if record.status in _NOT_A_REGISTRATION else _kind(stated)
        path = "$.managingOrganization"
        named = named_organization(context, record.managing_organization, record.contained, path) or NOWHERE
        has_ended = record.status == "finished"
        registration = named.registration(kind, start, end, stated.regular, has_ended=has_ended, resource_id=record.id)
        rows.append(registration.of(patient, line))
        return VersionState.KEPT

    return emit


def _kind(stated: RegistrationType) -> str:
    if stated.is_registration:
        return "episode"
    return "other-episode" if stated.is_stated else "untyped-episode"

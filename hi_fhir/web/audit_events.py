"""Audit events as R4 AuditEvents, for the operator's clients alone. Source: FHIR R4 auditevent.html."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from hi_fhir.core.files import canonical_json, content_name
from hi_fhir.core.gzipped import gzipped
from hi_fhir.fhir.rest.declarations import ID, date, reference, token
from hi_fhir.fhir.rest.paging import not_known
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.reports.reporters import organisation_identifier
from hi_fhir.searches import audit_criteria
from hi_fhir.store.audit_events import (
    OUTCOME_CODES,
    AuditOutcome,
    AuditReason,
    event_id,
    event_row,
    find_events,
    number_of,
)
from hi_fhir.store.audit_models import AuditEventRow
from hi_fhir.store.criteria import Reader
from hi_fhir.store.pages import AskedPage, PagePlace
from hi_fhir.store.search import SearchPage, StoredVersion
from hi_fhir.store.versions import AskedVersions
from hi_fhir.tables.views.elements import ODS_SYSTEM
from hi_fhir.web.served import Served

Json = dict[str, Any]

TYPE = "AuditEvent"
_DOCUMENTATION = (
    "For clients that were registered as the operator's (system/AuditEvent.rs) alone; to others there is no such type. "
    "Ids are in the order in which events were kept: _sort=-_id has the newest first."
)
_PARAMETERS = (
    ID,
    date("date", "recorded"),
    token("altid", "agent.altId"),
    reference("agent", "agent.who", by_identifier=True),
    token("outcome"),
)

_SHA256 = 64
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_REST: Json = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
_AUTHENTICATION: Json = {"system": _DICOM, "code": "110114"}
_PATIENT_RECORD: Json = {"system": _DICOM, "code": "110110"}
_TYPES = {
    AuditReason.TOKEN_REFUSED: _AUTHENTICATION,
    AuditReason.ASSERTION_REPLAYED: _AUTHENTICATION,
    AuditReason.LOG_IN: _AUTHENTICATION,
    AuditReason.PERSON_LEVEL: _PATIENT_RECORD,
}
_ACTIONS = {"POST": "C", "PUT": "U", "DELETE": "D"}
_TOLD = {
    AuditReason.NO_TOKEN: "no token was shown",
    AuditReason.TOKEN_NOT_GOOD: "the token is over, or was never given",
    AuditReason.SCOPE: "the token is, or would be, for something else",
    AuditReason.FORBIDDEN: "it is given to nobody",
    AuditReason.NOT_FOUND: "it is not there, or not for who asked",
    AuditReason.TOO_MANY: "more was asked for than may be at a time",
    AuditReason.TOKEN_REFUSED: "no token was given",
    AuditReason.LOG_IN: "nobody was logged in",
    AuditReason.ASSERTION_REPLAYED: "an assertion was used a second time",
    AuditReason.SUBSCRIPTION_REFUSED: "a subscription was not taken",
    AuditReason.AGREEMENT: "a practice that it is about has no agreement in force",
    AuditReason.ANOTHER_HOST: "the service was called by another name than its own",
    AuditReason.PERSON_LEVEL: "values of people's records were shown",
    AuditReason.MORE_THAN_KEPT: "so many events more than are kept one by one in a minute",
}


def audit_event(row: AuditEventRow) -> Json:
    """A row as an R4 AuditEvent."""
    reason = AuditReason(row.reason)
    times = f" ({row.times} times)" if row.times > 1 else ""
    details = {"reason": row.reason, "times": str(row.times), "route": " ".join(filter(None, (row.method, row.route)))}
    return {
        "resourceType": TYPE,
        "id": event_id(row.id),
        "type": _TYPES.get(reason, _REST),
        "action": _ACTIONS.get(row.method or "GET", "R"),
        "period": {"start": _instant(row.recorded_at), "end": _instant(row.last_at)},
        "recorded": _instant(row.recorded_at),
        "outcome": OUTCOME_CODES[AuditOutcome(row.outcome)],
        "outcomeDesc": f"{_TOLD[reason]}{times}",
        "agent": [_agent(row)],
        "source": {"observer": {"display": "hi_fhir"}},
        "entity": [
            {
                **_what(row),
                "detail": [{"type": name, "valueString": value} for name, value in details.items() if value],
            }
        ],
    }


def _agent(row: AuditEventRow) -> Json:
    whose = {"who": {"type": "Organization", "identifier": organisation_identifier(row.organisation or "")}}
    from_ = {"network": {"address": row.peer, "type": "2"}}  # an IP address
    alternative = row.client_id or row.user_name
    return {
        **(whose if row.organisation else {}),
        **({"altId": alternative} if alternative else {}),
        **({"name": "unauthenticated"} if row.peer else {}),
        "requestor": True,
        **(from_ if row.peer else {}),
    }


def _what(row: AuditEventRow) -> Json:
    if row.resource_type and row.resource_id:
        return {"what": {"reference": f"{row.resource_type}/{row.resource_id}"}}
    return {"what": {"type": row.resource_type}} if row.resource_type else {}


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _stored(row: AuditEventRow) -> StoredVersion:
    resource = audit_event(row)
    return StoredVersion(
        id=resource["id"],
        version=row.times,  # which is all that changes
        recorded_at=row.last_at,
        file=gzipped(canonical_json(resource)),
        sha256=content_name(resource, _SHA256),
        audience="",
        organisation=None,
    )


def _find(connection: Connection, _reader: Reader, search: ParsedSearch, page: AskedPage) -> SearchPage:
    [(_, newest_first)] = page.order
    after = None
    if page.after:
        after = number_of(page.after.values[0])
        if after is None:
            raise not_known()
    with Session(connection) as session:
        found = find_events(
            session,
            audit_criteria(search, ODS_SYSTEM),
            page.limit,
            after,
            newest_first=newest_first,
            with_total=page.with_total,
        )
        resources = [_stored(row) for row in found.rows]
    following = PagePlace((resources[-1].id,), None) if found.is_more else None
    return SearchPage(found.total, resources, following)


def _read(connection: Connection, _reader: Reader, id_: str) -> StoredVersion | None:
    with Session(connection) as session:
        row = event_row(session, id_)
        return None if row is None else _stored(row)


def _versions(connection: Connection, reader: Reader, id_: str, asked: AskedVersions) -> list[StoredVersion]:
    one = _read(connection, reader, id_)
    if one is None or one.version > asked.last or (asked.since and one.recorded_at < asked.since):
        return []
    return [one]


SERVED_AUDIT_EVENT = Served(_PARAMETERS, _find, _read, _versions, documentation=_DOCUMENTATION, for_operators=True)

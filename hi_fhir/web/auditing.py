"""The one place where an answer that refuses something becomes an audit event."""

import re
from collections.abc import Callable

from flask import Response, g, request

from hi_fhir.access.peers import peer_of
from hi_fhir.access.scopes import KNOWN
from hi_fhir.store.accounts import PagePerson
from hi_fhir.store.audit_events import AuditNote, AuditOutcome, AuditReason, Note
from hi_fhir.store.clients import Caller
from hi_fhir.web.responses import BASE_PATH

_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}", re.ASCII)
_LETTER = re.compile(r"[A-Za-z]", re.ASCII)
_REASONS = {401: AuditReason.NO_TOKEN, 403: AuditReason.FORBIDDEN, 429: AuditReason.TOO_MANY}
_BY_CHALLENGE = {"invalid_token": AuditReason.TOKEN_NOT_GOOD, "insufficient_scope": AuditReason.SCOPE}
_LOGGING_IN = ("pages.log_in_by_name", "pages.back")
_UNASKED = (None, "pages.static", "health.healthz", "health.readyz")
_SUBSCRIBING = ("fhir.subscription_create", "fhir.subscription_update")


def refuse_because(reason: AuditReason, caller: Caller | None = None) -> None:
    """Have the request that is under way noted as refused for this reason. caller: who is sure to have asked."""
    g.refused_because = reason
    if caller is not None:
        g.caller = caller


def note_refusals(note: Note) -> Callable[[Response], Response]:
    """What looks at each answer, and notes those that refuse something."""

    def look(response: Response) -> Response:
        if response.status_code >= 400:
            reason = _reason(response)
            if reason is not None:
                note(noted(AuditOutcome.REFUSED, reason))
        return response

    return look


def _reason(response: Response) -> AuditReason | None:
    """None: nothing was refused; what cannot be read, is gone, or is a fault of ours is not."""
    given: AuditReason | None = g.get("refused_because")
    if given is not None:
        return given
    status = response.status_code
    if status == 403 and request.endpoint in _LOGGING_IN:
        return AuditReason.LOG_IN
    if status in (401, 403):
        challenge = response.headers.get("WWW-Authenticate", "")
        return next((reason for word, reason in _BY_CHALLENGE.items() if word in challenge), _REASONS[status])
    if status == 404:  # of a route that there is: what is not there, and what is another's, are told alike
        return AuditReason.NOT_FOUND if request.endpoint not in _UNASKED else None
    if status < 500 and request.endpoint in _SUBSCRIBING and status != 429:
        return AuditReason.SUBSCRIPTION_REFUSED
    return _REASONS.get(status)


def noted(outcome: AuditOutcome, reason: AuditReason) -> AuditNote:
    """Who asks for what now. Of an address nothing is kept but what the service itself made it of."""
    caller: Caller | None = g.get("caller")
    person: PagePerson | None = g.get("person")
    who = caller or person
    rule = request.url_rule.rule if request.url_rule else None
    type_, id_ = _resource(rule)
    return AuditNote(
        outcome,
        reason,
        client_id=caller.client_id if caller else None,
        organisation=", ".join(sorted(who.reader.organisations or ())) or None if who else None,
        audience=str(who.reader.audience) if who else None,
        peer=None if who else peer_of(request),
        user_name=person.account_id if person else None,
        method=request.method if request.method in _METHODS else None,
        route=rule,
        resource_type=type_,
        resource_id=id_ if caller else None,  # of those who are nobody one address is as good as another
    )


_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


def _resource(rule: str | None) -> tuple[str | None, str | None]:
    """Type and id of the resource that was asked for, where they are of a kind that ours are."""
    if rule is None:
        return None, None
    given = request.view_args or {}
    type_ = given.get("type_") or rule.removeprefix(f"{BASE_PATH}/").partition("/")[0]
    id_ = given.get("id_", "")
    is_ours = _ID.fullmatch(id_) and _LETTER.search(id_)  # digits alone may be a person's number
    return (type_ if type_ in KNOWN else None), (id_ if is_ours else None)

"""Subscription over FHIR: a client's own, made, changed, asked after and ended.

Source: FHIR R4 http.html, and the subscriptions backport guide for $status and $events.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from hi_fhir.core.clock import Clock
from hi_fhir.core.sealing import Seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.headers import CONTENT_TYPE, check_content_type, etag, http_date, is_tagged
from hi_fhir.fhir.rest.outcomes import FhirError, operation_outcome
from hi_fhir.fhir.rest.preferences import Returned, is_lenient, returned
from hi_fhir.fhir.rest.search import parse_search
from hi_fhir.store import subscriptions as store
from hi_fhir.store.audit_events import Note, unheard
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.store.subscription_models import SubscriptionRow
from hi_fhir.subscriptions import guide
from hi_fhir.subscriptions.asked import WantedSubscription, check_subscription
from hi_fhir.subscriptions.guide import Content, NotificationKind
from hi_fhir.subscriptions.notifications import SubscriptionStanding, bundle, status
from hi_fhir.subscriptions.resource import as_asked, kept_content, sealed_headers, shown
from hi_fhir.subscriptions.rights import told_today
from hi_fhir.web.operations import operation_parameters
from hi_fhir.web.readers import ReaderOf, asking_client

Json = dict[str, Any]

_EVENTS = {Content.EMPTY: 1_000, Content.ID_ONLY: 1_000, Content.FULL_RESOURCE: 20}
"""Events in one answer of $events."""
_MOST = 200  # of a client's
_DIGITS = 12
_SEARCHED = PARAMETERS["Subscription"]


class SubscriptionViews:
    """base: FHIR base that links begin with. topic: its canonical URL. needs_agreements: as of `attending.Terms`.

    note: of what is not told for want of an agreement.
    """

    def __init__(
        self,
        store_: Store,
        clock: Clock,
        reader_of: ReaderOf,
        seal: Seal,
        guard: Guard,
        base: str,
        topic: str,
        *,
        needs_agreements: bool = False,
        note: Note = unheard,
    ) -> None:
        self._store = store_
        self._clock = clock
        self._reader_of = reader_of
        self._seal = seal
        self._guard = guard
        self._base = base
        self._topic = topic
        self._needs_agreements = needs_agreements
        self._note = note

    def add_to(self, blueprint: Blueprint) -> None:
        """The routes, below the FHIR base."""
        rules: Sequence[tuple[str, Any, list[str]]] = (
            ("/Subscription", self.search, ["GET"]),
            ("/Subscription", self.create, ["POST"]),
            ("/Subscription/<id_>", self.read, ["GET"]),
            ("/Subscription/<id_>/_history/<version>", self.vread, ["GET"]),
            ("/Subscription/<id_>", self.update, ["PUT"]),
            ("/Subscription/<id_>", self.delete, ["DELETE"]),
            ("/Subscription/$status", self.statuses, ["GET", "POST"]),
            ("/Subscription/<id_>/$status", self.status, ["GET", "POST"]),
            ("/Subscription/<id_>/$events", self.events, ["GET", "POST"]),
        )
        for rule, view, methods in rules:
            blueprint.add_url_rule(rule, f"subscription_{view.__name__}", view, methods=methods)

    def capability(self) -> Json:
        """What the CapabilityStatement says of the type."""
        operations = {"status": guide.STATUS_OPERATION, "events": guide.EVENTS_OPERATION}
        return {
            "extension": [{"url": guide.TOPIC_OFFERED, "valueCanonical": self._topic}],
            "type": "Subscription",
            "supportedProfile": [guide.PROFILE],
            "interaction": [{"code": code} for code in ("read", "vread", "create", "update", "delete", "search-type")],
            "versioning": "versioned-update",
            "readHistory": False,
            "conditionalCreate": False,
            "searchParam": [{"name": one.name, "type": one.kind} for one in _SEARCHED],
            "operation": [{"name": name, "definition": url} for name, url in operations.items()],
        }

    def create(self) -> Response:
        reader = self._reader_of(request)
        resource = self._sent()
        now = self._clock.now()
        asked = self._checked(resource, now)
        if asked.status == "active":
            raise FhirError(422, "Subscription.status: a new one is requested or off.", code="value")
        with self._store.write() as session:
            if len(store.of_reader(session, reader, asking_client())) >= _MOST:
                raise FhirError(422, f"there are {_MOST} subscriptions already. End some.", code="too-many")
            due = now if asked.status == "requested" else None
            content, headers = kept_content(resource), sealed_headers(asked, self._seal)
            client = asking_client()
            new = store.NewSubscription(str(uuid4()), reader, content, headers, asked.status, due, client)
            row = store.add(session, new, now)
            response = _written(row, 201)
            response.headers["Location"] = f"{self._base}/Subscription/{row.resource_id}/_history/{row.version}"
            return _versioned(response, row)

    def read(self, id_: str) -> Response:
        reader = self._reader_of(request)
        with self._store.read() as session:
            row = self._own(session, reader, id_)
            if is_tagged(request.headers.get("If-None-Match", ""), row.version):
                return _versioned(Response(status=304), row)
            return _versioned(_answer(shown(row)), row)

    def vread(self, id_: str, version: str) -> Response:
        """The version that it is at; earlier ones are not kept."""
        reader = self._reader_of(request)
        with self._store.read() as session:
            row = self._own(session, reader, id_)
            if str(row.version) != version:
                raise FhirError(404, "the Subscription is not at that version, and earlier ones are not kept.")
            return _versioned(_answer(shown(row)), row)

    def update(self, id_: str) -> Response:
        """What its client wants from now on; requested or active begins with a handshake, off ends it for a while."""
        reader = self._reader_of(request)  # before anything is said of what was sent
        resource = self._sent()
        if resource.get("id") != id_:
            raise FhirError(400, "the resource's id is not the one in the address.")
        now = self._clock.now()
        asked = self._checked(resource, now)
        with self._store.write() as session:
            row = self._own(session, reader, id_, lock=True)
            match = request.headers.get("If-Match", "")
            if match and not is_tagged(match, row.version):
                raise FhirError(412, "the Subscription is not at the version named by If-Match.")
            row.content, row.headers = kept_content(resource), sealed_headers(asked, self._seal)
            row.status = "off" if asked.status == "off" else "requested"
            row.due_at = None if asked.status == "off" else now
            row.error, row.tries, row.failing_since, row.updated_at = None, 0, None, now
            row.leased_by = row.leased_until = None  # what is on its way is noted nowhere, and told again
            row.version += 1
            row.client_id = asking_client()  # one that no client made is from now on of the one that sends it
            return _versioned(_written(row, 200), row)

    def delete(self, id_: str) -> Response:
        reader = self._reader_of(request)
        with self._store.write() as session:
            row = self._own(session, reader, id_, lock=True)
            store.end_subscription(row, self._clock.now())
            row.is_deleted, row.headers = True, b""
        return Response(status=204)

    def search(self) -> Response:
        reader = self._reader_of(request)
        lenient = is_lenient(request.headers.get("Prefer", ""))
        pairs = [("_count", str(_MOST)), *request.args.items(multi=True)]  # all, where no fewer are asked for
        wanted = parse_search("Subscription", pairs, _SEARCHED, lenient=lenient, most=_MOST)
        with self._store.read() as session:
            rows = store.of_reader(session, reader, asking_client())
            found = [shown(row) for row in rows]
        found = [one for one in found if wanted.matches(one)]
        entries = [(f"{self._base}/Subscription/{one['id']}", one) for one in found]
        return self._searchset(entries[: 0 if wanted.count_only else wanted.count], len(found))

    def statuses(self) -> Response:
        """$status of the type: of those with the ids and statuses that are named, or all."""
        reader = self._reader_of(request)
        asked = operation_parameters()
        ids = [part for name, value in asked if name == "id" for part in value.split(",")]
        states = [part for name, value in asked if name == "status" for part in value.split(",")]
        with self._store.read() as session:
            rows = [
                row
                for row in store.of_reader(session, reader, asking_client())
                if (not ids or row.resource_id in ids) and (not states or row.status in states)
            ]
            return self._searchset([self._status(row) for row in rows])

    def status(self, id_: str) -> Response:
        reader = self._reader_of(request)
        with self._store.read() as session:
            return self._searchset([self._status(self._own(session, reader, id_))])

    def events(self, id_: str) -> Response:
        """$events: what happened, by number, as a notification would have told it."""
        reader = self._reader_of(request)
        asked = dict(operation_parameters())
        with self._store.read() as session:
            row = self._own(session, reader, id_)
            first, last = _number(asked, "eventsSinceNumber", 1), _number(asked, "eventsUntilNumber", row.last_number)
            content = _content(asked, as_asked(row, self._seal))
            found = store.events(session, row, first, last, _EVENTS[content])
            reports = [one.report for one in found]
            readable = told_today(session, row, reports, self._needs_agreements, self._clock.now(), self._note)
            full = content is Content.FULL_RESOURCE
            versions = store.contents(session, readable) if full else None
            body = bundle(
                self._about(row), NotificationKind.EVENTS, content, self._clock.now(), found, readable, versions
            )
        return Response(body, content_type=CONTENT_TYPE)

    def _checked(self, resource: Json, now: datetime) -> WantedSubscription:
        return check_subscription(resource, self._topic, self._guard, now)

    def _sent(self) -> Json:
        check_content_type(request.content_type or "")
        try:
            resource = orjson.loads(request.get_data())
        except orjson.JSONDecodeError as error:
            raise FhirError(400, "the body is not JSON.", code="structure") from error
        if not isinstance(resource, dict) or resource.get("resourceType") != "Subscription":
            raise FhirError(400, "the body is not a Subscription.", code="structure")
        return resource

    def _own(self, session: Session, reader: Reader, id_: str, *, lock: bool = False) -> SubscriptionRow:
        row = store.one_of_reader(session, reader, asking_client(), id_, lock=lock)
        if row is None:
            raise FhirError(404, "there is no such Subscription.")
        if row.is_deleted:
            raise FhirError(410, "the Subscription was deleted.")
        return row

    def _about(self, row: SubscriptionRow) -> SubscriptionStanding:
        return SubscriptionStanding(self._base, row.resource_id, self._topic, row.status, row.last_number, row.error)

    def _status(self, row: SubscriptionRow) -> tuple[str, Json]:
        return f"urn:uuid:{uuid4()}", status(self._about(row), NotificationKind.STATUS)

    def _searchset(self, resources: Sequence[tuple[str, Json]], total: int | None = None) -> Response:
        entries = [{"fullUrl": url, "resource": one, "search": {"mode": "match"}} for url, one in resources]
        head = {"resourceType": "Bundle", "type": "searchset", "total": len(entries) if total is None else total}
        return _answer({**head, **({"entry": entries} if entries else {})})


def _number(asked: dict[str, str], name: str, default: int) -> int:
    text = asked.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal():
        raise FhirError(400, f"{name} is the number of an event.")
    return int(text.lstrip("0")[:_DIGITS] or "0")


def _content(asked: dict[str, str], kept: WantedSubscription) -> Content:
    try:
        return Content(asked["content"]) if "content" in asked else kept.content
    except ValueError as error:
        raise FhirError(400, f"content is {', '.join(Content)}.") from error


def _answer(resource: Json, code: int = 200) -> Response:
    return Response(orjson.dumps(resource), status=code, content_type=CONTENT_TYPE)


def _written(row: SubscriptionRow, code: int) -> Response:
    """What its client wants back of a Subscription that it wrote."""
    match returned(request.headers.get("Prefer", "")):
        case Returned.MINIMAL:
            return Response(status=code)
        case Returned.OUTCOME:
            told = "the Subscription is kept."
            return _answer(operation_outcome("informational", told, severity="information"), code)
        case Returned.REPRESENTATION:
            return _answer(shown(row), code)


def _versioned(response: Response, row: SubscriptionRow) -> Response:
    response.headers["ETag"] = etag(row.version)
    response.headers["Last-Modified"] = http_date(row.updated_at)
    return response

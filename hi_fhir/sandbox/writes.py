"""Creating, updating and deleting: one by one, as a batch, or as a transaction that happens whole or not at all.

Source: FHIR R4 http.html. Every write is decided first and carried out second, under one lock.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hi_fhir.fhir.rest.conditions import read_condition
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.headers import etag, is_tagged
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.sandbox.memory import Memory, Stored

Resource = dict[str, Any]

_ORDER = ("DELETE", "POST", "PUT")
"""In which order a transaction's entries are carried out, whatever theirs is in the Bundle."""
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_STATUS_LINES = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


@dataclass(frozen=True)
class Write:
    """A write as asked for. `id` or `condition` says which resource; for a POST, which one must not exist."""

    method: str
    type: str
    id: str | None = None
    condition: str | None = None
    resource: Resource | None = None
    if_match: str | None = None


@dataclass(frozen=True)
class Plan:
    """A write that can be carried out. `id`: what it writes, known before; `found`: what its condition matched."""

    write: Write
    id: str
    found: Stored | None

    def targets(self) -> list[tuple[str, str]]:
        """What no other entry of a transaction may share."""
        named = [self.id] if self.write.condition is None else [self.id, f"?{self.write.condition}"]
        return [(self.write.type, name) for name in named]


@dataclass(frozen=True)
class Written:
    """What came of a write: an HTTP status, and the resource unless it is gone."""

    status: int
    stored: Stored | None


class Writer:
    """Writes into a memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def one(self, write: Write) -> Written:
        """Carry out a single write.

        Raises:
            FhirError: 400, 404, or 412 where several resources match the condition.
        """
        with self._memory.held_still():
            return self._carry_out(self._plan(write))

    def bundle(self, bundle: Resource) -> Resource:
        """Carry out a transaction or batch; the response Bundle, entries in the order of the request.

        Raises:
            FhirError: 400, no such Bundle; for a transaction, whatever one of its entries fails with.
        """
        kind = bundle.get("type") if bundle.get("resourceType") == "Bundle" else None
        entries = bundle.get("entry", [])
        if kind not in ("transaction", "batch") or not isinstance(entries, list):
            raise FhirError(400, "send a Bundle of type transaction or batch.")
        with self._memory.held_still():
            answers = self._transaction(entries) if kind == "transaction" else [self._alone(one) for one in entries]
        return {"resourceType": "Bundle", "type": f"{kind}-response", "entry": answers}

    def _transaction(self, entries: list[Any]) -> list[Resource]:
        plans = [self._plan(_read_entry(entry)) for entry in entries]
        targets = [target for plan in plans for target in plan.targets()]
        if len(set(targets)) < len(targets):
            raise FhirError(400, "two entries of the transaction write the same resource.", code="duplicate")
        urls = {
            entry["fullUrl"]: f"{plan.write.type}/{plan.id}"
            for entry, plan in zip(entries, plans, strict=True)
            if isinstance(entry.get("fullUrl"), str)
        }
        answers: dict[int, Resource] = {}
        for place in sorted(range(len(plans)), key=lambda place: _ORDER.index(plans[place].write.method)):
            answers[place] = _answer(self._carry_out(_resolved(plans[place], urls)))
        return [answers[place] for place in range(len(plans))]

    def _alone(self, entry: Any) -> Resource:
        try:
            return _answer(self.one(_read_entry(entry)))
        except FhirError as error:
            return {"response": {"status": str(error.status), "outcome": error.outcome()}}

    def _plan(self, write: Write) -> Plan:
        """Decide what a write comes to, without doing it."""
        _check(write)
        if write.condition is None:
            id_ = write.id or self._memory.new_id(write.type)
            return Plan(write, id_, self._current(write, id_))
        condition = read_condition(write.type, write.condition, PARAMETERS[write.type])
        if write.method == "PUT" and not condition.matches(write.resource or {}):
            raise FhirError(400, "the resource does not match the condition that it is written under.")
        matches = self._memory.find(condition)
        if len(matches) > 1:
            raise FhirError(412, "several resources match the condition.", code="duplicate")
        found = matches[0] if matches else None
        return Plan(write, found.id if found else self._memory.new_id(write.type), found)

    def _current(self, write: Write, id_: str) -> Stored | None:
        """What the write would replace."""
        found = self._memory.peek(write.type, id_)
        if write.if_match and not (found and is_tagged(write.if_match, found.version)):
            raise FhirError(412, "the resource is not at the version named by If-Match.")
        return found

    def _carry_out(self, plan: Plan) -> Written:
        write = plan.write
        if write.method == "DELETE":
            self._memory.delete(write.type, plan.id)
            return Written(204, None)
        if write.method == "POST" and plan.found:
            return Written(200, plan.found)
        stored, is_new = self._memory.write(write.resource or {}, plan.id)
        return Written(201 if is_new else 200, stored)


def _check(write: Write) -> None:
    """Refuse what cannot be carried out, whatever is held."""
    if write.type not in PARAMETERS:
        raise FhirError(404, f"{write.type[:64]} is not a resource type served here.", code="not-supported")
    if (write.id is not None) == (write.method == "POST") and write.condition is None:
        raise FhirError(400, "POST goes to a type, PUT and DELETE to a type and an id or a condition.")
    if write.id is not None and not _ID.fullmatch(write.id):
        raise FhirError(400, "the id is not 1 to 64 letters, digits, hyphens and dots.")
    if write.method == "DELETE":
        return
    resource = write.resource
    if not isinstance(resource, dict) or resource.get("resourceType") != write.type:
        raise FhirError(400, f"the body is not a {write.type}.", code="structure")
    if write.method == "PUT" and write.id and resource.get("id") != write.id:
        raise FhirError(400, "the resource's id is not the one in the address.")


def _read_entry(entry: Any) -> Write:
    """An entry of a transaction or batch."""
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise FhirError(400, "an entry has no request.", code="structure")
    method, url = request.get("method"), request.get("url")
    if method not in _ORDER or not isinstance(url, str):
        raise FhirError(400, f"an entry's request is one of {', '.join(_ORDER)}, with a url.", code="not-supported")
    path, asks, query = url.strip("/").partition("?")
    type_, _, id_ = path.partition("/")
    condition = request.get("ifNoneExist") if method == "POST" else query if asks else None
    return Write(method, type_, id_ or None, condition, entry.get("resource"), request.get("ifMatch"))


def _resolved(plan: Plan, urls: Mapping[str, str]) -> Plan:
    """The plan with references to other entries of the transaction put as what those became."""

    def resolve(element: Any) -> Any:
        if isinstance(element, list):
            return [resolve(part) for part in element]
        if isinstance(element, dict):
            return {name: _reference(name, value, urls, resolve) for name, value in element.items()}
        return element

    return replace(plan, write=replace(plan.write, resource=resolve(plan.write.resource)))


def _reference(name: str, value: Any, urls: Mapping[str, str], resolve: Callable[[Any], Any]) -> Any:
    if name == "reference" and isinstance(value, str):
        return urls.get(value, value)
    return resolve(value)


def _answer(written: Written) -> Resource:
    response = {"status": _STATUS_LINES[written.status]}
    stored = written.stored
    if stored:
        response["location"] = f"{stored.type}/{stored.id}/_history/{stored.version}"
        response["etag"] = etag(stored.version)
        response["lastModified"] = stored.updated.low.isoformat(timespec="milliseconds")
    return {"response": response}

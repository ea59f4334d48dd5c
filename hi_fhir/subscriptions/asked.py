"""What a client asks of a Subscription, read from the resource that it sent; what is not offered is refused by name.

Source: FHIR R4 Subscription and the subscriptions backport guide. Criteria that are a canonical URL are a topic's;
criteria that are a search are R4's own, and a report then comes by PUT, as HAPI sends it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from hi_fhir.fhir.guard import Guard, UnsafeAddressError
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import parse_search
from hi_fhir.searches import report_criteria
from hi_fhir.store.criteria import ReportCriteria
from hi_fhir.subscriptions import guide
from hi_fhir.subscriptions.guide import Content

Json = dict[str, Any]

_TYPE = "MeasureReport"
_FILTERS = tuple(parameter for parameter in PARAMETERS[_TYPE] if parameter.name in guide.FILTERED_BY)
_MIME = re.compile(r"application/(?:fhir\+)?json(?:\s*;\s*(?:charset=utf-8|fhirVersion=4\.0(?:\.1)?))*", re.IGNORECASE)
_HEADER = re.compile(
    r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}):[ \t]*([\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?)", re.ASCII
)
_OURS = frozenset(("accept", "connection", "content-encoding", "content-length", "content-type", "expect", "host"))
_OURS |= {"te", "trailer", "transfer-encoding", "upgrade"}
"""Headers that whoever sends a notification sets."""
_MOST_HEADERS = 16
_SECONDS = {guide.HEARTBEAT: (10, 31_536_000), guide.TIMEOUT: (1, 60), guide.MAX_COUNT: (1, 100)}
"""What numbers of a channel may be, both ends included."""
_TIMEOUT_S = 10
_MOST = {Content.EMPTY: 100, Content.ID_ONLY: 100, Content.FULL_RESOURCE: 20}
"""Events in a notification where its client says no number: a report is 130 kB."""


_LONGEST = 2_048  # characters of an address
_LONGEST_FILTERS = 16_384
_MOST_CRITERIA, _MOST_VALUES = 20, 100  # of all filters together: each release asks them
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True)
class WantedSubscription:
    """filters: searches of MeasureReports that all hold. is_topic: else R4's own form. media_type None: without a body.

    headers: name and value. heartbeat_s None: none. most: events in a notification. end None: never.
    """

    status: str
    is_topic: bool
    filters: tuple[str, ...]
    endpoint: str
    headers: tuple[tuple[str, str], ...]
    media_type: str | None
    content: Content
    heartbeat_s: int | None
    timeout_s: int
    most: int
    end: datetime | None


def kept_filters(resource: Json) -> tuple[str, ...]:
    """The filters of a Subscription that was checked before."""
    criteria = resource["criteria"]
    return (criteria,) if criteria.startswith(f"{_TYPE}?") else tuple(_filters(resource))


def filter_criteria(filters: Sequence[str]) -> ReportCriteria:
    """Raises:
    FhirError: 422, one of them is not offered or not understood.
    """
    if sum(map(len, filters)) > _LONGEST_FILTERS:
        raise _refused("its filters are too long.", "criteria")
    pairs = [pair for text in filters for pair in _pairs(text)]
    if len(pairs) > _MOST_CRITERIA or sum(value.count(",") + 1 for _, value in pairs) > _MOST_VALUES:
        raise _refused(f"filters ask for {_MOST_CRITERIA} things and {_MOST_VALUES} values at most.", "criteria")
    try:
        return report_criteria(parse_search(_TYPE, pairs, _FILTERS))
    except FhirError as error:
        raise _refused(f"a filter is not served: {error.diagnostics}", "criteria") from error


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """A filter's parameters, as the guide's examples spell them: with the type before `?` or `.`, or without."""
    query = text.removeprefix(f"{_TYPE}?")
    if "?" in query.partition("=")[0]:
        raise _refused(f"a filter is of {_TYPE}s alone.", "criteria")
    for name, value in parse_qsl(query, keep_blank_values=True):
        yield name.removeprefix(f"{_TYPE}."), value


def check_subscription(resource: Json, topic: str, guard: Guard, at: datetime) -> WantedSubscription:
    """The Subscription as asked for at an instant. topic: the canonical URL that is offered.

    Raises:
        FhirError: 422, something is missing, not understood or not offered.
    """
    asked = read_subscription(resource)
    if asked.is_topic and resource["criteria"] != topic:
        raise _refused(f"the one topic here is {topic}.", "criteria", code="not-supported")
    try:
        guard.check_url(asked.endpoint)
    except UnsafeAddressError as error:
        raise _refused(f"channel.endpoint cannot be called: {error}", "channel.endpoint") from error
    if asked.end is not None and asked.end <= at:
        raise _refused("its end is over.", "end")
    filter_criteria(asked.filters)
    return asked


def read_subscription(resource: Json) -> WantedSubscription:
    """A Subscription as it was kept, which was checked before.

    Raises:
        FhirError: 422, it is none that is offered.
    """
    channel = resource.get("channel")
    if not isinstance(channel, dict):
        raise _refused("it has no channel.", "channel", code="required")
    if channel.get("type") != "rest-hook" or "_type" in channel:
        raise _refused("channel.type is rest-hook.", "channel.type", code="not-supported")
    criteria = resource.get("criteria")
    if not isinstance(criteria, str) or not criteria.startswith(("http://", "https://", f"{_TYPE}?")):
        raise _refused(f"criteria are a topic's canonical URL, or a search {_TYPE}?...", "criteria")
    is_topic = not criteria.startswith(f"{_TYPE}?")
    content = _content(channel) if is_topic else Content.FULL_RESOURCE
    numbers = _numbers(channel)
    return WantedSubscription(
        status=_status(resource),
        is_topic=is_topic,
        filters=tuple(_filters(resource)) if is_topic else (criteria,),
        endpoint=_endpoint(channel),
        headers=tuple(_headers(channel)),
        media_type=_media_type(channel, is_required=is_topic),
        content=content,
        heartbeat_s=numbers.get(guide.HEARTBEAT),
        timeout_s=numbers.get(guide.TIMEOUT, _TIMEOUT_S),
        most=numbers.get(guide.MAX_COUNT, _MOST[content]),
        end=_end(resource),
    )


def _status(resource: Json) -> str:
    status = resource.get("status")
    if status not in ("requested", "active", "off"):
        raise _refused("status is requested or off; it becomes active or error here.", "status")
    return str(status)


def _filters(resource: Json) -> Iterator[str]:
    """Those of the criteria's extensions. Another extension would narrow what is asked in a way that is not known."""
    for extension in _extensions(resource, "_criteria"):
        if extension.get("url") != guide.FILTER or not isinstance(extension.get("valueString"), str):
            raise _refused(f"the one extension of criteria is {guide.FILTER}.", "criteria", code="not-supported")
        yield extension["valueString"]


def _endpoint(channel: Json) -> str:
    endpoint = channel.get("endpoint")
    if not isinstance(endpoint, str) or len(endpoint) > _LONGEST:
        raise _refused("channel.endpoint is the address that is called.", "channel.endpoint", code="required")
    return endpoint


def _headers(channel: Json) -> Iterator[tuple[str, str]]:
    given = channel.get("header", [])
    if not isinstance(given, list) or len(given) > _MOST_HEADERS:
        raise _refused(f"channel.header is a list of {_MOST_HEADERS} headers at most.", "channel.header")
    for header in given:
        read = _HEADER.fullmatch(header) if isinstance(header, str) else None
        if read is None:
            raise _refused("each of channel.header is `Name: value` in printed ASCII.", "channel.header")
        if read[1].lower() in _OURS:
            raise _refused("a header of channel.header is set by whoever sends.", "channel.header")
        yield read[1], read[2]


def _media_type(channel: Json, *, is_required: bool) -> str | None:
    payload = channel.get("payload")
    if payload is None and not is_required:
        return None
    if not isinstance(payload, str) or _MIME.fullmatch(payload) is None:
        raise _refused("channel.payload is application/fhir+json.", "channel.payload", code="not-supported")
    return payload


def _content(channel: Json) -> Content:
    levels = [one.get("valueCode") for one in _extensions(channel, "_payload") if one.get("url") == guide.CONTENT]
    if len(levels) == 1:
        with suppress(ValueError):
            return Content(str(levels[0]))
    told = f"channel.payload has the extension {guide.CONTENT} once: {', '.join(Content)}."
    raise _refused(told, "channel.payload", code="not-supported")


def _numbers(channel: Json) -> dict[str, int]:
    """The numbers that extensions of the channel say, by their URL."""
    found: dict[str, int] = {}
    for extension in _extensions({"channel": channel.get("extension", [])}, "channel", is_list=True):
        url = extension.get("url")
        if not isinstance(url, str) or url not in _SECONDS:
            continue
        kind = "valuePositiveInt" if url == guide.MAX_COUNT else "valueUnsignedInt"
        low, high = _SECONDS[url]
        value = extension.get(kind)
        if type(value) is not int or not low <= value <= high or url in found:
            raise _refused(f"{url.rpartition('/')[2]} is given once, as {kind} from {low} to {high}.", "channel")
        found[url] = value
    return found


def _extensions(element: Json, name: str, *, is_list: bool = False) -> list[Json]:
    """The extensions beside a primitive element, or those that stand as a list."""
    holder = element.get(name)
    if holder is None:
        return []
    extensions = holder if is_list else holder.get("extension", []) if isinstance(holder, dict) else None
    if not isinstance(extensions, list) or not all(isinstance(one, dict) for one in extensions):
        raise _refused(f"the extensions of {name.removeprefix('_')} are a list of objects.", name, code="structure")
    return extensions


def _end(resource: Json) -> datetime | None:
    end = resource.get("end")
    if end is None:
        return None
    if isinstance(end, str) and _INSTANT.fullmatch(end):
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(end).astimezone(UTC)
    raise _refused("its end is an instant with seconds and zone.", "end")


def _refused(diagnostics: str, where: str, *, code: str = "value") -> FhirError:
    return FhirError(422, f"Subscription.{where}: {diagnostics}", code=code)

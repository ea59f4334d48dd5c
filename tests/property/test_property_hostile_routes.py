"""Whatever is asked of whichever route: an answer, never a fault of ours, and nothing of it repeated."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from flask import Request, g
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hi_fhir.access.keys import KeysByUrl
from hi_fhir.access.scopes import ALL
from hi_fhir.access.tokens import TokenGiver
from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.reports.definitions import definitions
from hi_fhir.store.audit_events import AuditNote
from hi_fhir.store.clients import Caller
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from hi_fhir.web import smart_api
from hi_fhir.web.app import create_app
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import BASE, CLOCK, release
from tests.support.subscribing import TOPIC, subscription

CANARY = "CANARY7f3a"
TOKEN_URL = "https://numbers.example/auth/token"
TYPES = ("MeasureReport", "Measure", "Organization", "Group", "CodeSystem", "Subscription", "Patient", "AuditEvent")


NOTES: list[AuditNote] = []


def operator(_request: Request) -> Reader:
    """Whoever asks has what there is: the operator's own client."""
    reader = Reader("icb")
    g.caller = Caller("operator", reader, f"{ALL} system/AuditEvent.rs")
    return reader


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("store")
    store, guard = open_store(folder / "store.sqlite"), Guard()
    NOTES.clear()
    release(store, memberships=[("A99001", "U99001", "QX1")])
    base = "https://numbers.example/fhir"
    views = SubscriptionViews(store, CLOCK, operator, load_seal(folder / "key"), guard, base, TOPIC)
    offered = {"definitions": definitions(BASE, []), "subscriptions": views, "has_clients": True}
    app = create_app(store, CLOCK, operator, **offered, note=NOTES.append)
    app.register_blueprint(
        smart_api.make_blueprint(TokenGiver(store, CLOCK, KeysByUrl(guard, CLOCK), TOKEN_URL), TOKEN_URL, "/fhir")
    )
    yield app.test_client()
    store.close()


hostile = st.sampled_from(
    [
        *("", CANARY, f"<script>{CANARY}</script>", f"' OR 1=1 --{CANARY}", f"{CANARY}\r\nX-Own: 1", f"\0{CANARY}"),
        *("9" * 400, "-1", "1e999", "NaN", "%", "%00", "%ff", "../../etc/passwd", "é" * 50, "\ud83d\ude00", "\u202e"),
        *("|", "||", "\\", "\\,", ",", ",,,", "a|b|c", "$", "ge", "ge2024", "xx2024", "2024-13", "0000", "0001-01-01"),
        *("9999-12-31T23:59:59Z", "2024-02-30", "2024-01-01T00:00:00+99:99", "ne0001-01-01T00:00:00Z", "lt9999"),
        *("https://[::1", "urn:x|", f"Organization/{CANARY}", "Organization/", "/", "_id", "-_id,", "MeasureReport:x"),
        *("MeasureReport:reporter", "MeasureReport:measure:Measure", "count", "text", "true", "none", "_lastUpdated"),
        *("eyJ4IjoxfQ", "W10", "WzEsMl0", "bnVsbA", "A" * 3_000, "[" * 5_000, "x" * 5_000),
    ]
) | st.text(max_size=30)
names = st.sampled_from(
    [
        *sorted({one.name for type_ in TYPES if type_ in PARAMETERS for one in PARAMETERS[type_]}),
        *("_count", "_sort", "_total", "_summary", "_elements", "_include", "_revinclude", "_page", "_format"),
        *("_since", "_before", "_pretty", "periodStart", "periodEnd", "measure", "subject", "reportType", "id"),
        *("eventsSinceNumber", "eventsUntilNumber", "content", "altid", "agent", "outcome", CANARY),
    ]
) | st.text(max_size=10)
modifiers = st.sampled_from(["", "", "", ":not", ":missing", ":exact", ":identifier", ":below", ":x", ":" + CANARY])
queries = st.lists(st.tuples(st.builds("".join, st.tuples(names, modifiers)), hostile), max_size=4)


def segments(name: str, converter: str) -> st.SearchStrategy[str]:
    if converter == "TypeConverter":
        return st.sampled_from(TYPES)
    known = ["ods-a99001", "ethnicity-recorded", "1", "0", "999999999999", "$status"]
    return st.sampled_from(known) | hostile.filter(lambda text: "/" not in text and text not in ("", ".", ".."))


@st.composite
def asked(draw: st.DrawFn, client: FlaskClient) -> tuple[str, str]:
    """A method and a path of any route, as the application has them."""
    rules = sorted(client.application.url_map.iter_rules(), key=lambda one: (one.rule, sorted(one.methods or ())))
    rule = draw(st.sampled_from(rules))
    values = {name: draw(segments(name, type(converter).__name__)) for name, converter in rule._converters.items()}
    method = draw(
        st.sampled_from(sorted(rule.methods or ())) | st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"])
    )
    path = rule.rule
    for name, value in values.items():
        path = path.replace(f"<type:{name}>", quote(value, safe="")).replace(f"<{name}>", quote(value, safe=""))
    return method, path


R5 = {"resourceType": "SubscriptionTopic", "url": CANARY, "fhirVersion": "5.0.0"}
R5_SUBSCRIPTION = {
    "resourceType": "Subscription",
    "status": "requested",
    "topic": CANARY,
    "channelType": {"code": "rest-hook"},
    "endpoint": "https://icb.example/hook",
    "content": "id-only",
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | hostile,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=6,
)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    json_values.map(as_json),
    st.sampled_from(
        [
            as_json(R5),
            as_json(R5_SUBSCRIPTION),
            as_json(subscription("https://icb.example/hook")).decode().encode("utf-16"),
            b"\xef\xbb\xbf{}",
            b"[" * 60_000,
            b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
            as_json({"resourceType": "Parameters", "parameter": [{"name": CANARY}]}),
            as_json({"resourceType": "Parameters", "parameter": {"name": 1}}),
            as_json({"resourceType": "Bundle", "type": "transaction", "entry": [{}]}),
            f"_id={CANARY}&_count=%ff".encode(),
        ]
    ),
)
headers = st.dictionaries(
    st.sampled_from(
        [
            *("Accept", "Accept-Encoding", "Authorization", "Content-Encoding", "Content-Type", "If-Match"),
            *("If-Modified-Since", "If-None-Match", "Origin", "Prefer", "Range", "X-Forwarded-Host", "X-HTTP-Method"),
        ]
    ),
    st.sampled_from(
        [
            *("*/*", "gzip", "gzip;q=x", "application/fhir+json", "application/json; charset=utf-16", "text/plain"),
            *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", f"Bearer {CANARY}", CANARY),
            *("handling=lenient", "handling=strict", "return=minimal", 'W/"1"', "*", "bytes=0-1", "", ";", ",", "q=;;"),
            "Fri, 99 Foo 0000 99:99:99 GMT",
        ]
    ),
    max_size=4,
)


@given(data=st.data(), query=queries, body=bodies, sent=headers)
def test_whatever_is_asked_of_any_route_is_answered(client, data, query, body, sent):
    method, path = data.draw(asked(client))
    NOTES.clear()
    answer = client.open(path, method=method, query_string=query_of(query), data=body, headers=sent)
    text = answer.get_data()
    told = text if answer.headers.get("Content-Encoding") != "gzip" else b""

    assert answer.status_code < 500, (method, path, query, body[:200], sent, text[:500])
    assert b"Traceback" not in told
    assert "X-Own" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert CANARY not in str([replace(one, resource_id=None) for one in NOTES])
    if answer.status_code >= 400:
        assert CANARY.encode() not in told, (method, path, query)
        assert not any(CANARY in value for _, value in answer.headers)
        if path.startswith("/fhir") and method != "HEAD":
            assert answer.json["resourceType"] == "OperationOutcome"


def query_of(pairs: list[tuple[str, str]]) -> str:
    return "&".join("=".join(quote(part, safe=":", errors="surrogatepass") for part in pair) for pair in pairs)

"""Whatever is sent to make a subscription or to be given a token: an answer, never a fault of ours, nothing echoed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hi_fhir.access.keys import KeysByUrl
from hi_fhir.access.tokens import TokenGiver
from hi_fhir.core.audiences import Audience
from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.store import clients
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from hi_fhir.web import smart_api
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import CLOCK
from tests.support.signing import RSA, jwks, token_form
from tests.support.subscribing import TOPIC, classic, subscription

TOKEN_URL = "https://numbers.example/auth/token"
HOOK = "https://icb.example/hook"
CANARY = "CANARY-7f3a"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("store")
    store, everyone, guard = open_store(folder / "store.sqlite"), everyone_is(Reader("icb")), Guard()
    with store.write() as session:
        clients.add_client(
            session, clients.NewClient("c", "c", Audience.ICB, "QX1", "system/*.rs", jwks(RSA)), CLOCK.at
        )
    base = "https://numbers.example/fhir"
    views = SubscriptionViews(store, CLOCK, everyone, load_seal(folder / "key"), guard, base, TOPIC)
    app = create_app(store, CLOCK, everyone, subscriptions=views)
    giver = TokenGiver(store, CLOCK, KeysByUrl(guard, CLOCK), TOKEN_URL)
    app.register_blueprint(smart_api.make_blueprint(giver, TOKEN_URL, "/fhir"))
    yield app.test_client()
    store.close()


text = st.text(max_size=20) | st.sampled_from(
    ["", "x", "\r\n", "\0", "9" * 30, CANARY, "http://[", "https://[::1", "%", "é"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def paths(element: Any, way: tuple = ()) -> Iterator[tuple]:
    """Where anything stands in a resource."""
    inner = element.items() if isinstance(element, dict) else enumerate(element) if isinstance(element, list) else ()
    for name, part in inner:
        yield (*way, name)
        yield from paths(part, (*way, name))


@st.composite
def broken(draw: st.DrawFn) -> dict:
    """A Subscription that would do, with something else in up to three places, or nothing."""
    full = subscription(
        HOOK, "full-resource", filters=["status=complete"], heartbeat=60, timeout=5, most=3, header=["A: b"]
    )
    whole = {**full, "end": "2030-01-01T00:00:00Z", "meta": {"profile": ["x"]}, "extension": []}
    resource = json.loads(json.dumps(draw(st.sampled_from([whole, classic(HOOK)]))))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([*paths(resource)]))
        holder = resource
        for name in way:
            holder = holder[name]
        if draw(st.booleans()):
            holder[last] = draw(values)
        else:
            del holder[last]
        if not [*paths(resource)]:
            break
    return resource


@given(resource=broken())
def test_a_broken_subscription_is_taken_whole_or_refused(client, resource):
    answer = client.post("/fhir/Subscription", data=json.dumps(resource), content_type="application/fhir+json")

    assert answer.status_code in (201, 400, 422), answer.text
    if answer.status_code == 201:
        path = f"/fhir/Subscription/{answer.json['id']}"
        assert client.get(path).json == answer.json
        assert client.get(f"{path}/$status").status_code == 200
        assert client.get(f"{path}/$events").status_code == 200
        changed = {**resource, "id": answer.json["id"]}
        assert client.put(path, json=changed).status_code == 200
        assert client.get("/fhir/Subscription/$status").status_code == 200
        assert client.delete(path).status_code == 204
    else:
        assert answer.json["resourceType"] == "OperationOutcome"
        assert CANARY not in answer.text


@given(
    body=st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()),
    path=st.sampled_from(["", "/x", "/x/$events", "/$status", "/x/$status"]),
)
def test_any_body_is_answered(client, body, path):
    for call in (client.post, client.put):
        answer = call(f"/fhir/Subscription{path}", data=body, content_type="application/fhir+json")
        assert answer.status_code < 500, answer.text


@given(
    query=st.text(max_size=40),
    name=st.sampled_from(["eventsSinceNumber", "eventsUntilNumber", "content", "id", "status", "url"]),
)
def test_any_question_is_answered(client, query, name):
    for path in ("Subscription", "Subscription/$status", "Subscription/x/$events"):
        assert client.get(f"/fhir/{path}", query_string={name: query}).status_code < 500


@given(
    changed=st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "jti", "iat"]), values, max_size=3),
    header=st.dictionaries(st.sampled_from(["kid", "typ", "jku", "crit", "b64"]), st.text(max_size=9), max_size=2),
    form=st.dictionaries(
        st.sampled_from(["grant_type", "scope", "client_assertion_type", "client_assertion"]), text, max_size=1
    ),
)
def test_whatever_is_signed_is_answered(client, changed, header, form):
    try:
        asked = token_form("c", TOKEN_URL, CLOCK.at, header={"kid": "rsa", **header}, **changed)
    except Exception:  # what cannot be signed cannot be sent
        return
    answer = client.post("/auth/token", data={**asked, **form})
    assert answer.status_code in (200, 400, 401), answer.text
    assert "error" in answer.json or answer.status_code == 200
    assert CANARY not in answer.text


@given(
    assertion=st.text(max_size=60)
    | st.builds(".".join, st.lists(st.text("abcAB019-_=", max_size=20), min_size=3, max_size=5))
)
def test_whatever_is_no_jwt_is_refused(client, assertion):
    form = {**token_form("c", TOKEN_URL, CLOCK.at), "client_assertion": assertion}
    assert client.post("/auth/token", data=form).status_code in (400, 401)

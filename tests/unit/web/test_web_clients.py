"""Registered clients: how one is given a token, what it may do with it, and what it is refused."""

import base64
import hashlib
import hmac
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import select

from hi_fhir.access.keys import KeysError, read_keys
from hi_fhir.access.scopes import ALL, Scopes
from hi_fhir.core.audiences import Audience
from hi_fhir.store import clients as store
from hi_fhir.store.client_models import AccessTokenRow, AssertionRow, ClientRow
from hi_fhir.store.session import Store
from hi_fhir.web.readers import what_is_done
from tests.support.door import PLACES, TOKEN_URL, Door, open_door, register
from tests.support.released import CLOCK, release
from tests.support.signing import EC, RSA, jwks, token_form
from tests.support.subscribing import endpoint, subscription


@pytest.fixture(scope="module")
def kept(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Path]:
    release(module_store, memberships=PLACES)
    register(module_store, "mine", "theirs", "revoked", "narrow")
    return module_store, tmp_path_factory.mktemp("keys")


@pytest.fixture
def door(kept: tuple[Store, Path]) -> Door:
    return open_door(*kept)


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS384", "ES384"])
def test_who_signs_for_itself_is_given_a_token_for_five_minutes(door, key):
    answer = door.token("mine", key)

    assert (answer.status_code, answer.json["token_type"], answer.json["expires_in"]) == (200, "bearer", 300)
    assert answer.headers["Cache-Control"] == "no-store"
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert door.http.get("/fhir/MeasureReport", headers=headers).json["total"] == 2
    door.clock.go_on(seconds=299)
    assert door.http.get("/fhir/MeasureReport", headers=headers).status_code == 200
    door.clock.go_on(seconds=1)
    assert door.http.get("/fhir/MeasureReport", headers=headers).status_code == 401


def test_each_has_its_own_organisations_reports_and_no_others(door):
    ids = {}
    for client in ("mine", "theirs"):
        found = door.http.get("/fhir/MeasureReport", headers=door.headers(client)).json["entry"]
        ids[client] = {entry["resource"]["id"] for entry in found}
    assert len(ids["mine"]) == len(ids["theirs"]) == 2
    assert not ids["mine"] & ids["theirs"]
    for id_ in ids["theirs"]:
        assert door.http.get(f"/fhir/MeasureReport/{id_}", headers=door.headers("mine")).status_code == 404


def test_nobody_else_has_anything(door):
    for path in ("MeasureReport", "Measure", "Organization", "Subscription", "Subscription/$status", "MeasureReport/x"):
        answer = door.http.get(f"/fhir/{path}")
        assert (answer.status_code, answer.json["resourceType"]) == (401, "OperationOutcome")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert door.http.get(f"/fhir/{path}", headers={"Authorization": "Bearer x"}).status_code == 401
        assert door.http.get(f"/fhir/{path}", headers={"Authorization": "Basic x"}).status_code == 401
    assert door.http.post("/fhir/Subscription", data=b"{", content_type="application/fhir+json").status_code == 401
    assert door.http.put("/fhir/Subscription/x", data=b"{", content_type="application/fhir+json").status_code == 401
    assert door.http.get("/fhir/metadata").status_code == 200


WRONG = {
    "another audience": {"aud": "https://numbers.example/fhir"},
    "no audience": {"aud": None},
    "for somebody else": {"sub": "theirs"},
    "of nobody": {"iss": "nobody", "sub": "nobody"},
    "of who was revoked": {"iss": "revoked", "sub": "revoked"},
    "over": {"exp": int(CLOCK.at.timestamp()) - 60},
    "for hours": {"exp": int(CLOCK.at.timestamp()) + 7200},
    "for ever": {"exp": None},
    "until text": {"exp": "soon"},
    "until a fraction": {"exp": CLOCK.at.timestamp() + 0.5},
    "until true": {"exp": True},
    "not yet": {"nbf": int(CLOCK.at.timestamp()) + 60},
    "without an id": {"jti": None},
    "with a number for an id": {"jti": 7},
    "with an endless id": {"jti": "x" * 300},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG.keys())
def test_an_assertion_that_is_not_for_this_is_refused(door, claims):
    answer = door.token("mine", **claims)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_another_key_is_refused_whatever_it_calls_itself(door):
    stranger = RSAKey.generate_key(2048, {"kid": "rsa"})
    weak = ECKey.generate_key("P-256", {"kid": "ec"})
    asked = [
        token_form("mine", TOKEN_URL, CLOCK.at, stranger, header={"alg": "RS384"}),
        token_form("mine", TOKEN_URL, CLOCK.at, RSA, header={"alg": "RS256"}),
        token_form("mine", TOKEN_URL, CLOCK.at, RSA, header={"kid": "ec"}),
        token_form("mine", TOKEN_URL, CLOCK.at, RSA, header={"kid": "another"}),
        token_form("mine", TOKEN_URL, CLOCK.at, weak, header={"alg": "ES256"}),
        {**token_form("mine", TOKEN_URL, CLOCK.at), "client_assertion": signed_with_the_public_key()},
    ]
    for form in asked:
        answer = door.http.post("/auth/token", data=form)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def signed_with_the_public_key() -> str:
    """What anybody could sign, were the public key taken for a shared secret."""
    _, claims, _ = token_form("mine", TOKEN_URL, CLOCK.at)["client_assertion"].split(".")
    head = base64_of(b'{"alg":"HS384","kid":"rsa"}')
    said = f"{head}.{claims}"
    return f"{said}.{base64_of(hmac.digest(RSA.as_pem(private=False), said.encode(), 'sha384'))}"


def base64_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_what_is_not_signed_at_all_is_refused(door):
    signed = token_form("mine", TOKEN_URL, CLOCK.at)["client_assertion"]
    _, claims, signature = signed.split(".")
    none = base64_of(b'{"alg":"none","kid":"rsa"}')
    form = token_form("mine", TOKEN_URL, CLOCK.at)
    for assertion in (f"{none}.{claims}.", f"{none}.{claims}.{signature}", "a.b.c", "....", "é", "x" * 10_000, ""):
        answer = door.http.post("/auth/token", data={**form, "client_assertion": assertion})
        assert answer.status_code in (400, 401)
        assert answer.json["error"] in ("invalid_client", "invalid_request")


def test_an_assertion_is_taken_once(door):
    form = token_form("mine", TOKEN_URL, CLOCK.at)
    assert [door.http.post("/auth/token", data=form).status_code for _ in range(2)] == [200, 401]
    door.clock.go_on(seconds=245)  # within what clocks may be apart
    assert door.http.post("/auth/token", data=form).status_code == 401


def test_what_is_no_request_for_a_token_is_refused(door):
    form = token_form("mine", TOKEN_URL, CLOCK.at)
    for changed in ({"grant_type": "password"}, {"client_assertion_type": "x"}, {"client_assertion": ""}):
        assert door.http.post("/auth/token", data={**form, **changed}).status_code == 400
    assert door.http.post("/auth/token", json=form).status_code == 400
    assert door.http.get("/auth/token").status_code == 405


def test_a_token_is_for_no_more_than_was_asked_for_and_registered(door):
    asked = door.token("mine", scope="system/MeasureReport.r system/Patient.rs launch openid")
    assert asked.json["scope"] == "system/MeasureReport.r"
    assert door.token("narrow").json["scope"] == "system/MeasureReport.r"
    for scope in ("system/Patient.rs", "user/MeasureReport.rs", "", "system/MeasureReport."):
        assert door.token("mine", scope=scope).json["error"] == "invalid_scope"

    headers = door.headers("narrow")
    [first, *_] = door.http.get("/fhir/MeasureReport", headers=door.headers("mine")).json["entry"]
    assert door.http.get(f"/fhir/MeasureReport/{first['resource']['id']}", headers=headers).status_code == 200
    for path in ("MeasureReport", "Measure", "Subscription"):
        answer = door.http.get(f"/fhir/{path}", headers=headers)
        assert (answer.status_code, answer.json["issue"][0]["code"]) == (403, "forbidden")


def test_a_revoked_client_has_no_right_from_then_on(door):
    with door.store.write() as session:
        store.add_client(session, store.NewClient("gone", "g", Audience.ICB, "QX1", str(ALL), jwks(RSA)), CLOCK.at)
    headers = door.headers("gone")
    assert door.http.get("/fhir/MeasureReport", headers=headers).status_code == 200

    with door.store.write() as session:
        assert store.revoke_client(session, "gone", CLOCK.at)

    assert door.http.get("/fhir/MeasureReport", headers=headers).status_code == 401
    assert door.token("gone").status_code == 401


def test_tokens_are_kept_nowhere(door):
    token = door.headers("mine")["Authorization"].removeprefix("Bearer ")
    with door.store.read() as session:
        rows = [
            *session.execute(select(AccessTokenRow.__table__)),
            *session.execute(select(AssertionRow.__table__)),
            *session.execute(select(ClientRow.__table__)),
        ]
    assert hashlib.sha256(token.encode()).hexdigest() in str(rows)
    assert token not in str(rows)


def test_no_other_organisation_has_a_clients_subscriptions(door):
    with endpoint() as hook:
        made = door.http.post("/fhir/Subscription", json=subscription(hook.url), headers=door.headers("mine"))
    path = f"/fhir/Subscription/{made.json['id']}"
    assert made.status_code == 201
    assert door.http.get(path, headers=door.headers("mine")).status_code == 200
    assert door.http.get(path, headers=door.headers("theirs")).status_code == 404
    assert door.http.get(path, headers=door.headers("mine", "system/MeasureReport.rs")).status_code == 403


def test_keys_by_url_may_change_and_are_asked_for_seldom(door):
    other = RSAKey.generate_key(2048, {"kid": "next"})
    with endpoint() as hook:
        hook.content = jwks(RSA).encode()
        with door.store.write() as session:
            new = store.NewClient("by-url", "u", Audience.ICB, "QX1", str(ALL), jwks_url=hook.url)
            store.add_client(session, new, CLOCK.at)
        assert [door.token("by-url").status_code for _ in range(3)] == [200] * 3
        assert len(hook.calls) == 1

        hook.content = jwks(other).encode()  # the client changes its key
        door.clock.go_on(seconds=61)
        assert door.token("by-url", other, header={"alg": "RS384"}).status_code == 200
        assert door.token("by-url").status_code == 401
        assert len(hook.calls) == 2

        hook.answer = lambda _: 500
        door.clock.go_on(minutes=6)
        assert door.token("by-url", other, header={"alg": "RS384"}).status_code == 401


def test_how_to_be_given_one_is_told(door):
    found = door.http.get("/fhir/.well-known/smart-configuration").json
    assert found["token_endpoint"] == TOKEN_URL
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert {Scopes.read(one) for one in found["scopes_supported"]}
    assert "client-confidential-asymmetric" in found["capabilities"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "no JWKS"),
        ("[]", "no JWKS"),
        ("x", "no JWKS"),
        ('{"keys": []}', "no key"),
        ('{"keys": [7]}', "no JWKS"),
        (orjson.dumps({"keys": [RSA.as_dict(private=True)]}), "private key"),
        (jwks(RSAKey.generate_key(2048)), "no key"),
        (jwks(ECKey.generate_key("P-256", {"kid": "a"})), "no key"),
    ],
)
def test_keys_that_are_none_are_refused_when_they_are_registered(text, told):
    with pytest.raises(KeysError, match=told):
        read_keys(text)


def test_a_short_key_is_refused():
    with pytest.warns(SecurityWarning):
        short = jwks(RSAKey.generate_key(1024, {"kid": "a"}))
    with pytest.warns(SecurityWarning), pytest.raises(KeysError, match="no key"):
        read_keys(short)


@pytest.mark.parametrize(
    ("method", "path", "done"),
    [
        ("GET", "/fhir/MeasureReport", ("MeasureReport", "s")),
        ("POST", "/fhir/MeasureReport/_search", ("MeasureReport", "s")),
        ("HEAD", "/fhir/MeasureReport/1", ("MeasureReport", "r")),
        ("GET", "/fhir/MeasureReport/", ("MeasureReport", "s")),
        ("POST", "/fhir/Subscription", ("Subscription", "c")),
        ("PUT", "/fhir/Subscription/1", ("Subscription", "u")),
        ("DELETE", "/fhir/Subscription/1", ("Subscription", "d")),
        ("POST", "/fhir/Subscription/1/$events", ("Subscription", "r")),
        ("GET", "/fhir/Subscription/%24status", ("Subscription", "s")),
    ],
)
def test_what_a_request_does_is_told_by_its_method_and_path(method, path, done):
    assert what_is_done(method, path) == done


def test_a_token_is_good_for_a_short_time_only(door):
    headers = door.headers("mine")
    door.clock.at += timedelta(days=1)
    assert door.http.get("/fhir/MeasureReport", headers=headers).status_code == 401

"""Logging in by a provider (OpenID Connect) over real HTTP: what is taken, and what a bad one or a stranger may try."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from werkzeug.test import TestResponse

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.open_id_settings import OpenIdSettings
from hi_fhir.pages.log_in import PROVIDER_BACK
from hi_fhir.pages.provider import Provider, ProviderSettings
from hi_fhir.store import accounts
from hi_fhir.store.session import Store
from tests.support.open_id_provider import (
    CLIENT,
    NEXT,
    PEOPLE,
    SECRET,
    STRANGER,
    OpenIdProvider,
    open_id_provider,
)
from tests.support.paging import CLOCK
from tests.support.visiting import Someone, guarded_site, register_people, somebody

HERE = "http://127.0.0.1:8765"
REFUSED = "Test Log-in did not log you in."
NOT_FOR_THIS = "Test Log-in does not say that you may look at these numbers."


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with open_id_provider() as opened:
        yield opened


@pytest.fixture
def app(store: Store, provider: OpenIdProvider) -> Flask:
    register_people(store)
    settings = ProviderSettings(provider.settings(), SECRET, HERE)
    return guarded_site(store, provider=Provider(settings, PROVIDER_BACK))


def sent_on(one: Someone, on: str = "/") -> str:
    """The address of the provider that somebody is sent to."""
    answer = one.http.get("/log-in/provider", query_string={"next": on})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def sent_back(address: str, subject: str) -> str:
    """The path that the provider sends somebody back to, who says whom to be."""
    answer = requests.get(address, params={"subject": subject}, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(f"{HERE}{PROVIDER_BACK}?")
    return answer.headers["Location"].removeprefix(HERE)


def by_provider(one: Someone, subject: str, on: str = "/") -> TestResponse:
    return one.http.get(sent_back(sent_on(one, on), subject))


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("practice", "Pat Practice, practice A99001"),
        ("pcn", "Nat Network, network U99001"),
        ("icb", "Bo Board, board QZ1"),
        ("operator", "Op Erator, operator"),
    ],
)
def test_whom_the_provider_names_is_in_with_the_role_that_its_words_mean(app: Flask, subject: str, told: str) -> None:
    one = somebody(app)
    answer = by_provider(one, subject, "/areas/U99001?period=x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/areas/U99001?period=x")
    assert told in one.http.get("/").text
    assert one.log_out().status_code == 303
    assert one.http.get("/").status_code == 303


def test_what_is_asked_of_the_provider_is_the_code_flow_with_proof(app: Flask) -> None:
    found = urlsplit(sent_on(somebody(app)))
    asked = {name: value[0] for name, value in parse_qs(found.query).items()}
    assert (found.path, asked["response_type"], asked["client_id"]) == ("/authorization", "code", CLIENT)
    assert (asked["scope"], asked["code_challenge_method"]) == ("openid profile", "S256")
    assert asked["redirect_uri"] == f"{HERE}{PROVIDER_BACK}"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 20
    assert SECRET not in found.query


@pytest.mark.parametrize("subject", ["stranger", "both", "homeless", "several", "odd"])
def test_whom_the_providers_words_give_no_one_role_and_place_is_not_let_in(
    app: Flask, store: Store, subject: str
) -> None:
    one = somebody(app)
    answer = by_provider(one, subject)
    assert (answer.status_code, NOT_FOR_THIS in answer.text) == (403, True)
    assert one.http.get("/").status_code == 303
    with store.read() as session:
        assert not [row for row in accounts.accounts(session) if row.issuer]


LATE = int(time.time()) - 600
CLAIMS: dict[str, dict[str, Any]] = {
    "for another client": {"aud": "another"},
    "for another client, by us": {"aud": "another", "azp": CLIENT},
    "for several, by another": {"aud": [CLIENT, "another"], "azp": "another"},
    "of another issuer": {"iss": "https://login.example"},
    "of no issuer": {"iss": None},
    "for another browser": {"nonce": "x" * 20},
    "for no browser": {"nonce": None},
    "over": {"exp": LATE},
    "without an end": {"exp": None},
    "with an odd end": {"exp": "tomorrow"},
    "of nobody": {"sub": None},
    "of a number": {"sub": 7},
    "of an empty name": {"sub": ""},
    "of an endless name": {"sub": "x" * 300},
    "from the future": {"iat": int(time.time()) + 600},
    "not good yet": {"nbf": int(time.time()) + 600},
    "of another access token": {"at_hash": "x" * 22},
    "with a role that is a number": {"roles": 7},
    "with a role that is a table": {"roles": {"board": True}},
    "with an organisation that is a table": {"ods": {"QZ1": True}},
}


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_token_that_is_not_for_this_lets_nobody_in(
    app: Flask, provider: OpenIdProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    one = somebody(app)
    answer = by_provider(one, "icb")
    assert (answer.status_code, one.http.get("/").status_code) == (403, 303)
    assert REFUSED in answer.text or NOT_FOR_THIS in answer.text


def test_a_token_that_another_signed_or_nobody_lets_nobody_in(app: Flask, provider: OpenIdProvider) -> None:
    for header, key in (
        ({"alg": "none"}, provider.key),
        ({}, STRANGER),
        ({"kid": "another"}, provider.key),
        ({"alg": "HS256"}, provider.key),
        ({"alg": "ES256"}, NEXT),
    ):
        provider.header, provider.key = header, key
        one = somebody(app)
        answer = by_provider(one, "icb")
        assert (answer.status_code, REFUSED in answer.text, one.http.get("/").status_code) == (403, True, 303), header


def test_a_key_that_is_new_is_asked_for(app: Flask, provider: OpenIdProvider) -> None:
    assert by_provider(somebody(app), "icb").status_code == 303
    provider.key, provider.header, provider.public = NEXT, {"alg": "ES256"}, [*provider.public, NEXT]
    assert by_provider(somebody(app), "pcn").status_code == 303
    assert (provider.asked.count("configuration"), provider.asked.count("jwks")) == (1, 2)


def not_json(_: Any) -> str:
    return "<html>"


BROKEN: dict[str, tuple[str, Any]] = {
    "a configuration of another issuer": ("configuration", lambda usual: {**usual, "issuer": "https://login.example"}),
    "a configuration that is none": ("configuration", not_json),
    "a configuration that is a list": ("configuration", lambda usual: [usual]),
    "a configuration without addresses": ("configuration", lambda usual: {"issuer": usual["issuer"]}),
    "a configuration that signs by nothing of ours": (
        "configuration",
        lambda usual: {**usual, "id_token_signing_alg_values_supported": ["HS256", "none"]},
    ),
    "a configuration that takes secrets otherwise": (
        "configuration",
        lambda usual: {**usual, "token_endpoint_auth_methods_supported": ["tls_client_auth"]},
    ),
    "an error": ("configuration", lambda _: ({}, 500)),
    "no token": ("token", lambda _: {}),
    "a token that is none": ("token", not_json),
    "a token without one of who it is": ("token", lambda usual: {**usual, "id_token": None}),
    "a token that only lets in": ("token", lambda usual: {name: usual[name] for name in usual if name != "id_token"}),
    "a token that is a number": ("token", lambda usual: {**usual, "id_token": 7}),
    "a refusal": ("token", lambda _: ({"error": "server_error", "error_description": "<script>"}, 500)),
    "keys that are none": ("jwks", not_json),
    "keys that are a number": ("jwks", lambda _: {"keys": 7}),
    "no keys": ("jwks", lambda _: {"keys": []}),
}


@pytest.mark.parametrize(("name", "answer"), BROKEN.values(), ids=BROKEN.keys())
def test_a_provider_that_answers_otherwise_lets_nobody_in_and_is_asked_again(
    app: Flask, provider: OpenIdProvider, name: str, answer: Any
) -> None:
    provider.answer[name] = answer
    one = somebody(app)
    begun = one.http.get("/log-in/provider")
    if name == "configuration":
        assert (begun.status_code, REFUSED in begun.text) == (503, True)
    else:
        ended = one.http.get(sent_back(begun.headers["Location"], "icb"))
        assert (ended.status_code, REFUSED in ended.text, "<script" in ended.text) == (403, True, False)
    assert one.http.get("/").status_code == 303
    provider.answer.clear()
    assert by_provider(one, "icb").status_code == 303


def test_a_provider_that_is_not_there_leaves_those_with_a_password(app: Flask, provider: OpenIdProvider) -> None:
    provider.answer["configuration"] = lambda _: ({}, 503)
    one = somebody(app)
    answer = one.http.get("/log-in/provider")
    assert (answer.status_code, "Or with a name and a password" in answer.text) == (503, True)
    assert one.log_in("icb").status_code == 303


def test_what_comes_back_is_of_the_browser_that_was_sent(app: Flask) -> None:
    one, other = somebody(app), somebody(app)
    back = sent_back(sent_on(one), "icb")
    sent_on(other)
    for strange in (other, somebody(app)):
        answer = strange.http.get(back)
        assert (answer.status_code, strange.http.get("/").status_code) == (403, 303)
    assert one.http.get(back).status_code == 303
    assert one.http.get(back).status_code == 403  # and once


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=x",
        "state=x",
        "code=x&state=x",
        "error=access_denied",
        "error=%3Cscript%3E&error_description=%3Cscript%3E",
    ],
)
def test_what_comes_back_otherwise_lets_nobody_in(app: Flask, query: str) -> None:
    one = somebody(app)
    sent_on(one)
    answer = one.http.get(f"{PROVIDER_BACK}?{query}")
    assert (answer.status_code, REFUSED in answer.text, "<script" in answer.text) == (403, True, False)
    assert one.http.get("/").status_code == 303


def test_a_browser_that_begins_many_times_has_a_small_cookie(app: Flask) -> None:
    one = somebody(app)
    for _ in range(10):
        address = sent_on(one)
    kept = one.http.get_cookie("hi_fhir")
    assert kept
    assert len(kept.value) < 2_000
    assert one.http.get(sent_back(address, "icb")).status_code == 303


def test_the_way_on_from_the_provider_is_a_page_of_ours(app: Flask) -> None:
    assert by_provider(somebody(app), "icb", "//evil.example").headers["Location"] == "/"
    one = somebody(app)
    by_provider(one, "icb")
    again = one.http.get("/log-in/provider?next=https://evil.example")
    assert (again.status_code, again.headers["Location"]) == (303, "/")


def test_who_is_revoked_here_is_so_whatever_the_provider_says(app: Flask, store: Store) -> None:
    one = somebody(app)
    by_provider(one, "icb")
    with store.write() as session:
        [row] = [row for row in accounts.accounts(session) if row.issuer]
        accounts.revoke_account(session, row, CLOCK.at)
    assert one.http.get("/").status_code == 303
    answer = by_provider(one, "icb")
    assert (answer.status_code, "Your account was ended here." in answer.text) == (403, True)


def test_what_the_provider_says_now_holds_for_whoever_is_logged_in(
    app: Flask, store: Store, provider: OpenIdProvider
) -> None:
    one, elsewhere = somebody(app), somebody(app)
    by_provider(one, "icb")
    provider.claims = {"roles": ["network"], "ods": "U99002", "name": "Bo Moved"}
    by_provider(elsewhere, "icb")
    assert "Bo Moved, network U99002" in one.http.get("/").text
    with store.read() as session:
        assert len([row for row in accounts.accounts(session) if row.issuer]) == 1


def test_a_name_of_the_providers_is_no_name_to_log_in_by(app: Flask, provider: OpenIdProvider, store: Store) -> None:
    provider.claims = {"sub": "pcn", "preferred_username": "pcn", "name": None}
    one = somebody(app)
    by_provider(one, "icb")
    assert "pcn, board QZ1" in one.http.get("/").text
    assert "pcn, network U99001" in somebody(app, "pcn").http.get("/").text
    with store.read() as session:
        [row] = [row for row in accounts.accounts(session) if row.issuer]
    for name in (row.account_id, row.account_id.upper()):
        assert somebody(app).log_in(name, "").status_code == 403


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"issuer": "http://login.example"}, "https address"),
        ({"issuer": "https://user@login.example"}, "https address"),
        ({"issuer": "login.example"}, "https address"),
        ({"roles": {}}, "maps words"),
        ({"roles": {"x": "public"}}, "maps words"),
        ({"scope": "profile"}, "openid among"),
    ],
)
def test_settings_that_nobody_could_log_in_by_are_refused(changed: dict[str, Any], told: str) -> None:
    usual = {"issuer": "https://login.example", "client_id": "x", "role_claim": "r", "organisation_claim": "o"}
    with pytest.raises(ConfigError, match=told):
        OpenIdSettings(**{**usual, "roles": {"x": "icb"}, **changed})


def test_everybody_of_the_provider_of_tests_is_asked_about() -> None:
    assert set(PEOPLE) >= {"practice", "pcn", "icb", "operator", "another-icb"}

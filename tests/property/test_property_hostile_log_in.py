"""Whatever is sent to the routes that people log in by, by whom and with what cookie: an answer, and nobody let in."""

import gzip
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hi_fhir.core.open_id_settings import OpenIdSettings
from hi_fhir.pages.log_in import PROVIDER_BACK
from hi_fhir.pages.provider import Provider, ProviderSettings
from hi_fhir.store.session import open_store
from tests.property.test_property_hostile_routes import CANARY, bodies, headers, hostile, queries, query_of
from tests.support.visiting import guarded_site, register_people, somebody

CLOSED = "http://127.0.0.1:9"  # where nobody listens
PATHS = ("/log-in", "/log-out", "/log-in/provider", PROVIDER_BACK, "/", "/areas/QZ1", "/nowhere")
fields = st.dictionaries(st.sampled_from(["name", "password", "csrf_token", "next", CANARY]), hostile, max_size=5)
LONGEST_COOKIE = 4_000
"""Browsers keep none that is longer, nor does the client of the tests send it without a warning."""
cookies = st.none() | hostile.filter(
    lambda text: text.isprintable() and text.isascii() and not set(text) & set(';",\\ ') and len(text) <= LONGEST_COOKIE
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    store = open_store(tmp_path_factory.mktemp("store") / "store.sqlite")
    register_people(store)
    settings = OpenIdSettings(CLOSED, "x", "role", "ods", {"board": "icb"})
    provider = Provider(ProviderSettings(settings, "a secret", "http://127.0.0.1:8765"), PROVIDER_BACK)
    yield guarded_site(store, provider=provider)
    store.close()


@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
    query=queries,
    form=fields,
    body=st.none() | bodies,
    sent=headers,
    cookie=cookies,
    has_token=st.booleans(),
)
def test_whatever_is_sent_is_answered_and_lets_nobody_in(
    app: Flask,
    path: str,
    method: str,
    query: Any,
    form: dict[str, str],
    body: bytes | None,
    sent: dict[str, str],
    cookie: str | None,
    has_token: bool,
) -> None:
    one = somebody(app)
    if has_token:
        form = {**form, "csrf_token": one.form_token()}
    elif cookie is not None:
        one.http.set_cookie("hi_fhir", cookie)
    data = {name: value.encode("utf-8", "surrogatepass") for name, value in form.items()}
    answer = one.http.open(path, method=method, query_string=query_of(query), data=body or data, headers=sent)

    said = as_text(answer)
    assert answer.status_code < 500 or (answer.status_code == 503 and path == "/log-in/provider"), said
    assert "Traceback" not in said
    assert "X-Own" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert f"<script>{CANARY}" not in said
    if "Location" in answer.headers:
        parts = urlsplit(answer.headers["Location"])
        assert (parts.scheme, parts.netloc, parts.path[:2] == "//") == ("", "", False)
    assert one.http.get("/").status_code == 303


def as_text(answer: TestResponse) -> str:
    """What it says, which may have been asked for in short."""
    data = answer.get_data()
    return (gzip.decompress(data) if answer.headers.get("Content-Encoding") == "gzip" else data).decode("utf-8")

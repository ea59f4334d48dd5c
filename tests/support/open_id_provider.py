"""A small provider of OpenID Connect on loopback: who comes picks whom to be, and tests say what is wrong with it.

Source: OpenID Connect Core 1.0 and Discovery 1.0; RFC 6749, 7636.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Flask, Response, redirect, request
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server

from hi_fhir.core.open_id_settings import OpenIdSettings

CLIENT, SECRET = "hi-fhir", "a secret of the tests"
KEY = RSAKey.generate_key(2048, {"kid": "now"})
PEOPLE: Mapping[str, dict[str, Any]] = {
    "practice": {"name": "Pat Practice", "roles": ["surgery"], "ods": "A99001"},
    "pcn": {"name": "Nat Network", "roles": ["network", "unrelated"], "ods": ["u99001"]},
    "icb": {"name": "Bo Board", "roles": "board", "ods": "QZ1"},
    "operator": {"name": "Op Erator", "roles": ["runs-it"]},
    "another-icb": {"name": "Bea Board", "roles": ["board"], "ods": "QZ2"},
    "stranger": {"name": "Sam Stranger", "roles": ["unrelated"], "ods": "QZ1"},
    "both": {"name": "Bob Both", "roles": ["board", "surgery"], "ods": "QZ1"},
    "homeless": {"name": "Hal Homeless", "roles": ["board"]},
    "several": {"name": "Sev Eral", "roles": ["board"], "ods": ["QZ1", "QZ2"]},
    "odd": {"name": "\n", "roles": ["network"], "ods": "x" * 40},
}
"""By subject: what an ID token says of each."""

ROLES = {"surgery": "practice", "network": "pcn", "board": "icb", "runs-it": "operator"}


@dataclass
class OpenIdProvider:
    """claims, header: of ID tokens, in place of or beside the usual; None leaves one out. key: that signs. By HS256 it
    is the public key that does, as anybody could, were that taken for a shared secret.

    answer: changes what an address gives, by its name. asked: names of the addresses that were asked, in order.
    """

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: KEY)
    public: list[Any] = field(default_factory=lambda: [KEY])
    answer: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def settings(self, **more: Any) -> OpenIdSettings:
        usual = {"role_claim": "roles", "organisation_claim": "ods", "roles": ROLES, "name": "Test Log-in"}
        return OpenIdSettings(self.issuer, CLIENT, **{**usual, **more})

    def code_for(self, subject: str, asked: Mapping[str, str]) -> str:
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "subject": subject}
        return code

    def id_token(self, asked: Mapping[str, str]) -> str:
        now = int(time.time())
        usual = {
            **{"iss": self.issuer, "sub": asked["subject"], "aud": CLIENT, "nonce": asked["nonce"]},
            **{"iat": now, "exp": now + 300, **PEOPLE[asked["subject"]]},
        }
        said = {name: value for name, value in {**usual, **self.claims}.items() if value is not None}
        head = {"alg": "RS256", "kid": self.key.kid, **self.header}
        if head["alg"] in ("none", "HS256"):
            whole = ".".join(_base64(orjson.dumps(part)) for part in (head, said))
            by_public_key = hmac.digest(KEY.as_pem(private=False), whole.encode(), "sha256")
            return f"{whole}.{_base64(by_public_key) if head['alg'] == 'HS256' else ''}"
        return jwt.encode(head, said, self.key, algorithms=[head["alg"]])


def app_of(provider: OpenIdProvider) -> Flask:
    app = Flask("provider")

    def told(name: str, content: dict[str, Any]) -> Any:
        provider.asked.append(name)
        return provider.answer.get(name, lambda usual: usual)(content)

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Any:
        at = {f"{name}_endpoint": f"{provider.issuer}/{name}" for name in ("authorization", "token")}
        algorithms = {"id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"]}
        more = {"issuer": provider.issuer, "jwks_uri": f"{provider.issuer}/jwks", "verify": False, **algorithms}
        return told("configuration", {**at, **more})

    @app.get("/jwks")
    def jwks() -> Any:
        return told("jwks", {"keys": [key.as_dict(private=False) for key in provider.public]})

    @app.get("/authorization")
    def authorization() -> Any:
        provider.asked.append("authorization")
        asked = request.args.to_dict()
        good = asked.get("response_type") == "code" and asked.get("client_id") == CLIENT and asked.get("state")
        if not good or asked.get("code_challenge_method") != "S256" or not asked.get("nonce"):
            return Response("what is asked is not what it should be", 400)
        if "subject" in asked:
            subject = asked.pop("subject")
            back = {"code": provider.code_for(subject, asked), "state": asked["state"]}
            return redirect(f"{asked['redirect_uri']}?{urlencode(back)}")
        links = "".join(f'<p><a href="{request.url}&subject={one}">Be {one}</a></p>' for one in PEOPLE)
        return f"<!DOCTYPE html><html lang='en'><title>Provider</title><link rel='icon' href='data:,'>{links}</html>"

    @app.post("/token")
    def token() -> Any:
        asked = provider.codes.pop(request.form.get("code", ""), None)
        verifier = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        known = request.authorization and (request.authorization.username, request.authorization.password)
        if (
            asked is None
            or _base64(verifier) != asked["code_challenge"]
            or request.form.get("redirect_uri") != asked["redirect_uri"]
            or known != (CLIENT, SECRET)
        ):
            return {"error": "invalid_grant"}, 400
        usual = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60}
        return told("token", {**usual, "id_token": provider.id_token(asked)})

    return app


@contextmanager
def open_id_provider() -> Iterator[OpenIdProvider]:
    provider = OpenIdProvider()
    server = make_server("127.0.0.1", 0, app_of(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


STRANGER = RSAKey.generate_key(2048, {"kid": "now"})
NEXT = ECKey.generate_key("P-256", {"kid": "next"})


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

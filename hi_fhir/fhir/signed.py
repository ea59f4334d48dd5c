"""Tokens that a client signs for: SMART Backend Services, and the NHS API platform's signed JWT.

Source: SMART App Launch 2.2.0, Backend Services; NHS England, application-restricted RESTful APIs, signed JWT
authentication. The platform wants RS512 and no scope, and says `expires_in` as text.
"""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeyParameters, RSAKey

from hi_fhir.core.clock import Clock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, SourceError
from hi_fhir.core.secret_files import read_secret
from hi_fhir.core.source_settings import ClientCertificate, SignedSettings, SourceSettings
from hi_fhir.fhir.auth import ASSERTION_TYPE, AccessToken, Auth, NoAuth, RenewedBearer, bearer
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.settings import server_client

_FORM = "application/x-www-form-urlencoded"
_GOOD_FOR_S = 240  # of five minutes that are allowed: clocks differ
_TOKEN = re.compile(r"[!-~]{1,65536}", re.ASCII)
_LONGEST_LIFE_S = 86_400.0


def own_auth(config: Config, source: SourceSettings, clock: Clock) -> Auth:
    """What a source is asked with: its token, or those that are signed for.

    Raises:
        ConfigError: the key to sign with is not there, or none.
    """
    if source.signed is None:
        return bearer(source.token)
    return signed_auth(config, source.name, source.address, source.signed, clock, source.client_certificate)


def signed_auth(
    config: Config,
    name: str,
    base: str,
    signed: SignedSettings,
    clock: Clock,
    certificate: ClientCertificate | None,
) -> Auth:
    """Tokens for a server by its name and base. certificate: shown where they are asked for.

    Raises:
        ConfigError: as `own_auth`.
    """
    signer = _Signer(config, name, base.rstrip("/"), signed, clock, certificate)
    return RenewedBearer(signer.ask, clock)


class _Signer:
    def __init__(
        self,
        config: Config,
        name: str,
        base: str,
        signed: SignedSettings,
        clock: Clock,
        certificate: ClientCertificate | None,
    ) -> None:
        self._config = config
        self._name = name
        self._base = base
        self._signed = signed
        self._clock = clock
        self._certificate = certificate
        self._key = _key(name, signed)
        self._url = signed.token_url

    def ask(self) -> AccessToken:
        """A token that was asked for now.

        Raises:
            SourceError: the server gives none.
        """
        url = self._url = self._url or self._discovered()
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(url),
            **({} if self._signed.kind == "nhs" else {"scope": self._signed.scope}),
        }
        request = Request(
            "request for a token",
            url,
            method="POST",
            headers={"Content-Type": _FORM, "Accept": "application/json"},
            body=urlencode(form).encode(),
        )
        with self._client(url) as client:
            answer, _ = client.resource(request, _members)
        token = answer.get("access_token")
        if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
            raise SourceError(f"{self._name}: the answer to a request for a token has none.", kind="no-token")
        return AccessToken(token, _life_s(answer.get("expires_in")))

    def _discovered(self) -> str:
        request = Request(
            "SMART configuration",
            f"{self._base}/.well-known/smart-configuration",
            headers={"Accept": "application/json"},
            with_token=False,
        )
        with self._client(self._base) as client:
            found = client.resource(request, _members)[0].get("token_endpoint")
        secure = isinstance(found, str) and (found.startswith("https://") or self._base.startswith("http://"))
        if not isinstance(found, str) or not secure:
            raise SourceError(
                f"{self._name}: its SMART configuration names no token endpoint by https. Set token_url.",
                kind="no-token-endpoint",
            )
        return found

    def _client(self, url: str) -> FhirClient:
        settings = server_client(self._config, self._name, url, NoAuth(), certificate=self._certificate)
        return FhirClient(settings, self._clock)

    def _assertion(self, url: str) -> str:
        now = int(self._clock.now().timestamp())
        named = {"iss": self._signed.client_id, "sub": self._signed.client_id, "aud": url}
        head = {"alg": self._signed.algorithm, "typ": "JWT", "kid": self._signed.key_id or self._key.kid}
        claims = {**named, "jti": str(uuid4()), "iat": now, "exp": now + _GOOD_FOR_S}
        return jwt.encode(head, claims, self._key, algorithms=[self._signed.algorithm])


def _members(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body, type=dict[str, Any])


def _life_s(said: Any) -> float | None:
    """Seconds that a token lasts, which may be text; None: it was not said so that one could tell."""
    try:
        life = float(said)
    except (TypeError, ValueError):
        return None
    return life if 0 < life <= _LONGEST_LIFE_S else None


def _key(name: str, signed: SignedSettings) -> RSAKey | ECKey:
    place = f"source {name}"
    text = read_secret(place, "key", "private key", signed.key, signed.key_command)
    kind = ECKey if signed.algorithm.startswith("ES") else RSAKey
    options: KeyParameters = {"kid": signed.key_id} if signed.key_id else {}
    try:
        key = kind.import_key(msgspec.json.decode(text) if text.lstrip().startswith("{") else text, options)
    except (JoseError, ValueError, TypeError, msgspec.DecodeError) as error:
        raise ConfigError(f"{place}: its key is none that {signed.algorithm} is made with, as PEM or JWK.") from error
    if not key.is_private:
        raise ConfigError(f"{place}: its key is a public one. Name the private key, which signs.")
    if not (signed.key_id or key.kid):
        raise ConfigError(f"{place}: say the key's id (key_id), by which the server knows it.")
    return key

"""Logging in by a provider that says who one is. Source: OpenID Connect Core 1.0, code flow; RFC 7636 (PKCE, S256)."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, session
from flask.sansio.app import App
from joserfc.errors import JoseError
from werkzeug import Response

from hi_fhir.access.claims import account_of
from hi_fhir.access.log_ins import LogInError
from hi_fhir.core.open_id_settings import OpenIdSettings
from hi_fhir.fhir.transport import proxies_for
from hi_fhir.store.accounts import NewAccount

_NAME = "open_id"
_PENDING = f"_state_{_NAME}_"
_LONGEST_S = 10
_LEEWAY_S = 30  # that two clocks are apart
_SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
_WRONG = (AuthlibBaseError, JoseError, requests.RequestException, ValueError, KeyError, TypeError, AttributeError)
"""What the library raises of answers that are not as they should be."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProviderSettings:
    """secret: the client's. here: the address of this service, without a slash at its end."""

    open_id: OpenIdSettings
    secret: str
    here: str
    ca_file: Path | None = None
    proxy: str | None = None


class Provider:
    """back: the path that the provider sends people back to."""

    def __init__(self, settings: ProviderSettings, back: str) -> None:
        self._settings = settings
        self._back = f"{settings.here}{back}"
        self._client: Any = None
        self._turn = threading.Lock()

    @property
    def name(self) -> str:
        return self._settings.open_id.name

    def set_up(self, app: App) -> None:
        assert isinstance(app, Flask)  # noqa: S101 - it has no other blueprints
        asked, settings = self._settings.open_id, self._settings
        proxies = proxies_for(asked.issuer, settings.proxy)
        library: Any = OAuth(app)
        self._client = library.register(
            _NAME,
            client_id=asked.client_id,
            client_secret=settings.secret,
            server_metadata_url=f"{asked.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": asked.scope,
                "code_challenge_method": "S256",
                "default_timeout": _LONGEST_S,
                **({"verify": str(settings.ca_file)} if settings.ca_file else {}),
                **({"proxies": proxies, "trust_env": False} if proxies else {}),
            },
        )

    def begin(self) -> Response:
        """Send a browser to the provider, with what it has to bring back.

        Raises:
            LogInError: the provider cannot be reached, or is not as it should be.
        """
        for name in [name for name in session if name.startswith(_PENDING)]:
            session.pop(name)  # a cookie has room for one
        try:
            self._read_metadata()
            answer: Response = self._client.authorize_redirect(self._back)
        except _WRONG as error:
            raise self._failed(error) from error
        return answer

    def finish(self) -> NewAccount:
        """Whom the provider says that the browser is of, which it has sent back.

        Raises:
            LogInError: it does not say so, or not of somebody who may look at pages.
        """
        asked = self._settings.open_id
        only = {"iss": asked.issuer, "aud": asked.client_id}
        try:
            self._read_metadata()
            token = self._client.authorize_access_token(
                claims_options={name: {"essential": True, "value": value} for name, value in only.items()},
                leeway=_LEEWAY_S,
            )
            claims = dict(token["userinfo"])
        except _WRONG as error:
            if not isinstance(error, AuthlibBaseError):
                self._client.server_metadata.pop("jwks", None)  # which the library keeps, whatever they are
            raise self._failed(error) from error
        return account_of(asked, claims)

    def _read_metadata(self) -> None:
        """Have what is needed of the provider's own configuration, and nothing else of it, once.

        Raises:
            ValueError: it is another provider's, sends secrets without TLS, or signs by none of our algorithms.
        """
        with self._turn:
            if "_loaded_at" in self._client.server_metadata:
                return
            try:
                found = dict(self._client.load_server_metadata())
                self._client.server_metadata = self._kept(found)
            except BaseException:
                self._client.server_metadata = {}
                raise

    def _kept(self, found: dict[str, Any]) -> dict[str, Any]:
        issuer = self._settings.open_id.issuer
        addresses = {name: found[name] for name in _ADDRESSES}
        scheme = issuer.partition("://")[0]
        if found.get("issuer") != issuer:
            raise ValueError("its configuration is of another issuer")
        if not all(isinstance(one, str) and one.startswith(("https://", f"{scheme}://")) for one in addresses.values()):
            raise ValueError("its configuration has addresses without TLS")
        signed_by = [one for one in found.get("id_token_signing_alg_values_supported", ["RS256"]) if one in _SIGNED_BY]
        methods = found.get("token_endpoint_auth_methods_supported", _AUTH_METHODS)
        method = next((one for one in _AUTH_METHODS if one in methods), None)
        if not signed_by or method is None:
            raise ValueError("it signs, or has secrets sent, in no way that is known here")
        return {
            **addresses,
            "issuer": issuer,
            "id_token_signing_alg_values_supported": signed_by,
            "token_endpoint_auth_method": method,
            "_loaded_at": found["_loaded_at"],
        }

    def _failed(self, error: Exception) -> LogInError:
        """Logged by its kind alone: what a provider sends may name somebody."""
        log.warning("a log-in by the provider failed: %s", type(error).__name__)
        return LogInError(
            f"{self.name} did not log you in. Try again; if that goes on, tell whoever runs this service."
        )

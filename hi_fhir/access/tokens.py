"""Tokens for registered clients, by SMART Backend Services: who signs for itself is given one for five minutes.

Source: SMART App Launch 2.2.0, Backend Services; RFC 7523; RFC 6749 section 5.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from hi_fhir.access.keys import KeysByUrl, KeysError, read_keys
from hi_fhir.access.scopes import Scopes
from hi_fhir.core.clock import Clock
from hi_fhir.fhir.auth import ASSERTION_TYPE
from hi_fhir.fhir.guard import UnsafeAddressError
from hi_fhir.store import clients as store
from hi_fhir.store.audit_events import AuditReason
from hi_fhir.store.client_models import ClientRow
from hi_fhir.store.session import Store

ALGORITHMS = ("RS384", "ES384")
LASTS_S = 300
_LONGEST = timedelta(minutes=5)  # that an assertion is good for
_CLOCKS = timedelta(seconds=10)  # that two clocks are apart
_MOST_CHARACTERS = 8_192
_LONGEST_JTI = 256


class TokenError(Exception):
    """No token. code: as RFC 6749 names it. The message tells what is wrong and nothing of who else there is.

    reason: as audit events have it. signed_by: the client that is sure to have asked, where that is known.
    """

    def __init__(self, code: str, told: str, reason: AuditReason = AuditReason.TOKEN_REFUSED) -> None:
        super().__init__(told)
        self.code = code
        self.reason = reason
        self.signed_by: store.Caller | None = None


@dataclass(frozen=True)
class Granted:
    token: str
    scopes: Scopes
    client_id: str


class TokenGiver:
    """url: the address of the token endpoint, which an assertion has to be for."""

    def __init__(self, store_: Store, clock: Clock, keys: KeysByUrl, url: str) -> None:
        self._store = store_
        self._clock = clock
        self._keys = keys
        self._url = url

    def give(self, form: Mapping[str, str]) -> Granted:
        """A token for what was sent as a form.

        Raises:
            TokenError: it is not for this client, or nothing that it may do was asked for.
        """
        if form.get("grant_type") != "client_credentials":
            raise TokenError("unsupported_grant_type", "grant_type is client_credentials.")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise TokenError("invalid_request", f"client_assertion_type is {ASSERTION_TYPE}.")
        assertion = form.get("client_assertion", "")
        if not assertion or len(assertion) > _MOST_CHARACTERS or not assertion.isascii():
            raise TokenError("invalid_request", "client_assertion is a signed JWT.")
        kid, named = _unchecked(assertion)
        with self._store.read() as session:
            row = store.client(session, named)
        if row is None:
            raise _not_this_client()
        claims = self._checked(assertion, kid, row)
        try:
            return self._granted(claims, row, form.get("scope", ""))
        except TokenError as error:
            error.signed_by = store.caller_of(row)
            raise

    def _granted(self, claims: Mapping[str, Any], row: ClientRow, asked: str) -> Granted:
        """A token for who signed these claims."""
        named = row.client_id
        jti, expires_at = self._good(claims, named)
        scopes = Scopes.read(asked) & Scopes.read(row.scopes)
        if not scopes:
            told = "scope asks for nothing that this client may do."
            raise TokenError("invalid_scope", told, AuditReason.SCOPE)
        now, token = self._clock.now(), secrets.token_urlsafe(32)
        with self._store.write() as session:
            mine = store.client(session, named)
            if mine is None or not store.take_assertion(session, mine, jti, expires_at, now):
                told = "the assertion was used before: jti is another each time."
                raise TokenError("invalid_client", told, AuditReason.ASSERTION_REPLAYED)
            store.keep_token(session, mine, token, str(scopes), now + timedelta(seconds=LASTS_S), now)
        return Granted(token, scopes, named)

    def _checked(self, assertion: str, kid: str, row: ClientRow) -> Mapping[str, Any]:
        """Its claims, once it is sure who signed them."""
        try:
            keys = read_keys(row.jwks) if row.jwks is not None else self._keys.keys(row.jwks_url or "", kid)
            signers = [key for key in keys.keys if key.kid == kid]
            return jwt.decode(assertion, KeySet(signers), algorithms=ALGORITHMS).claims
        except (KeysError, UnsafeAddressError, JoseError, ValueError, TypeError) as error:
            raise _not_this_client() from error

    def _good(self, claims: Mapping[str, Any], id_: str) -> tuple[str, datetime]:
        """The id and end of an assertion that is for us, by the client itself, now."""
        now = self._clock.now()
        jti, end = claims.get("jti"), claims.get("exp")
        if claims.get("iss") != id_ or claims.get("sub") != id_:
            raise TokenError("invalid_client", "iss and sub are both the client's id.")
        if claims.get("aud") not in (self._url, [self._url]):
            raise TokenError("invalid_client", f"aud is {self._url}.")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
            raise TokenError("invalid_client", f"jti is a text of at most {_LONGEST_JTI} characters.")
        if type(end) is not int or not 0 < end < 1 << 40:
            raise TokenError("invalid_client", "exp is a whole number of seconds.")
        expires_at = datetime.fromtimestamp(end, UTC)
        if expires_at <= now - _CLOCKS:
            raise TokenError("invalid_client", "the assertion is over.")
        if expires_at > now + _LONGEST + _CLOCKS:
            raise TokenError("invalid_client", "exp is more than five minutes ahead.")
        before = claims.get("nbf", 0)
        if type(before) is not int or before > (now + _CLOCKS).timestamp():
            raise TokenError("invalid_client", "the assertion is not good yet.")
        return jti, expires_at + _CLOCKS


def _unchecked(assertion: str) -> tuple[str, str]:
    """What an assertion says of who signed it, which is to be held against their keys: kid and iss."""
    try:
        parts = extract_compact(assertion.encode())
        header, claims = parts.headers(), orjson.loads(parts.payload)
        kid, named = header["kid"], claims["iss"]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise TokenError("invalid_client", "client_assertion is a JWT with kid, and iss among its claims.") from error
    if not isinstance(kid, str) or not isinstance(named, str):
        raise TokenError("invalid_client", "kid and iss are texts.")
    return kid, named


def _not_this_client() -> TokenError:
    return TokenError("invalid_client", "no client of that id signed with this key (RS384 or ES384).")

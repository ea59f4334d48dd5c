"""Keys of clients, and what they sign to be given a token."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from hi_fhir.fhir.auth import ASSERTION_TYPE

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-384", {"kid": "ec"})


def jwks(*keys: Any) -> str:
    """The public keys as a JWKS."""
    return orjson.dumps({"keys": [key.as_dict(private=False) for key in keys]}).decode()


def token_form(
    client: str, url: str, at: datetime, key: Any = RSA, *, header: Mapping[str, Any] | None = None, **claims: Any
) -> dict[str, str]:
    """The form that asks for a token. claims: in place of, or beside, the usual ones; None leaves one out."""
    usual = {"iss": client, "sub": client, "aud": url, "exp": int(at.timestamp()) + 240, "jti": str(uuid4())}
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    algorithm = "RS384" if key is RSA else "ES384"
    head = {"alg": algorithm, "typ": "JWT", "kid": key.kid, **(header or {})}
    return {
        "grant_type": "client_credentials",
        "scope": "system/*.cruds",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": jwt.encode(head, said, key, algorithms=[head["alg"]]),
    }

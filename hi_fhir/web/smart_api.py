"""Where a client is given a token, and where it finds out how. Source: SMART App Launch 2.2.0, RFC 6749 section 5."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from hi_fhir.access.scopes import ALL
from hi_fhir.access.tokens import ALGORITHMS, LASTS_S, TokenError, TokenGiver
from hi_fhir.fhir.rest.headers import FORM
from hi_fhir.web.auditing import refuse_because

TOKEN_PATH = "/auth/token"  # noqa: S105  the path of an address
_JSON = "application/json"


def make_blueprint(giver: TokenGiver, token_url: str, fhir_path: str) -> Blueprint:
    """The token endpoint, and the configuration below the FHIR base. token_url: as others call it."""
    blueprint = Blueprint("smart", __name__)

    @blueprint.post(TOKEN_PATH)
    def token() -> Response:
        if (request.content_type or "").split(";")[0].strip().lower() != FORM:
            return _error(TokenError("invalid_request", f"send a form ({FORM})."))
        try:
            granted = giver.give(request.form.to_dict())
        except TokenError as error:
            return _error(error)
        answer = {"access_token": granted.token, "token_type": "bearer", "expires_in": LASTS_S}
        return _answer({**answer, "scope": str(granted.scopes)}, 200)

    @blueprint.get(f"{fhir_path}/.well-known/smart-configuration")
    def configuration() -> Response:
        return _answer(
            {
                "token_endpoint": token_url,
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": [*ALGORITHMS],
                "grant_types_supported": ["client_credentials"],
                "scopes_supported": str(ALL).split(),
                "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
            },
            200,
        )

    return blueprint


def _error(error: TokenError) -> Response:
    refuse_because(error.reason, error.signed_by)
    status = 401 if error.code == "invalid_client" else 400
    return _answer({"error": error.code, "error_description": str(error)}, status)


def _answer(content: dict[str, Any], status: int) -> Response:
    response = Response(orjson.dumps(content), status=status, content_type=_JSON)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response

"""Pages of elsewhere that may ask from within a browser, by their origin. Source: the Fetch standard, CORS protocol.

No cookies are used, so that nothing is said of credentials: a page shows a token, or asks what anybody may.
"""

import re
from collections.abc import Callable, Sequence

from flask import Response, request

from hi_fhir.core.errors import ConfigError
from hi_fhir.web.headers import VARY

_ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(?::\d{1,5})?|https?://\[[0-9a-f:]+\](?::\d{1,5})?", re.ASCII)
_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_SENT = "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, Prefer"
_READ = "ETag, Last-Modified, Location, WWW-Authenticate"
_KEPT_S = "600"


def allow_origins(origins: Sequence[str]) -> Callable[[Response], Response]:
    """What marks an answer as readable by pages of the origins.

    Raises:
        ConfigError: one of them is no origin as browsers send it.
    """
    if any(_ORIGIN.fullmatch(one) is None for one in origins):
        raise ConfigError(
            "cors_origins: name each as browsers send it, in small letters and without a path, such as "
            "https://dashboard.example.nhs.uk."
        )

    def mark(response: Response) -> Response:
        response.headers["Vary"] = f"{VARY}, Origin"
        origin = request.headers.get("Origin", "")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _READ
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = _METHODS
                response.headers["Access-Control-Allow-Headers"] = _SENT
                response.headers["Access-Control-Max-Age"] = _KEPT_S
        return response

    return mark

"""How each kind of fault looks on the wire, and where in an answer it strikes."""

import hashlib
import time
from dataclasses import replace
from datetime import datetime, timedelta

import orjson
from flask import Response, request

from hi_fhir.fhir.rest.headers import CONTENT_TYPE, http_date
from hi_fhir.fhir.rest.outcomes import FhirError, operation_outcome
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.sandbox.faults import Faults
from hi_fhir.sandbox.paging import Searches, SearchHits, page_link

_DELAY_SECONDS = 0.25
_RETRY_SECONDS = 1
_MAX_ENTRIES = 5
_NO_TRANSACTIONS = (400, 405, 501)
_ELSEWHERE = "http://elsewhere.invalid"
_HTML = "<html><body><h1>Sign in</h1></body></html>"


class Misbehaviour:
    """`faults` as they befall the request at hand. `at`: the instant that the server's answers are dated."""

    def __init__(self, faults: Faults, searches: Searches, at: datetime) -> None:
        self._faults = faults
        self._searches = searches
        self._at = at

    def instead(self) -> Response | None:
        """What is answered in place of the truth, if anything.

        Raises:
            FhirError: the fault is one of status.
        """
        key = _request_key()
        if self._faults.applies("slow", key):
            time.sleep(_DELAY_SECONDS)
        self._refuse_any(key)
        if request.method in ("POST", "PUT", "DELETE") and not request.path.endswith("/_search"):
            self._refuse_write(key)
            return None
        self._refuse_reading(key)
        return self._wrong_body(key)

    def cut(self, response: Response) -> Response:
        """The response, or its first half under the length of the whole."""
        whole = request.method != "HEAD" and response.status_code == 200
        if whole and self._faults.applies("truncated-body", _request_key()):
            body = response.get_data()
            response.set_data(body[: len(body) // 2])
            response.headers["Content-Length"] = str(len(body))
        return response

    def search(self, search: ParsedSearch) -> ParsedSearch:
        """The search that is carried out: the one asked for, or without its last criterion."""
        names = {f"{criterion.parameter.name}:{criterion.modifier or ''}".rstrip(":") for criterion in search.criteria}
        places = [place for place, (name, _) in enumerate(search.pairs) if name in names]
        if not places or not self._faults.applies("dropped-parameter", _request_key()):
            return search
        pairs = search.pairs[: places[-1]] + search.pairs[places[-1] + 1 :]
        return replace(search, criteria=search.criteria[:-1], pairs=pairs)

    def links(self, base: str, found: SearchHits, offset: int, count: int, links: dict[str, str]) -> dict[str, str]:
        """The links of a page, as they are or misleading."""
        key = f"{found.token} {offset}"
        if "_again" not in request.args and self._faults.applies("duplicate-pages", key):
            return links | {"next": page_link(base, found.token, offset, count) + "&_again=1"}
        if "next" in links and self._faults.applies("foreign-next-link", key):
            return links | {"next": links["next"].replace(base.removesuffix("/fhir"), _ELSEWHERE, 1)}
        if offset and self._faults.applies("next-link-loop", key):
            return links | {"next": links["self"]}
        return links

    def expires(self, url: str) -> bool:
        """Whether the link to this file of an export is to expire now."""
        return self._faults.applies("expired-links", url)

    def _refuse_any(self, key: str) -> None:
        if self._faults.applies("429", key):
            raise FhirError(429, "too many requests.", headers={"Retry-After": str(_RETRY_SECONDS)})
        if self._faults.applies("503", key):
            later = http_date(self._at + timedelta(seconds=_RETRY_SECONDS))
            raise FhirError(503, "not available just now.", headers={"Retry-After": later})

    def _refuse_reading(self, key: str) -> None:
        token = request.args.get("_getpages", "")
        if token and self._faults.applies("410-mid-search", token):
            self._searches.expire(token)
        if request.path.endswith("/$export") and self._faults.applies("export-unsupported", key):
            raise FhirError(400, "this server has no $export.", code="not-supported")

    def _refuse_write(self, key: str) -> None:
        if request.path.rstrip("/") == "/fhir":
            self._refuse_transaction(key)
        if self._faults.applies("409", key):
            raise FhirError(409, "another write was there first.")

    def _refuse_transaction(self, key: str) -> None:
        if self._faults.applies("no-transactions", key):
            status = _NO_TRANSACTIONS[int(key[:8], 16) % len(_NO_TRANSACTIONS)]
            raise FhirError(status, "this server takes no transactions.", code="not-supported")
        if self._faults.applies("413", key) and _entries() > _MAX_ENTRIES:
            raise FhirError(413, f"a transaction may have {_MAX_ENTRIES} entries.")
        if self._faults.applies("412", key):
            raise FhirError(412, "a condition of the transaction has several matches.", code="duplicate")

    def _wrong_body(self, key: str) -> Response | None:
        if request.path.endswith("/metadata"):
            return None
        if self._faults.applies("html-body", key):
            return Response(_HTML, 200, content_type="text/html")
        if self._faults.applies("operation-outcome-200", key):
            outcome = operation_outcome("exception", "something went wrong and the status does not say so.")
            return Response(orjson.dumps(outcome), 200, content_type=CONTENT_TYPE)
        return None


def _entries() -> int:
    """How many entries the Bundle at hand has; none where it is no Bundle."""
    bundle = request.get_json(force=True, silent=True)
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    return len(entries) if isinstance(entries, list) else 0


def _request_key() -> str:
    """The same for the same request made again."""
    asked = f"{request.method} {request.full_path}\n".encode() + request.get_data()
    return hashlib.sha256(asked).hexdigest()

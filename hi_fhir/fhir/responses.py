"""What is checked of a server's response before it is used."""

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec
import requests

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.bodies import Limit, Turn, Turns, received, too_large
from hi_fhir.fhir.transport import Pace

T = TypeVar("T")


_MESSAGE = Limit(1, "")
_FEWEST_OBJECTS, _BYTES_AN_OBJECT = 500_000, 24
_TRANSIENT_ISSUES = frozenset({"transient", "throttled", "timeout", "lock-error", "no-store", "incomplete"})
_CODE = re.compile(r"[a-z-]{1,30}", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,40}", re.ASCII)
_HAPI = re.compile(r"HAPI-\d{4}", re.ASCII)


class FhirResponse:
    """A response whose body is not read yet. `what` says what was asked for, without anything about anybody.

    limit, pace, turns: the bounds of its body, and who else holds a large one.
    """

    def __init__(self, what: str, response: requests.Response, limit: Limit, pace: Pace, turns: Turns) -> None:
        self.what = what
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.url = response.url
        self._response = response
        self._limit, self._pace, self._turn = limit, pace, Turn(turns)
        self._body: bytes | None = None

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def body(self) -> bytes:
        """All of it, unpacked, without the byte order mark that some servers put before their JSON (RFC 8259, 8.1).

        Raises:
            SourceError: truncated-body, too-large, too-slow or content-encoding.
        """
        if self._body is None:
            self._body = self.whole(self.blocks(self._limit)).removeprefix(BOM_UTF8)
        return self._body

    @property
    def message(self) -> bytes:
        """The body of a response that is no success, for what it may tell of that: empty where it cannot be read."""
        if self._body is None:
            try:
                self._body = self.whole(self.blocks(_MESSAGE)).removeprefix(BOM_UTF8)
            except SourceError:
                self._body = b""
        return self._body

    def blocks(self, limit: Limit) -> Iterator[bytes]:
        """The body as it comes, unpacked.

        Raises:
            SourceError: as `body`.
        """
        return received(self._response, limit, self._pace, self.error)

    def whole(self, blocks: Iterable[bytes]) -> bytes:
        """Blocks of the body as one, in this response's turn if that is large.

        Raises:
            SourceError: too-large, or as `blocks`.
        """
        whole = bytearray()  # grows in place, and goes back to the system as one
        for block in blocks:
            if len(whole) + len(block) > self._limit.mb << 20:
                raise too_large(self._limit, self.error)
            self._turn.take(len(whole) + len(block))
            whole += block
        return bytes(whole)

    def error(self, kind: str, said: str, *, retryable: bool = False) -> SourceError:
        """The error that says what was wrong with this response."""
        return SourceError(f"{self.what}: the response {said}.", kind=kind, status=self.status, retryable=retryable)

    def close(self) -> None:
        self._response.close()
        self._turn.give_back()


class _Coding(msgspec.Struct):
    code: str = ""
    diagnostics: str = ""


class _Outcome(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    issue: list[_Coding] = []


def check_status(response: FhirResponse) -> None:
    """Raise SourceError where the response is not a success.

    Nothing of the body is told but codes: what a server says about a record may name whose it is.
    """
    status = response.status
    if status < 300:
        return
    codes = _issue_codes(response)
    told = f" ({codes})" if codes else ""
    if status == 401:
        raise response.error("unauthorised", f"is 401{told}: the server does not take the token, or wants one")
    if status == 403:
        raise response.error("forbidden", f"is 403{told}: the token does not allow this")
    raise response.error("http-status", f"is {status}{told}")


def read_json(response: FhirResponse, decode: Callable[[bytes], T]) -> T:
    """The body of a successful response, by a typed msgspec decoder.

    Raises:
        SourceError: http-status, unauthorised, forbidden, html-body, empty-body, truncated-body, operation-outcome,
            unreadable-body, too-deep, or as `FhirResponse.body`.
    """
    check_status(response)
    body = response.body
    check_beginning(response, body)
    if body.count(b"{") > max(_FEWEST_OBJECTS, len(body) // _BYTES_AN_OBJECT):
        raise response.error("unreadable-body", "has more objects than any resources of its length have")
    try:
        found = decode(body)
    except RecursionError as error:
        raise response.error("too-deep", "is nested deeper than any resource is") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _what_it_is(response, body) from error
    return found


def check_beginning(response: FhirResponse, body: bytes) -> None:
    """Raise SourceError where the first bytes of a body are those of no JSON."""
    start = body[:200].lstrip(BOM_UTF8 + b" \t\r\n")
    if not start:
        raise response.error("empty-body", "is empty", retryable=True)
    if start[:1] == b"<":
        raise response.error(
            "html-body",
            "is a page of HTML or XML where JSON was asked for (is /fhir missing?)",
        )


def outcome_error(response: FhirResponse, body: bytes) -> SourceError | None:
    """The error that an OperationOutcome in place of a result is; None where `body` is none."""
    outcome = _outcome(body)
    if outcome is None or outcome.resource_type != "OperationOutcome":
        return None
    codes = {issue.code for issue in outcome.issue}
    named = ", ".join(sorted(code for code in codes if _CODE.fullmatch(code)))
    said = f"is an OperationOutcome ({named or 'no code'}) in place of a result"
    return response.error("operation-outcome", said, retryable=bool(codes & _TRANSIENT_ISSUES))


def is_transient(response: FhirResponse) -> bool:
    """Whether an error status comes with an issue that says to ask again."""
    outcome = _outcome(response.message)
    return outcome is not None and any(issue.code in _TRANSIENT_ISSUES for issue in outcome.issue)


def _what_it_is(response: FhirResponse, body: bytes) -> SourceError:
    """Why a body could not be decoded."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)  # reads it to its end, and makes nothing of it
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return response.error("truncated-body", "is not whole JSON", retryable=True)
    return outcome_error(response, body) or response.error("unreadable-body", "is not the kind of resource asked for")


def _outcome(body: bytes) -> _Outcome | None:
    try:
        return msgspec.json.decode(body, type=_Outcome)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def described(type_: object) -> str:
    """What a response is, by the resource type that it states, in words."""
    known = isinstance(type_, str) and _TYPE.fullmatch(type_)
    return f"a resource of type {type_}" if known else "another JSON object"


def _issue_codes(response: FhirResponse) -> str:
    outcome = _outcome(response.message)
    if outcome is None:
        return ""
    codes = {issue.code for issue in outcome.issue if _CODE.fullmatch(issue.code)}
    codes.update(*(_HAPI.findall(issue.diagnostics) for issue in outcome.issue))
    return ", ".join(sorted(codes))

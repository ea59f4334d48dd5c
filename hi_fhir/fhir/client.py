"""One HTTP client for every FHIR server, read from or written to: patient, and careful with whom it tells the token."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit
from uuid import uuid4

import requests

from hi_fhir.core.clock import Clock
from hi_fhir.core.errors import SourceError
from hi_fhir.core.events import event
from hi_fhir.fhir.bodies import Limit, Turns
from hi_fhir.fhir.responses import FhirResponse, read_json
from hi_fhir.fhir.retrying import RETRIED_STATUSES, wait_s
from hi_fhir.fhir.settings import ClientSettings
from hi_fhir.fhir.transport import Pace, a_session, own_certificate, proxies_for, verification
from hi_fhir.fhir.unreachable import UNKNOWN_HOST, unreachable

T = TypeVar("T")

FHIR_JSON = "application/fhir+json"

_CONNECT_S = 10.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_FEW_TRIES = 2
_OVERWORKED = frozenset({408, 502, 504})
_ELSEWHERE = (
    "another host, port or scheme. If it is the same server behind a proxy, set rewrite_next_host for this source; if "
    "not, name the host in its trusted_hosts"
)


@dataclass(frozen=True)
class Request:
    """One request. what: in words, for errors, without a query or anything about anybody.

    with_token: False where the server says that none is to be sent. anywhere: whether a redirect may lead to any host,
    as for the files of an export; all else comes from the source's own and trusted ones. spare: whether one can do
    without the response: what is too much work for the server is then asked for twice and no more. taken: statuses that
    whoever reads the response deals with, although others would be tried again for them.
    """

    what: str
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    with_token: bool = True
    anywhere: bool = False
    spare: bool = False
    taken: frozenset[int] = frozenset()


class _BoundAuth(requests.auth.AuthBase):
    """Sets just the header decided on; having one also keeps requests from asking .netrc."""

    def __init__(self, header: str | None) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header:
            request.headers["Authorization"] = self._header
        return request


class FhirClient:
    """Requests to one FHIR server, from any thread. Use it in a `with`, or close it.

    sleep: waits so many seconds between two tries; true where it was called off, and nothing is to be tried again.
    """

    def __init__(self, settings: ClientSettings, clock: Clock, sleep: Callable[[float], object] = time.sleep) -> None:
        self.name = settings.name
        self.base = settings.base
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._credentials = settings.credentials
        self._limit = Limit(settings.response_limit_mb, "response_limit_mb")
        self._turns = Turns()
        self._verify = verification(settings.ca_file)
        self._certificate = own_certificate(settings.certificate)
        proxies_for(self.base, settings.proxy)  # so that a wrong one is told before anything is asked
        self._session = a_session(settings.connections)

    def __enter__(self) -> "FhirClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def request(self, request: Request) -> FhirResponse:
        """The response, read to its end, whatever its status; those that pass are tried again.

        Raises:
            SourceError: no-connection or http-status after `tries` tries; truncated-body; foreign-redirect.
        """

        def whole(response: FhirResponse) -> FhirResponse:
            response.body  # noqa: B018  reads it, so that a truncated one is tried again
            return response

        return self.exchange(request, whole)

    def resource(self, request: Request, decode: Callable[[bytes], T]) -> tuple[T, FhirResponse]:
        """A successful response's body, by a typed decoder.

        Raises:
            SourceError: as `request`, and what `responses.read_json` finds wrong with it.
        """
        return self.exchange(request, lambda response: (read_json(response, decode), response))

    def exchange(self, request: Request, read: Callable[[FhirResponse], T]) -> T:
        """What `read` makes of the response. It is tried again where `read` raises a SourceError that may pass.

        Raises:
            SourceError: the last try's.
        """
        request = replace(request, headers={"X-Request-ID": str(uuid4()), **request.headers})  # the same in each try
        for attempt in range(self._settings.tries):
            headers: Mapping[str, str] = {}
            try:
                response = self._send(request)
                try:
                    headers = response.headers
                    if response.status in RETRIED_STATUSES - request.taken:
                        response.message  # noqa: B018  leaves the connection fit for the next try
                        raise response.error("http-status", f"is {response.status}", retryable=True)
                    return read(response)
                finally:
                    response.close()
            except SourceError as error:
                failure = _without_frames(error)
            tries = self._settings.tries
            if _is_soon_given_up(request, failure):
                tries = min(_FEW_TRIES, tries)
            if not failure.retryable or attempt + 1 >= tries:
                raise self._named(failure, attempt + 1)
            pause_s = wait_s(attempt, headers, self._settings.retry_after_cap_s, self._clock.now())
            event(
                "request-retried",
                source=self.name,
                tries=attempt + 1,
                kind=failure.kind,
                status=failure.status,
                wait_s=round(pause_s, 3),
            )
            if self._sleep(pause_s):
                raise self._named(failure, attempt + 1)
        raise AssertionError("a client tries at least once")

    def follow(self, link: str, page: str, what: str) -> str:
        """The address that a server's link means; `page` is where it stood.

        Raises:
            SourceError: foreign-next-link, it leads to a host that is neither the source's own nor trusted.
        """
        url = self.place(urljoin(page, link))
        if self._is_known(url):
            return url
        raise SourceError(f"{self._settings.name}: {what}: a link leads to {_ELSEWHERE}.", kind="foreign-next-link")

    def place(self, url: str) -> str:
        """The address to ask for `url` at, which may be relative: on this server, where the deployment says so.

        Other hosts are legal for the files of an export; they get no token.
        """
        url = urljoin(f"{self.base}/", url)
        if self._is_known(url) or not self._settings.rewrite_next_host:
            return url
        home = urlsplit(self.base)
        return urlunsplit(urlsplit(url)._replace(scheme=home.scheme, netloc=home.netloc))

    def _is_known(self, url: str) -> bool:
        """Whether it is on the source's own server or a trusted host."""
        return self._credentials.is_home(url) or self._credentials.is_trusted(url)

    def _send(self, request: Request) -> FhirResponse:
        """One try, with redirects followed by hand: as links are, and none carries a token further than it is bound to.

        Raises:
            SourceError: foreign-redirect, redirect-loop, or as `unreachable` tells them apart.
        """
        url, method, body = request.url, request.method, request.body
        for _ in range(_MOST_REDIRECTS):
            pace = Pace(self._settings.response_limit_s)
            received = self._authorised(request, method, url, body, pace)
            response = FhirResponse(request.what, received, self._limit, pace, self._turns)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return response
            target = urljoin(url, location)
            response.close()
            if method != "GET" and (response.status not in (307, 308) or not self._credentials.is_home(target)):
                raise response.error("foreign-redirect", "sends a request with a body elsewhere")
            url = target if request.anywhere else self.place(target)
            if not request.anywhere and not self._is_known(url):
                raise response.error("foreign-redirect", f"is a redirect to {_ELSEWHERE}")
        raise response.error("redirect-loop", "is a redirect, again and again")

    def _authorised(self, request: Request, method: str, url: str, body: bytes | None, pace: Pace) -> requests.Response:
        """One response, asked for once more where another token is to be had in place of one that is not taken."""
        header = self._credentials.authorization(url) if request.with_token else None
        response = self._once(request, method, url, body, pace, header)
        if response.status_code != 401 or header is None or not self._credentials.renew(url, header):
            return response
        response.close()
        return self._once(request, method, url, body, pace, self._credentials.authorization(url))

    def _once(
        self, request: Request, method: str, url: str, body: bytes | None, pace: Pace, header: str | None
    ) -> requests.Response:
        headers = {"Accept": FHIR_JSON, "Accept-Encoding": "gzip", "Cache-Control": "no-cache", **request.headers}
        try:
            return self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                auth=_BoundAuth(header),
                timeout=(min(_CONNECT_S, self._settings.timeout_s), self._settings.timeout_s),
                allow_redirects=False,
                stream=True,
                verify=self._verify,
                cert=self._certificate if self._credentials.is_home(url) else None,
                proxies=proxies_for(url, self._settings.proxy),
            )
        except requests.RequestException as error:
            raise unreachable(request.what, url, error, is_over=pace.is_over) from error

    def _named(self, error: SourceError, tries: int) -> SourceError:
        """The error with the server's name and the tries, and without its cause, which may quote a URL."""
        told = f" Tried {tries} times." if tries > 1 else ""
        return SourceError(
            f"{self._settings.name}: {error}{told}", kind=error.kind, status=error.status, retryable=error.retryable
        )


def _is_soon_given_up(request: Request, failure: SourceError) -> bool:
    """Whether it is tried just once more: a name that nobody knows, and what is too much work and can be spared."""
    if failure.kind == UNKNOWN_HOST:
        return True
    return request.spare and (failure.kind == "timeout" or failure.status in _OVERWORKED)


def _without_frames(error: SourceError) -> SourceError:
    """The error by itself: what led to it holds the frames that it went through, and with them what was read."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error

"""Who a request is from."""

from collections.abc import Callable
from urllib.parse import unquote

from flask import Request, g

from hi_fhir.access.scopes import Scopes
from hi_fhir.core.clock import Clock
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.store.clients import Caller, caller
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.store.successions import reader_on
from hi_fhir.tables.dates import london_day
from hi_fhir.web.responses import BASE_PATH

ReaderOf = Callable[[Request], Reader]
"""The reader that a request is from."""
CallerOf = Callable[[Request], Caller | None]
"""The client that a request is from; None: none that is known."""

_BY_METHOD = {"POST": "c", "PUT": "u", "DELETE": "d"}
_BEARER = "bearer "
_CALLER = "caller"  # of flask.g: whoever is known to have sent the request
_LEFT = {("Subscription", letter) for letter in "rsd"}
"""What is left to a reader whose organisations ended."""


def everyone_is(reader: Reader) -> ReaderOf:
    """Nobody logs in: whoever calls is taken for this reader."""
    return lambda _request: reader


def shown_caller(store: Store, clock: Clock) -> CallerOf:
    """Whose good token a request shows. The store is asked once for each."""

    def caller_of(request: Request) -> Caller | None:
        if _CALLER not in g:
            token = _token(request)
            g.caller = None
            if token is not None:
                with store.read() as session:
                    g.caller = caller(session, token, clock.now())
        found: Caller | None = g.caller
        return found

    return caller_of


def _token(request: Request) -> str | None:
    header = request.headers.get("Authorization", "")
    return header[len(_BEARER) :].strip() if header[: len(_BEARER)].lower() == _BEARER else None


def registered(store: Store, clock: Clock) -> ReaderOf:
    """Whoever shows a token is the client that it was given to, and may do what the token is for."""
    caller_of = shown_caller(store, clock)

    def reader_of(request: Request) -> Reader:
        """Raises FhirError: 401, no good token; 403, one for something else."""
        if _token(request) is None:
            raise FhirError(401, "show a token.", headers={"WWW-Authenticate": "Bearer"})
        found = caller_of(request)
        if found is None:
            told = 'Bearer error="invalid_token"'
            raise FhirError(401, "the token is over, or was never given.", headers={"WWW-Authenticate": told})
        type_, letter = what_is_done(request.method, request.path)
        if not Scopes.read(found.scopes).permits(type_, letter):
            told = 'Bearer error="insufficient_scope"'
            raise FhirError(403, "the token is not for that.", code="forbidden", headers={"WWW-Authenticate": told})
        return found.reader

    return reader_of


def asking_client() -> str | None:
    """The registered client that the request under way is from, once its reader was asked for; None: nobody logs in."""
    found: Caller | None = g.get(_CALLER)
    return found.client_id if found is not None else None


def may_have_patients() -> bool:
    """Whether the request that is under way is from a client that may be told of its practice's single patients."""
    found: Caller | None = g.get(_CALLER)
    return found is not None and Scopes.read(found.scopes).has_patients()


def is_operator() -> bool:
    """Whether the request that is under way is from a client that may have what is the operator's."""
    found: Caller | None = g.get(_CALLER)
    return found is not None and Scopes.read(found.scopes).has_operators()


def reaching(reader_of: ReaderOf, store: Store, clock: Clock) -> ReaderOf:
    """The same readers, with what they have today by who followed whom."""

    def reader_reaching(request: Request) -> Reader:
        """Raises FhirError: 403, none of its organisations is there any more; and what `reader_of` raises.

        Such a reader may see what became of its subscriptions, and no more.
        """
        reader = reader_of(request)
        if reader.organisations is None:
            return reader
        with store.read() as session:
            today = reader_on(session, reader, london_day(clock.now()))
        if today.is_over and not _is_left(request):
            told = "; ".join(map(str, today.ended))
            raise FhirError(403, f"{told}: nothing is read in its name any more.", code="forbidden")
        return today.reader

    return reader_reaching


def _is_left(request: Request) -> bool:
    is_fhir = request.path.startswith(f"{BASE_PATH}/")
    return is_fhir and what_is_done(request.method, request.path) in _LEFT


def what_is_done(method: str, path: str) -> tuple[str, str]:
    """The type and what is done with it, as a letter of SMART's scopes, by a request below the FHIR base."""
    _, _, type_, *rest = unquote(path).rstrip("/").split("/")
    if type_ in ("$export", "$evaluate-measure") or (rest and rest[-1] == "$evaluate-measure"):
        return "MeasureReport", "r"
    if rest and (rest[-1] == "_search" or rest[-1].startswith("$")):
        return type_, "s" if rest[-1] == "_search" or len(rest) == 1 else "r"
    return type_, _BY_METHOD.get(method, "r" if rest else "s")

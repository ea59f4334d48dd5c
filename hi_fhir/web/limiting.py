"""Requests that are more than may be in a minute: 429, before anything is done about them but to ask who it is."""

from collections.abc import Callable

from flask import request

from hi_fhir.access.peers import peer_of
from hi_fhir.access.rates import Asker, Rates
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.pages.door import Door
from hi_fhir.web.readers import CallerOf

_FREE = ("health.healthz", "health.readyz", "pages.static")
_TOKEN = "smart.token"  # noqa: S105  an endpoint
_NOWHERE = "no address"


def limit_requests(rates: Rates, caller_of: CallerOf, door: Door | None) -> Callable[[], None]:
    """What is done before each request. door: by which people log in to pages."""

    def count() -> None:
        """Raises FhirError: 429, too many."""
        if request.endpoint in _FREE:
            return
        waits = rates.wait_s(*_asker(caller_of, door))
        if waits is not None:
            told = f"more is asked than may be in a minute. Ask again in {waits} seconds."
            raise FhirError(429, told, headers={"Retry-After": str(waits)})

    return count


def _asker(caller_of: CallerOf, door: Door | None) -> tuple[Asker, str]:
    if request.endpoint == _TOKEN:
        return Asker.TOKEN, peer_of(request) or _NOWHERE
    caller = caller_of(request)
    if caller is not None:
        return Asker.CLIENT, caller.client_id
    person = door.person() if door is not None and request.blueprint == "pages" else None
    if person is not None:
        return Asker.CLIENT, f"account {person.account_id}"
    return Asker.PEER, peer_of(request) or _NOWHERE

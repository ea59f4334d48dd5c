"""One call to a subscriber's endpoint, and why it did not do."""

from collections.abc import Sequence
from dataclasses import dataclass

import requests
import urllib3

from hi_fhir.core.errors import causes
from hi_fhir.fhir.guard import Guard, UnsafeAddressError
from hi_fhir.fhir.rest.headers import FHIR_JSON
from hi_fhir.fhir.transport import Pace
from hi_fhir.fhir.unreachable import unreachable

_CONNECTIONS = 8
_DIGITS = 6  # of seconds


@dataclass(frozen=True)
class Call:
    """What is sent. media_type None: an empty body."""

    method: str
    url: str
    body: bytes
    media_type: str | None


class FailedCallError(Exception):
    """Nobody took what was sent. The message names nothing but the host. wait_s: the pause that was asked for."""

    def __init__(self, told: str, wait_s: int = 0) -> None:
        super().__init__(told)
        self.wait_s = wait_s


class Sender:
    """Calls whoever may be called."""

    def __init__(self, guard: Guard) -> None:
        self._session = guard.session(_CONNECTIONS)

    def send(self, call: Call, headers: Sequence[tuple[str, str]], timeout_s: float) -> None:
        """Make a call; whatever its answer of 2xx says is not read.

        Raises:
            FailedCallError: it was not answered by a status of 2xx in time.
        """
        named = {**dict(headers), **({"Content-Type": call.media_type} if call.media_type else {}), "Accept": FHIR_JSON}
        pace = Pace(timeout_s)
        try:
            with self._session.request(
                call.method,
                call.url,
                data=call.body,
                headers=named,
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                status, after = response.status_code, response.headers.get("Retry-After", "")[:_DIGITS]
        except UnsafeAddressError as error:
            raise FailedCallError(f"the endpoint was not called: {error}") from error
        except requests.RequestException as error:
            if any(isinstance(cause, UnsafeAddressError) for cause in causes(error)):
                raise FailedCallError("the endpoint was not called: its address is not one that may be.") from error
            raise FailedCallError(str(unreachable("the endpoint", call.url, error, is_over=pace.is_over))) from error
        except (ValueError, urllib3.exceptions.HTTPError) as error:
            raise FailedCallError("what the endpoint answered is no HTTP.") from error
        if not 200 <= status < 300:
            raise FailedCallError(
                f"the endpoint answered {status}.", int(after) if after.isascii() and after.isdecimal() else 0
            )

"""How entries reach a server that may refuse them: in transactions, in smaller ones, one by one at last.

A failed entry never costs the others, and every write may be made again without harm, so that a publisher may be killed
at any moment and another one start anew.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.client import FHIR_JSON, FhirClient, Request
from hi_fhir.fhir.responses import FhirResponse, check_beginning, check_status
from hi_fhir.reports.sending.outcomes import Outcome, outcome_of_response, outcomes_of_transaction
from hi_fhir.reports.sending.updates import ReporterIdentifier, Update, transaction, unknown_reporters

_NO_TRANSACTIONS = (404, 405, 501)
_FIRST_PAUSE_S = 0.1


@dataclass(frozen=True)
class SentEntry:
    """What became of an entry."""

    entry: Update
    outcome: Outcome


class FhirPublisher:
    """Sends entries to one server, and learns as it goes which references their reporters have there."""

    def __init__(self, client: FhirClient, tries: int, sleep: Callable[[float], object] = time.sleep) -> None:
        self._client = client
        self._tries = tries
        self._sleep = sleep
        self._references: dict[ReporterIdentifier, str | None] = {}
        self._takes_transactions = True

    def publish(self, entries: Sequence[Update]) -> Iterator[list[SentEntry]]:
        """Send the entries in one transaction if the server takes it; yields them as they are settled.

        Raises:
            SourceError: the server cannot be reached, or refuses us; what was not yielded may not have been stored.
        """
        if len(entries) > 1 and self._takes_transactions:
            settled = self._transact(entries)
            if settled is None:
                half = len(entries) // 2
                yield from self.publish(entries[:half])
                yield from self.publish(entries[half:])
                return
            if stored := [delivery for delivery in settled if delivery.outcome.is_stored]:
                yield stored
            entries = [delivery.entry for delivery in settled if not delivery.outcome.is_stored]
        for entry in entries:
            yield [SentEntry(entry, self._put(entry))]

    def _transact(self, entries: Sequence[Update]) -> list[SentEntry] | None:
        """What became of each entry of one transaction; None where it failed as a whole."""
        unknown = unknown_reporters(entries, self._references)
        try:
            outcome, content = self._write("POST", "", orjson.dumps(transaction(entries, self._references)))
        except SourceError as error:
            if error.kind == "timeout" or error.status == 504:  # a smaller one may be done in time
                return None
            raise
        self._takes_transactions = outcome.status not in _NO_TRANSACTIONS
        outcomes = outcomes_of_transaction(content, len(unknown) + len(entries)) if outcome.is_stored else None
        if outcomes is None:
            return None
        for reporter, created in zip(unknown, outcomes, strict=False):
            if created.is_stored and created.reference:
                self._references[reporter] = created.reference
        return [SentEntry(*pair) for pair in zip(entries, outcomes[len(unknown) :], strict=True)]

    def _put(self, entry: Update) -> Outcome:
        """A conditional update of its own."""
        if entry.reporter is not None and entry.reporter not in self._references:
            self._references[entry.reporter] = self._refer(entry.reporter)
        outcome, _ = self._write("PUT", entry.path, orjson.dumps(entry.referring(self._references)))
        return outcome

    def _refer(self, reporter: ReporterIdentifier) -> str | None:
        """The reference of the reporter's Organization, created if absent; None if there are several or we may not."""
        outcome, _ = self._write(
            "POST", "Organization", orjson.dumps(reporter.organisation), {"If-None-Exist": reporter.condition}
        )
        return outcome.reference if outcome.is_stored else None

    def _write(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[Outcome, bytes]:
        """One write, made again while another writer is in its way: its outcome, and the body of the answer."""
        request = Request(
            what=f"{method} of {path.partition('?')[0] or 'a transaction'}",
            url=f"{self._client.base}/{path}".rstrip("/"),
            method=method,
            headers={"Content-Type": FHIR_JSON, "Prefer": "return=minimal", **(headers or {})},
            body=body,
        )
        for attempt in range(self._tries):
            response = self._client.request(request)
            _check_sense(response)
            outcome = outcome_of_response(response.status, response.headers, response.body)
            if not outcome.is_race or attempt + 1 == self._tries:
                break
            self._sleep(_FIRST_PAUSE_S * 2**attempt)
        return outcome, response.body


def _check_sense(response: FhirResponse) -> None:
    """Raise SourceError where no other write would fare better: the token is not taken, or this is a web page."""
    if response.status == 401:
        check_status(response)
    if response.status < 300 and response.body.lstrip().startswith(b"<"):
        check_beginning(response, response.body)

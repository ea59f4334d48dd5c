"""Publish: released reports to another FHIR server, what it has already apart, and what came back into the ledger."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, GateError, SourceError
from hi_fhir.core.events import step
from hi_fhir.core.files import canonical_json
from hi_fhir.fhir.auth import NoAuth, Origin, bearer
from hi_fhir.fhir.client import FhirClient
from hi_fhir.fhir.settings import ClientSettings, server_client
from hi_fhir.fhir.signed import signed_auth
from hi_fhir.measures import registry
from hi_fhir.pipeline import asking
from hi_fhir.pipeline.agreed import check_agreed
from hi_fhir.pipeline.attacked import check_kept
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report_manifest import ReleasedReport, ReportManifest
from hi_fhir.reports.definitions import definitions
from hi_fhir.reports.sending.presence import Presence
from hi_fhir.reports.sending.publisher import FhirPublisher, SentEntry
from hi_fhir.reports.sending.targets import Target, read_target
from hi_fhir.reports.sending.updates import Update, definition_update, report_update
from hi_fhir.store.agreements import practices_behind
from hi_fhir.store.criteria import Reader
from hi_fhir.store.deliveries import Delivered, last_deliveries, record_delivery
from hi_fhir.store.ledger import measure_version, report_version
from hi_fhir.store.models import ReportRow
from hi_fhir.store.readable import readable_reports
from hi_fhir.store.successions import reader_on
from hi_fhir.store.withdrawing import to_be_told
from hi_fhir.tables.dates import london_day

_NAMED = 10  # reporters in a message

Definitions = Mapping[str, Sequence[Update]]
"""Resources that reports name, by type: Measures, and what is our own in them."""


class PublishManifest(msgspec.Struct, frozen=True):
    """What a call of `publish` did for a server that has all of a release now.

    target: its FHIR base. sent, unchanged: MeasureReports. restored: those of the sent ones that it had taken from us
    before, and that were gone from it or changed there by others. withheld: those of others than whose
    server it is. measures, definitions: Measures, and StructureDefinitions and CodeSystems of ours, sent along with
    them. known_before: small counts that readers could work out of earlier reports already.
    """

    target: str
    audience: Audience
    sent: int
    restored: int
    unchanged: int
    withheld: int
    measures: int
    definitions: int = 0
    known_before: int = 0


def _told(manifest: PublishManifest) -> dict[str, object]:
    return {"audience": manifest.audience, "sent": manifest.sent, "unchanged": manifest.unchanged}


@step("publish", _told)
def publish(context: RunContext, released: ReportManifest, url: str, *, again: bool = False) -> PublishManifest:
    """Send the released reports to the FHIR server at `url`, but for those that it says it has as we sent them.

    Each answer is kept as it comes, so that the same call after an interruption sends what is missing. again: send
    all, without asking.

    Raises:
        ConfigError: `url` is no FHIR base, holds credentials or is elsewhere while the deployment has no names of its
            own; or no report is of the organisations that the settings name.
        GateError: the reports may not go there: exact counts of several practices, or small counts can be worked out of
            them and what was released before, which is asked here where it was not before they were kept, or a practice
            has not agreed (nothing is sent); or reports made with demonstration code lists to a server elsewhere (the
            others are sent first).
        SourceError: the server did not take them all; the message counts those that it has not.
        CancelledError: the work was asked to end; what was taken by then is in the ledger.
    """
    config = context.config
    target = check_target(config, url)
    own = _own(context, released)
    identifiers = [report.identifier for report in own]  # released a while ago, it may be
    check_agreed(context, lambda session: practices_behind(session, identifiers), released.audience)
    known_before = check_kept(context, released)
    fit = [report for report in own if target.is_loopback or not report.is_demonstration]
    with context.store.read() as session:
        last = last_deliveries(session, target.base_url)
        entries = {"Measure": _measure_entries(session, fit), **_own_definitions(config)}
    with FhirClient(_client_of(context, target), context.clock, context.cancel.wait) as client:
        before = {} if again else asking.taken(fit, last)
        there, lacking = _ask(Presence(client), config.identifier_system, before, entries)
        due = [report for report in fit if report.identifier not in there]
        context.steps.start("publish", len(due), "reports")
        sending = _Sending(context, target.base_url, FhirPublisher(client, config.tries))
        defined = sending.all([_as_sent(report) for report in due], entries if due else lacking, config.publish_batch)
    restored = len(before) - len(there)
    told = f" ({restored} of them again: gone there, or changed by others)" if restored else ""
    withheld = len(released.reports) - len(own)
    others = f"; {withheld} are of others than {', '.join(config.publish_organisations)}" if withheld else ""
    context.steps.finish(f"{len(due)} sent{told}, {len(fit) - len(due)} there unchanged{others}")
    if len(fit) < len(own):
        raise GateError(
            f"{len(own) - len(fit)} reports were made with demonstration code lists and go to this machine only; the "
            f"other {len(fit)} are published. Bring the real code lists in an overlay, or leave these measures out."
        )
    return PublishManifest(
        target=target.base_url,
        audience=released.audience,
        sent=len(due),
        restored=restored,
        unchanged=len(fit) - len(due),
        withheld=withheld,
        measures=defined["Measure"],
        definitions=defined.total() - defined["Measure"],
        known_before=known_before,
    )


def send_withdrawn(context: RunContext, url: str, rows: Sequence[ReportRow]) -> int:
    """Send the FHIR server at `url` those withdrawn reports of which it was sent another version; how many.

    Nothing is told by them, so nothing is attacked before.

    Raises:
        ConfigError, SourceError: as of `publish`.
    """
    target = check_target(context.config, url)
    with context.store.read() as session:
        due = to_be_told(session, target.base_url, rows)
    with FhirClient(_client_of(context, target), context.clock, context.cancel.wait) as client:
        context.steps.start("publish", len(due), "reports")
        publisher = FhirPublisher(client, context.config.tries)
        sending = _Sending(context, target.base_url, publisher)
        sending.all([_as_sent(row) for row in due], {}, context.config.publish_batch)
    context.steps.finish(f"{len(due)} withdrawn reports sent")
    return len(due)


def check_target(config: Config, url: str) -> Target:
    """The target at `url`, if this deployment may send reports there.

    Raises:
        ConfigError: it is no FHIR base, or is elsewhere while the reports bear the names that every new deployment has:
            those of two would overwrite each other there.
    """
    target = read_target(url)
    if config.names_as_shipped and not target.is_loopback:
        raise ConfigError(
            "reports would go to another machine under names that every deployment has. Set "
            f"{' and '.join(config.names_as_shipped)} to a URI of your own (in hi-fhir.toml, or as HI_FHIR_... in the "
            "environment)."
        )
    return target


def _client_of(context: RunContext, target: Target) -> ClientSettings:
    """How the target is called: with credentials where the settings say that they are for it, and for no other."""
    config, base = context.config, target.base_url
    if not config.publish_url or Origin.of(config.publish_url) != Origin.of(base):
        return server_client(config, "publish", base, NoAuth())
    shown, signed = config.publish_client_certificate, config.publish_signed
    auth = (
        signed_auth(config, "publish", base, signed, context.clock, shown) if signed else bearer(config.publish_token)
    )
    return server_client(config, "publish", base, auth, certificate=shown)


def _own(context: RunContext, released: ReportManifest) -> list[ReleasedReport]:
    """The reports that those may have whose server it is. Exact ones go to no server that is nobody's in particular."""
    codes, reporters = context.config.publish_organisations, {report.reporter for report in released.reports}
    if not codes:
        if released.audience == Audience.PRACTICE and len(reporters) > 1:
            raise GateError(
                f"reports for the practice audience are of {len(reporters)} practices here, and a practice gets its "
                "own only. Name the one whose server it is (setting publish_organisations), or publish for another "
                "audience."
            )
        return released.reports
    with context.store.read() as session:
        today = reader_on(session, Reader(released.audience, frozenset(codes)), london_day(context.clock.now()))
        readable = readable_reports(session, today.reader)
    if today.is_over:
        raise ConfigError(f"publish_organisations: {'; '.join(map(str, today.ended))}. Name whose server it is now.")
    own = [report for report in released.reports if report.identifier in readable]
    if not own:
        named = ", ".join(sorted(reporters)[:_NAMED]) + (", ..." if len(reporters) > _NAMED else "")
        raise ConfigError(f"publish_organisations: no report is of {', '.join(codes)}. These have one: {named}.")
    return own


def _ask(
    presence: Presence, system: str, before: Mapping[str, asking.Taken], entries: Definitions
) -> tuple[frozenset[str], Definitions]:
    """Which of the reports that the server took are there still, and, where all are, the definitions that are not."""
    if not before:
        return frozenset(), {}
    try:
        there = asking.unchanged(presence, system, before)
        if len(there) < len(before):
            return there, {}
        return there, {type_: asking.lacking(presence, own) for type_, own in entries.items()}
    except SourceError as error:
        told = f"the server does not say which of {len(before)} reports it still has, and nothing was sent. {error}"
        raise SourceError(told, kind=error.kind, status=error.status, retryable=error.retryable) from error


def _measure_entries(session: Session, reports: Iterable[ReleasedReport]) -> list[Update]:
    """The Measures of the reports, as the ledger has them."""
    found = [measure_version(session, id_) for id_ in sorted({report.measure_id for report in reports})]
    return [definition_update(measure.content) for measure in found if measure is not None]


def _own_definitions(config: Config) -> Definitions:
    """What the reports name of our own, by type."""
    found: dict[str, list[Update]] = {}
    for resource in definitions(config.canonical_base.rstrip("/"), registry.load(overlays=config.overlays)):
        found.setdefault(resource["resourceType"], []).append(definition_update(canonical_json(resource)))
    return found


class _Sent(NamedTuple):
    """What is to be known of a report to send it."""

    identifier: str
    version: int
    reporter: str


def _as_sent(report: ReleasedReport | ReportRow) -> _Sent:
    if isinstance(report, ReportRow):
        return _Sent(report.identifier, report.version, report.organisation or report.reporter_id)
    return _Sent(report.identifier, report.version, report.reporter)


@dataclass
class _Sending:
    """One call of `publish` at work. target: as the ledger spells it; stored: reports that the server has taken."""

    context: RunContext
    target: str
    publisher: FhirPublisher
    stored: int = 0

    def all(self, due: Sequence[_Sent], entries: Definitions, size: int) -> Counter[str]:
        """Send the reports, `size` in a transaction, and the definitions first; how many of these were taken, by type.

        Raises:
            SourceError: the server did not take all the reports.
        """
        try:
            stored = Counter({type_: self._definitions(own) for type_, own in entries.items()})
            refused = self._reports(due, size)
        except SourceError as error:
            told = f"{len(due) - self.stored} of {len(due)} reports are not published. {error}"
            raise SourceError(told, kind=error.kind, status=error.status, retryable=error.retryable) from error
        if refused:
            statuses = ", ".join(f"{count} with {status}" for status, count in sorted(refused.items()))
            raise SourceError(
                f"publish: the server refused {refused.total()} of {len(due)} reports: {statuses}. The others are "
                "there; the same command sends these again.",
                kind="publish-refused",
            )
        return stored

    def _definitions(self, entries: Sequence[Update]) -> int:
        """Send definitions of one type. One that is refused stops nothing: a report is whole without it."""
        settled = [delivery for deliveries in self.publisher.publish(entries) for delivery in deliveries]
        return sum(delivery.outcome.is_stored for delivery in settled)

    def _reports(self, due: Iterable[_Sent], size: int) -> Counter[int]:
        """Send the reports, each reporter's together; how many were refused, by HTTP status."""
        ordered = sorted(due, key=lambda report: (report.reporter, report.identifier))
        refused: Counter[int] = Counter()
        for start in range(0, len(ordered), size):
            for delivery in self._deliver(ordered[start : start + size]):
                if delivery.outcome.is_stored:
                    self.stored += 1
                else:
                    refused[delivery.outcome.status] += 1
        return refused

    def _deliver(self, reports: Sequence[_Sent]) -> Iterator[SentEntry]:
        """Send one batch, and keep what comes back before more is sent."""
        versions = {report.identifier: report.version for report in reports}
        for deliveries in self.publisher.publish(self._entries(reports)):
            with self.context.store.write() as session:
                for delivery in deliveries:
                    made = _delivered(delivery, versions[delivery.entry.key], self.target)
                    record_delivery(session, made, self.context.clock.now())
            yield from deliveries
            self.context.steps.advance(len(deliveries))

    def _entries(self, reports: Iterable[_Sent]) -> list[Update]:
        """The reports as the ledger has them: its bytes count, not the copies on disk."""
        with self.context.store.read() as session:
            found = [report_version(session, report.identifier) for report in reports]
        return [report_update(report.content) for report in found if report is not None]


def _delivered(delivery: SentEntry, version: int, target: str) -> Delivered:
    outcome = delivery.outcome
    return Delivered(
        identifier=delivery.entry.key,
        version=version,
        target=target,
        status="sent" if outcome.is_stored else "failed",
        http_status=outcome.status,
        etag=outcome.etag,
        location=outcome.location,
        outcome=" ".join(outcome.codes) or None,
    )

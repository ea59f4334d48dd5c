"""What a server that is published to need not be sent: the ledger tells what it took, and the server what it has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hi_fhir.pipeline.report_manifest import ReleasedReport
from hi_fhir.reports.sending.presence import Presence, Present
from hi_fhir.reports.sending.updates import Update
from hi_fhir.store.deliveries import LastDelivery
from hi_fhir.tables.views.elements import ODS_SYSTEM


class Taken(NamedTuple):
    """A report that the server took from us as it is now, and what came of that."""

    report: ReleasedReport
    delivery: LastDelivery


def taken(reports: Iterable[ReleasedReport], last: Mapping[str, LastDelivery]) -> dict[str, Taken]:
    """Those that the server took from us last as they are now, by identifier."""
    found = ((report, last.get(report.identifier)) for report in reports)
    return {
        report.identifier: Taken(report, delivery)
        for report, delivery in found
        if delivery is not None and delivery.status != "failed" and delivery.sha256 == report.sha256
    }


def unchanged(presence: Presence, system: str, before: Mapping[str, Taken]) -> frozenset[str]:
    """Identifiers, of a system, of those that are there as we sent them, with the Organization that they refer to."""
    there = presence.reports(system, list(before)) or {}
    same = {identifier: one for identifier, one in there.items() if _is_as_sent(one, before[identifier].delivery)}
    codes = {before[identifier].report.reporter for identifier, one in same.items() if one.reporter}
    known = presence.organisations([(ODS_SYSTEM, code) for code in sorted(codes)]) if codes else None
    if known is None:  # nobody refers to one, or the server does not say
        return frozenset(same)
    return frozenset(identifier for identifier, one in same.items() if one.reporter in {None, *known})


def lacking(presence: Presence, measures: Sequence[Update]) -> list[Update]:
    """The Measures that the server does not have as they are sent; none where it does not say."""
    there = presence.definitions(measures)
    return [] if there is None else [entry for entry in measures if entry.key not in there]


def _is_as_sent(there: Present, sent: LastDelivery) -> bool:
    """Whether the server has the very version that it made of what we sent: another one is somebody else's."""
    location, _, version = (sent.location or "").partition("/_history/")
    version = version or (sent.etag or "").removeprefix("W/").strip('"')
    return bool(version) and there.version == version and location in ("", there.location)

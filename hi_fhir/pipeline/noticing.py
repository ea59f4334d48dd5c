"""What is said of reports as they are released: that they correct earlier ones, and what stays withdrawn."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from hi_fhir.reports.noticed import corrected_report
from hi_fhir.store import ledger
from hi_fhir.store.notices import NewNotice, NoticeKind, standing_versions


def with_corrections(
    session: Session, reports: Sequence[ledger.NewReport], base: str, on: date
) -> list[ledger.NewReport]:
    """The reports, of which those that follow a withdrawal say why that was lifted, and who asked for it."""
    standing = standing_versions(session, [report.identifier for report in reports])
    if not any(last.lifted for last in standing.values()):
        return list(reports)
    found = []
    for report in reports:
        last = standing.get(report.identifier)
        if last is None or last.lifted is None:
            found.append(report)
            continue
        plain = hashlib.sha256(report.content).hexdigest()
        content = corrected_report(report.content, base, last.lifted, on)
        found.append(replace(report, content=content, notice=NewNotice(NoticeKind.CORRECTED, last.lifted, plain)))
    return found


def as_kept(
    session: Session, reports: Sequence[ledger.NewReport], kept: Sequence[ledger.KeptVersion]
) -> list[ledger.NewReport]:
    """The reports with the content that holds, which is another where one stays withdrawn."""
    found = []
    for report, one in zip(reports, kept, strict=True):
        holds = None if one.is_as_given else ledger.report_version(session, report.identifier)
        found.append(report if holds is None else replace(report, content=holds.content))
    return found

"""Exports of all reports that a reader may have: which versions they are is settled when one is asked for.

What is in a file is read when it is fetched, and only what the reader may have then.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.store.criteria import Reader
from hi_fhir.store.export_models import ExportRow
from hi_fhir.store.models import ReportRow
from hi_fhir.store.readable import has_report


def exported_reports(session: Session, reader: Reader, since: datetime | None) -> list[int]:
    """Ids of the rows of all current reports that a reader may have, in the order in which they became visible.

    since: only what was recorded at that instant or later.
    """
    wanted = [has_report(reader.audience, reader.reached), ReportRow.is_current]
    if since is not None:
        wanted.append(ReportRow.recorded_at >= since)
    return list(session.scalars(select(ReportRow.id).where(*wanted).order_by(ReportRow.number)))


def begin_export(
    session: Session, reader: Reader, request: str, reports: Sequence[int], at: datetime, expires_at: datetime
) -> str:
    """Keep what an export has until it is over; its id. Those that are over are forgotten."""
    session.execute(delete(ExportRow).where(ExportRow.expires_at <= at))
    row = ExportRow(
        export_id=str(uuid4()),
        audience=reader.audience,
        organisations=reader.named,
        recorded_at=at,
        expires_at=expires_at,
        request=request,
        reports=list(reports),
    )
    session.add(row)
    return row.export_id


def exports_of(session: Session, reader: Reader, at: datetime) -> list[ExportRow]:
    """A reader's own that are not over yet."""
    theirs = select(ExportRow).where(ExportRow.audience == reader.audience, ExportRow.expires_at > at)
    rows = session.scalars(theirs.order_by(ExportRow.id))
    return [row for row in rows if _owner(row) == reader]


def export_of(session: Session, reader: Reader, id_: str, at: datetime) -> ExportRow | None:
    """One of these by its id."""
    return next((row for row in exports_of(session, reader, at) if row.export_id == id_), None)


def _owner(row: ExportRow) -> Reader:
    codes = None if row.organisations is None else frozenset(row.organisations)
    return Reader(Audience(row.audience), codes)

"""Events of what is released, written in the transaction that writes the reports: neither is without the other."""

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hi_fhir.core.days import LONDON
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.store import subscriptions as store
from hi_fhir.store.criteria import Reader
from hi_fhir.store.successions import ReaderToday, reader_on
from hi_fhir.subscriptions.asked import filter_criteria, kept_filters


def announce(session: Session, reports: Sequence[int], at: datetime) -> None:
    """Give each new version of a report, by the id of its row, a number in each subscription that is to be told.

    One whose filters are understood no longer, as after an upgrade, is in error: it stops no release. One whose
    organisations ended is told of nothing, and is to be ended.
    """
    if not reports:
        return
    day = at.astimezone(LONDON).date()
    alike: dict[object, list[int]] = {}
    readers: dict[Reader, ReaderToday] = {}
    for row in store.live(session):
        owner = store.owner(row)
        if owner not in readers:
            readers[owner] = reader_on(session, owner, day)
        today = readers[owner]
        if today.is_over:
            row.due_at = at
            continue
        key = (owner, filters := kept_filters(orjson.loads(row.content)))
        if key not in alike:
            try:
                with session.begin_nested():
                    alike[key] = store.matching(session, today.reader, filter_criteria(filters), reports)
            except (FhirError, OperationalError) as error:
                if isinstance(error, OperationalError) and error.connection_invalidated:
                    raise
                store.give_up(row, "its filters are not understood any more: send it again.", at)
                continue
        store.add_events(session, row, alike[key], at)

"""Events of what is released, written in the transaction that writes the reports: neither is without the other."""

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from hi_fhir.store import subscriptions as store
from hi_fhir.subscriptions.asked import filter_criteria, kept_filters


def announce(session: Session, reports: Sequence[int], at: datetime) -> None:
    """Give each new version of a report, by the id of its row, a number in each subscription that is to be told."""
    if not reports:
        return
    alike: dict[object, list[int]] = {}
    for row in store.live(session):
        key = (store.owner(row), filters := kept_filters(orjson.loads(row.content)))
        if key not in alike:
            alike[key] = store.matching(session, store.owner(row), filter_criteria(filters), reports)
        store.add_events(session, row, alike[key], at)

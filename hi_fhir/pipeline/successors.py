"""Successors that were published are taken into the store, and what that means for whoever is known here is told."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec

from hi_fhir.cohorts.successors import read_successors
from hi_fhir.core.successions import Successions
from hi_fhir.store import clients, subscriptions
from hi_fhir.store.session import Store
from hi_fhir.store.successions import organisations_here, record_successions
from hi_fhir.subscriptions.rights import over_at


class EndingOrganisation(msgspec.Struct, frozen=True):
    """An organisation that is known here and has successors. ends: the first day without it. heir: who has its reports;
    None: nobody, since it was divided. clients, subscriptions: of it alone, which end with it.
    """

    organisation: str
    ends: date
    followed_by: list[str]
    heir: str | None
    clients: int
    subscriptions: int


class SuccessorsManifest(msgspec.Struct, frozen=True):
    """rows: successions in the files. here: of organisations that are known here."""

    files: list[str]
    rows: int
    here: list[EndingOrganisation]


def import_successors(store: Store, files: Sequence[Path], at: datetime) -> SuccessorsManifest:
    """Have what the files say hold in place of what was imported before.

    Raises:
        TerminologyError: a line cannot be; nothing is imported.
    """
    successions = read_successors(files)
    known = Successions(successions)
    with store.write() as session:
        record_successions(session, successions, at)
        ends = [(code, end) for code in sorted(organisations_here(session)) if (end := known.end(code)) is not None]
        of_clients = [row.organisation for row in clients.clients(session) if row.revoked_at is None]
        of_subscriptions = []
        for row in subscriptions.live(session):
            if (over := over_at(session, row)) is not None:
                row.due_at = over if row.due_at is None else min(row.due_at, over)
                of_subscriptions += row.organisations or []
        here = [
            EndingOrganisation(
                organisation=code,
                ends=end,
                followed_by=list(known.in_place_of(code, date.max)),
                heir=known.heir(code),
                clients=of_clients.count(code),
                subscriptions=of_subscriptions.count(code),
            )
            for code, end in ends
        ]
    return SuccessorsManifest([file.name for file in files], len(successions), here)

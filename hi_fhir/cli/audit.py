"""`hi-fhir audit`: what was refused, and who was shown what of people."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.days import LONDON

_DAY = click.DateTime(["%Y-%m-%d"])
_OUTCOMES = ("refused", "shown", "overflow")


@click.command("audit")
@click.option("--day", type=_DAY, help="Of one day, in London.")
@click.option("--client", "client_id", metavar="ID", help="Of a registered client.")
@click.option("--organisation", metavar="ODS", help="Of all clients of an organisation, and of its subscriptions.")
@click.option("--peer", metavar="ADDRESS", help="Of an address, where no client was known.")
@click.option("--outcome", type=click.Choice(_OUTCOMES), help="What came of it; overflow: more than were kept.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Events to list.")
@options.common_options
def audit_command(
    day: datetime | None,
    client_id: str | None,
    organisation: str | None,
    peer: str | None,
    outcome: str | None,
    limit: int,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """List what the service refused and whom, and who was shown values of people's records; the newest first.

    What happened again and again within a minute is one event, with how often. They are kept for `audit_days`. Exit
    code 0, also where there are none; 2 where an option is wrong.

    \b
    Example:
      hi-fhir audit --day 2026-11-29 --outcome refused
    """
    from hi_fhir.store.audit_events import find_events
    from hi_fhir.store.criteria import AuditCriteria, InstantMatch
    from hi_fhir.store.session import open_store

    def only(value: str | None) -> tuple[tuple[str, ...], ...]:
        return ((value,),) if value is not None else ()

    asked = AuditCriteria(
        times=((InstantMatch("eq", _midnight(day), _midnight(day + timedelta(days=1))),),) if day else (),
        clients=only(client_id),
        organisations=only(organisation),
        peers=only(peer),
        outcomes=only(outcome),
    )
    with open_store(options.read_config(data_dir).store_place).read() as session:
        page = find_events(session, asked, limit, newest_first=True)
    found = [_told(row) for row in page.rows]
    if as_json:
        print_json(found)
        return
    if not found:
        say("No such event is kept.")
        return
    columns = ["at", "times", "outcome", "reason", "who", "organisation", "route", "resource"]
    print_table("Audit events", columns, [[one[name] for name in columns] for one in found])
    if page.is_more:
        say(f"The newest {len(found)} of {page.total}; --limit has more.")


def _midnight(day: datetime) -> datetime:
    return datetime.combine(day.date(), time(), LONDON).astimezone(UTC)


def _told(row: Any) -> dict[str, Any]:
    from hi_fhir.store.audit_events import event_id

    unknown = f"unauthenticated, {row.peer}" if row.peer else None
    return {
        "id": event_id(row.id),
        "at": row.recorded_at.isoformat(timespec="seconds"),
        "last_at": row.last_at.isoformat(timespec="seconds"),
        "times": row.times,
        "outcome": row.outcome,
        "reason": row.reason,
        "who": row.client_id or row.user_name or unknown,
        "organisation": row.organisation,
        "audience": row.audience,
        "route": " ".join(filter(None, (row.method, row.route))) or None,
        "resource": "/".join(filter(None, (row.resource_type, row.resource_id))) or None,
    }

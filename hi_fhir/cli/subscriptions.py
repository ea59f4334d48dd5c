"""`hi-fhir subscriptions`: who is told of what is released, how far each is, and telling one anew."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table


@click.group("subscriptions")
def subscriptions_command() -> None:
    """List who is told of what is released and how far each is, or tell one anew.

    \b
    Example:
      hi-fhir subscriptions list
    """


@subscriptions_command.command("list")
@options.common_options
def list_command(data_dir: Path | None, as_json: bool) -> None:
    """List every subscription: whose it is, its state, how much it has not been told, why, and when it is tried next.

    \b
    Example:
      hi-fhir subscriptions list --json
    """
    from hi_fhir.store import subscriptions as store
    from hi_fhir.store.session import open_store

    with open_store(options.read_config(data_dir).store_place).read() as session:
        found = [_told(row) for row in store.every(session)]
    if as_json:
        print_json(found)
        return
    if not found:
        say("Nobody has subscribed.")
        return
    columns = ["id", "whose", "client id", "host", "status", "events", "not told yet", "last error", "next try"]
    print_table("Subscriptions", columns, [[one[name.replace(" ", "_")] for name in columns] for one in found])


@subscriptions_command.command("replay")
@click.argument("id_", metavar="ID")
@click.option(
    "--from", "first", type=click.IntRange(1), required=True, help="The number of the first event to tell anew."
)
@options.common_options
def replay_command(id_: str, first: int, data_dir: Path | None, as_json: bool) -> None:
    """Have a subscriber told anew of events that it was told of already, from a number on.

    The service does it, at once where it runs. A subscription that is in error or off stays so until its client sends
    it again.

    \b
    Example:
      hi-fhir subscriptions replay 0b0e1a3c-6d2f-4a53-9a0e-0c1d2e3f4a5b --from 12
    """
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.core.errors import NotFoundError, UserError
    from hi_fhir.store import subscriptions as store
    from hi_fhir.store.session import open_store

    with open_store(options.read_config(data_dir).store_place).write() as session:
        row = next((row for row in store.every(session) if row.resource_id == id_), None)
        if row is None:
            raise NotFoundError(f"no subscription is called {id_!r}. hi-fhir subscriptions list has them.")
        if first > row.acknowledged:
            raise UserError(f"it has been told of {row.acknowledged} events so far: give a number up to that.")
        number = row.acknowledged - first + 1
        store.tell_anew(session, row, first, SystemClock().now())
    print_json({"id": id_, "events": number}) if as_json else say(f"{number} events of {id_} are told anew.")


def _told(row: Any) -> dict[str, Any]:
    from hi_fhir.subscriptions.resource import endpoint_host

    organisations = ", ".join(row.organisations) if row.organisations is not None else "all"
    return {
        "id": row.resource_id,
        "whose": f"{organisations} ({row.audience})",
        "client_id": row.client_id,
        "host": endpoint_host(row),
        "status": row.status,
        "events": row.last_number,
        "not_told_yet": row.last_number - row.acknowledged,
        "last_error": row.error,
        "next_try": _instant(row.due_at),
        "failing_since": _instant(row.failing_since),
        "failed_tries": row.tries,
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None

"""`hi-fhir agreements`: what practices agreed to, before their numbers leave them."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import ods_codes
from hi_fhir.core.errors import NotFoundError, UserError

_ABOVE = tuple(str(one) for one in Audience if one is not Audience.PRACTICE)
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group("agreements")
def agreements_command() -> None:
    """Record what practices agreed to, list that, or end an agreement.

    Where the setting `agreements` is `required`, nothing of a practice goes to others without one in force.

    \b
    Example:
      hi-fhir agreements list
    """


@agreements_command.command("add")
@click.option("--organisation", metavar="ODS", required=True, help="The practice whose numbers they are.")
@click.option("--recipient", metavar="ODS", required=True, help="Who has them: a network, a board.")
@click.option("--audience", "audiences", type=click.Choice(_ABOVE), multiple=True, required=True, help="May repeat.")
@click.option("--purpose", required=True, help="What they are used for.")
@click.option("--lawful-basis", required=True, help="Such as: UK GDPR Article 6(1)(e).")
@click.option("--dpia", required=True, help="Reference of the data protection impact assessment.")
@click.option("--start", type=_DAY, required=True, help="The first day, as 2026-04-01.")
@click.option("--end", type=_DAY, help="The last day [none].")
@options.common_options
def add_command(
    organisation: str,
    recipient: str,
    audiences: tuple[str, ...],
    purpose: str,
    lawful_basis: str,
    dpia: str,
    start: datetime,
    end: datetime | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Record an agreement, and print its id.

    \b
    Example:
      hi-fhir agreements add --organisation A99001 --recipient QX1 --audience pcn --audience icb \\
        --purpose "Network Contract DES, health inequalities" --lawful-basis "UK GDPR Article 6(1)(e)" \\
        --dpia DPIA-2026-014 --start 2026-04-01 --end 2027-03-31
    """
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.store import agreements as store
    from hi_fhir.store.session import open_store

    first, last = start.date(), None if end is None else end.date()
    if last is not None and last < first:
        raise UserError("--end is before --start.")
    for name, text in (("--purpose", purpose), ("--lawful-basis", lawful_basis), ("--dpia", dpia)):
        if not text.strip() or not text.isprintable():
            raise UserError(f"{name} is one line of text.")
    [of_practice] = ods_codes("--organisation", [organisation])
    [to] = ods_codes("--recipient", [recipient])
    covered = tuple(Audience(one) for one in dict.fromkeys(audiences))
    new = store.NewAgreement(of_practice, to, covered, purpose, lawful_basis, dpia, first, last)
    config = options.read_config(data_dir)
    with open_store(config.store_place).write() as session:
        id_ = store.add_agreement(session, new, SystemClock().now())
    if as_json:
        print_json({"agreement_id": id_})
        return
    until = "until it is ended" if last is None else f"to {last}"
    say(f"Agreement {id_}: {of_practice} with {to}, {', '.join(covered)} audience, from {first} {until}")


@agreements_command.command("list")
@options.common_options
def list_command(data_dir: Path | None, as_json: bool) -> None:
    """List all agreements, those that are over too.

    \b
    Example:
      hi-fhir agreements list --json
    """
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.core.days import LONDON
    from hi_fhir.store import agreements as store
    from hi_fhir.store.session import open_store

    config = options.read_config(data_dir)
    today = SystemClock().now().astimezone(LONDON).date()
    with open_store(config.store_place).read() as session:
        of_each = groupby(store.agreements(session), key=lambda row: row.agreement_id)
        found = [_told([*rows], today) for _, rows in of_each]
    if as_json:
        print_json(found)
        return
    if not found:
        say("No agreement is recorded.")
    else:
        columns = ["practice", "recipient", "audiences", "in_force", "start", "last_day", "dpia", "agreement_id"]
        print_table("Agreements", columns, [[one[name] for name in columns] for one in found])
    say(f"They are {config.agreements} here (setting agreements).")


@agreements_command.command("end")
@click.argument("agreement_id")
@options.common_options
def end_command(agreement_id: str, data_dir: Path | None, as_json: bool) -> None:
    """End an agreement at once. What was released while it was in force stays released.

    \b
    Example:
      hi-fhir agreements end 0b0e1a3c-6d2f-4a53-9a0e-0c1d2e3f4a5b
    """
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.store import agreements as store
    from hi_fhir.store.session import open_store

    with open_store(options.read_config(data_dir).store_place).write() as session:
        was_there = store.end_agreement(session, agreement_id, SystemClock().now())
    if not was_there:
        raise NotFoundError(f"no agreement {agreement_id!r} is in force. hi-fhir agreements list has them.")
    print_json({"agreement_id": agreement_id, "ended": True}) if as_json else say(f"Agreement {agreement_id} is ended.")


def _told(rows: Sequence[Any], today: date) -> dict[str, Any]:
    """Of one agreement, a row for each audience."""
    from hi_fhir.store import agreements as store

    row = rows[0]
    last = store.last_day(row)
    return {
        "agreement_id": row.agreement_id,
        "practice": row.organisation,
        "recipient": row.recipient,
        "audiences": ", ".join(one.audience for one in rows),
        "purpose": row.purpose,
        "lawful_basis": row.lawful_basis,
        "dpia": row.dpia,
        "start": row.start.isoformat(),
        "last_day": None if last is None else last.isoformat(),
        "in_force": store.in_force(row, today),
    }

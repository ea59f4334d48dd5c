"""`hi-fhir clients`: who may call the service, each for one organisation."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import ods_codes

_EVERYTHING = "system/*.cruds"
_OPERATORS = "system/AuditEvent.rs"


@click.group("clients")
def clients_command() -> None:
    """Register who may call the service, list them, or end what one may do.

    \b
    Example:
      hi-fhir clients list
    """


@clients_command.command("add")
@click.argument("name")
@click.option("--organisation", metavar="ODS", required=True, help="Whose reports it has, with what belonged to it.")
@click.option(
    "--audience",
    type=options.AUDIENCES,
    callback=options.as_audience,
    default="icb",
    show_default=True,
    help="How much is masked in them.",
)
@click.option(
    "--jwks",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with its public keys, as JSON (JWKS).",
)
@click.option("--jwks-url", metavar="URL", help="Or where they are, so that it can change them by itself.")
@click.option("--scope", default=_EVERYTHING, show_default=True, help="The most that it may do, as SMART writes it.")
@click.option(
    "--operator",
    "is_operator",
    is_flag=True,
    help="It is yours: it may have the audit events of all (system/AuditEvent.rs), beside what its scope says.",
)
@options.common_options
def add_command(
    name: str,
    organisation: str,
    audience: Audience,
    jwks: Path | None,
    jwks_url: str | None,
    scope: str,
    is_operator: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Register a client by its public keys, and print the id that it signs with. Its private key stays its own.

    \b
    Example:
      hi-fhir clients add "QX1 data platform" --organisation QX1 --jwks platform.jwks.json
    """
    from uuid import uuid4

    from hi_fhir.access.keys import read_keys
    from hi_fhir.access.scopes import Scopes
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.core.days import LONDON
    from hi_fhir.core.errors import UserError
    from hi_fhir.fhir.guard import Guard
    from hi_fhir.store import clients as store
    from hi_fhir.store.criteria import Reader
    from hi_fhir.store.session import open_store
    from hi_fhir.store.successions import reader_on

    config = options.read_config(data_dir)
    if (jwks is None) == (jwks_url is None):
        raise UserError("give its public keys as --jwks FILE, or say where they are with --jwks-url.")
    keys = None
    if jwks is not None:
        try:
            keys = jwks.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{jwks} cannot be read.") from error
        read_keys(keys)
    else:
        Guard(plain_http=config.callback_http).check_url(str(jwks_url))
    scopes = Scopes.read(f"{scope} {_OPERATORS}" if is_operator else scope)
    if not scopes:
        raise UserError(f"--scope {scope!r} is nothing that the service offers. An example: system/MeasureReport.rs.")
    if scopes.has_patients() and audience is not Audience.PRACTICE:
        raise UserError("system/Patient is for a practice's own client: add --audience practice, or leave it out.")
    if scopes.has_operators() and not is_operator:
        raise UserError(f"--scope: {_OPERATORS} is for clients of your own. Add --operator, or leave it out.")
    [code] = ods_codes("--organisation", [organisation])
    new = store.NewClient(str(uuid4()), name, audience, code, str(scopes), keys, jwks_url)
    at = SystemClock().now()
    with open_store(config.store_place).write() as session:
        if ended := reader_on(session, Reader(audience, {code}), at.astimezone(LONDON).date()).ended:
            raise UserError(f"--organisation: {ended[0]}. Register a client of whoever follows.")
        store.add_client(session, new, at)
    if as_json:
        print_json({"client_id": new.id, "scopes": new.scopes})
        return
    say(f"Client {new.id}: {name}, for {code} ({audience} audience)")
    say(f"It may be given: {new.scopes}")


@clients_command.command("list")
@options.common_options
def list_command(data_dir: Path | None, as_json: bool) -> None:
    """List all clients, those whose right has ended too, and when those end whose organisation does.

    \b
    Example:
      hi-fhir clients list --json
    """
    from hi_fhir.store import clients as store
    from hi_fhir.store.session import open_store
    from hi_fhir.store.successions import successions_of

    with open_store(options.read_config(data_dir).store_place).read() as session:
        rows = store.clients(session)
        known = successions_of(session, {row.organisation for row in rows})
        found = [_told(row, known.end(row.organisation)) for row in rows]
    if as_json:
        print_json(found)
        return
    if not found:
        say("No client is registered.")
        return
    columns = ["client_id", "name", "organisation", "audience", "keys", "scopes", "registered", "revoked", "ends"]
    print_table("Clients", columns, [[one[name] for name in columns] for one in found])


@clients_command.command("revoke")
@click.argument("client_id")
@options.common_options
def revoke_command(client_id: str, data_dir: Path | None, as_json: bool) -> None:
    """End what a client may do, at once: its tokens too.

    \b
    Example:
      hi-fhir clients revoke 0b0e1a3c-6d2f-4a53-9a0e-0c1d2e3f4a5b
    """
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.core.errors import NotFoundError
    from hi_fhir.store import clients as store
    from hi_fhir.store.session import open_store

    with open_store(options.read_config(data_dir).store_place).write() as session:
        was_there = store.revoke_client(session, client_id, SystemClock().now())
    if not was_there:
        raise NotFoundError(f"no client is called {client_id!r}. hi-fhir clients list has them.")
    print_json({"client_id": client_id, "revoked": True}) if as_json else say(f"Client {client_id} has no right more.")


def _told(row: Any, end: date | None) -> dict[str, Any]:
    """ends: the first day on which its organisation is no more, and it reads nothing."""
    return {
        "client_id": row.client_id,
        "name": row.name,
        "organisation": row.organisation,
        "audience": row.audience,
        "keys": row.jwks_url or "given",
        "scopes": row.scopes,
        "registered": row.recorded_at.isoformat(timespec="seconds"),
        "revoked": row.revoked_at.isoformat(timespec="seconds") if row.revoked_at else None,
        "ends": None if end is None else end.isoformat(),
    }

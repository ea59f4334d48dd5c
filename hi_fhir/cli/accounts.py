"""`hi-fhir accounts`: who may look at pages, each for one organisation."""

import sys
from pathlib import Path
from typing import Any

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.config import ods_codes
from hi_fhir.core.roles import Role

_from_option = click.option(
    "--from",
    "file",
    metavar="FILE",
    help="Where its first line is the password; - for stdin. Without it, it is asked for.",
)


@click.group("accounts")
def accounts_command() -> None:
    """Let people look at pages, list them, set a password anew, or end what one may see.

    \b
    Example:
      hi-fhir accounts list
    """


@accounts_command.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What for.")
@click.option("--organisation", metavar="ODS", help="Whose numbers: of a practice, network or board.")
@_from_option
@options.common_options
def add_command(
    name: str, role: str, organisation: str | None, file: str | None, data_dir: Path | None, as_json: bool
) -> None:
    """Give somebody an account, with a name and a password to log in by.

    A practice sees its own exact numbers; a network and a board what is released to them. An operator sees what anybody
    may, and goes without an organisation.

    \b
    Example:
      hi-fhir accounts add ann.smith --role pcn --organisation U99001
    """
    from hi_fhir.access.log_ins import account_name
    from hi_fhir.access.passwords import hashed
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.core.errors import UserError
    from hi_fhir.store import accounts as store
    from hi_fhir.store.session import open_store

    config, id_, as_role = options.read_config(data_dir), account_name(name), Role(role)
    if as_role.has_organisation != bool(organisation):
        raise UserError("--organisation ODS goes with the roles practice, pcn and icb, and with no other.")
    code = ods_codes("--organisation", [organisation])[0] if organisation else None
    new = store.NewAccount(id_, id_, as_role, code, hashed(_new_password(file, id_)))
    with open_store(config.store_place).write() as session:
        if store.account(session, id_) is not None:
            raise UserError(f"an account {id_!r} is there, or was. Take another name.")
        store.add_account(session, new, SystemClock().now())
    if as_json:
        print_json({"account_id": id_, "role": as_role, "organisation": code})
        return
    say(f"Account {id_}: {as_role}{f' {code}' if code else ''}")


@accounts_command.command("list")
@options.common_options
def list_command(data_dir: Path | None, as_json: bool) -> None:
    """List all accounts, those whose right has ended too.

    \b
    Example:
      hi-fhir accounts list --json
    """
    from hi_fhir.store import accounts as store
    from hi_fhir.store.session import open_store

    with open_store(options.read_config(data_dir).store_place).read() as session:
        found = [_told(row) for row in store.accounts(session)]
    if as_json:
        print_json(found)
        return
    if not found:
        say("Nobody has an account.")
        return
    columns = ["account_id", "name", "role", "organisation", "logs_in_by", "registered", "revoked"]
    print_table("Accounts", columns, [[one[name] or "" for name in columns] for one in found])


@accounts_command.command("revoke")
@click.argument("account_id")
@options.common_options
def revoke_command(account_id: str, data_dir: Path | None, as_json: bool) -> None:
    """End what an account may see, at once: whoever is logged in by it has no page more.

    \b
    Example:
      hi-fhir accounts revoke ann.smith
    """
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.store import accounts as store
    from hi_fhir.store.session import open_store

    with open_store(options.read_config(data_dir).store_place).write() as session:
        store.revoke_account(session, _there(session, account_id), SystemClock().now())
    told = {"account_id": account_id, "revoked": True}
    print_json(told) if as_json else say(f"Account {account_id} has no right more.")


@accounts_command.command("password")
@click.argument("account_id")
@_from_option
@options.common_options
def password_command(account_id: str, file: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Set the password of an account anew. Whoever is logged in by it is logged out.

    \b
    Example:
      hi-fhir accounts password ann.smith
    """
    from hi_fhir.access.passwords import hashed
    from hi_fhir.core.errors import UserError
    from hi_fhir.store import accounts as store
    from hi_fhir.store.session import open_store

    opened = open_store(options.read_config(data_dir).store_place)
    with opened.read() as session:
        if _there(session, account_id).issuer is not None:
            raise UserError(f"account {account_id!r} has no password here: its provider says who it is.")
    kept = hashed(_new_password(file, account_id))
    with opened.write() as session:
        row = _there(session, account_id)
        row.password = kept
        store.end_visits(session, row)
        store.forget_failures(session, f"name {account_id}")
    told = {"account_id": account_id, "changed": True}
    print_json(told) if as_json else say(f"Account {account_id} has another password.")


def _there(session: Any, id_: str) -> Any:
    """The row of an account that is not revoked."""
    from hi_fhir.core.errors import NotFoundError
    from hi_fhir.store import accounts as store

    row = store.account(session, id_)
    if row is None or row.revoked_at is not None:
        raise NotFoundError(f"no account is called {id_!r}. hi-fhir accounts list has them.")
    return row


def _new_password(file: str | None, name: str) -> str:
    """Asked for twice, or the first line of a file: never an argument, which others can read."""
    from hi_fhir.access.passwords import check_password
    from hi_fhir.core.errors import UserError

    if file is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{file} cannot be read.") from error
        password = text.partition("\n")[0].rstrip("\r")
    check_password(password, name)
    return str(password)


def _told(row: Any) -> dict[str, Any]:
    return {
        "account_id": row.account_id,
        "name": row.name,
        "role": row.role,
        "organisation": row.organisation,
        "logs_in_by": row.issuer or "password",
        "registered": row.recorded_at.isoformat(timespec="seconds"),
        "revoked": row.revoked_at.isoformat(timespec="seconds") if row.revoked_at else None,
    }

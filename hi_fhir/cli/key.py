"""`hi-fhir key`: the key behind every person's id in the tables, which lies outside the data folder."""

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json


@click.group("key")
def key_command() -> None:
    """Show which identity key is in use, or put a new one in its place.

    \b
    Example:
      hi-fhir key show
    """


@key_command.command("show")
@options.json_option
def show_command(as_json: bool) -> None:
    """Tell where the key is and its key id, which tells two keys apart and gives nothing away.

    \b
    Example:
      hi-fhir key show --json
    """
    from hi_fhir.tables.identity import load_key

    path = options.read_config().key_file
    found = {"file": str(path), "key_id": load_key(path).key_id}
    print_json(found) if as_json else say(f"{found['file']}: key id {found['key_id']}")


@key_command.command("rotate")
@options.json_option
def rotate_command(as_json: bool) -> None:
    """Put a new key in place; the old one stays beside it under its key id. Every source must then be pulled anew.

    \b
    Example:
      hi-fhir key rotate
    """
    from hi_fhir.tables.identity import load_key, rotate_key

    path = options.read_config().key_file
    old = load_key(path).key_id
    found = {"file": str(path), "old_key_id": old, "key_id": rotate_key(path).key_id}
    if as_json:
        print_json(found)
        return
    say(f"New key {found['key_id']} in {path}; the old one is {path.name}.{old} beside it.")
    say("Tables made with the old key cannot be evaluated together with new ones: run every source again.")

"""`hi-fhir quarantine`: what was refused, where it stood and why. Raw bytes are shown only when asked for."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pyarrow.dataset as ds

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.config import Config

_COLUMNS = ("chunk", "line", "kind", "path", "reason")


@click.command("quarantine")
@click.option("--source", "name", default="main", show_default=True, help="The source's id.")
@click.option("--type", "resource_type", metavar="TYPE", help="One resource type only, such as Observation.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Records to list.")
@click.option("--raw", is_flag=True, help="Show the bytes too: patient data, for the practice's own eyes.")
@options.common_options
def quarantine_command(
    name: str, resource_type: str | None, limit: int, raw: bool, data_dir: Path | None, as_json: bool
) -> None:
    """List the records that the newest snapshot of a source could not take.

    That somebody was shown their bytes is kept before they are: hi-fhir audit.

    \b
    Example:
      hi-fhir quarantine --source elm --type Observation
    """
    from hi_fhir.pipeline import history

    config = options.read_config(data_dir)
    folder = history.latest_snapshot(config.data_dir, name) / "quarantine"
    if raw:
        _note_access(config, name)
    files = sorted(folder.glob(f"{resource_type or '*'}.parquet"))
    records: list[dict[str, Any]] = []
    for file in files:
        for row in ds.dataset(file).head(limit - len(records)).to_pylist():
            shown = {"type": file.stem, **{column: row[column] for column in _COLUMNS}}
            if raw:
                shown["raw"] = row["raw"].decode("utf-8", errors="replace")
            records.append(shown)
    if as_json:
        print_json(records)
        return
    if not records:
        say("Nothing is in quarantine.")
        return
    columns = list(records[0])
    print_table("", columns, [[record[column] for column in columns] for record in records])


def _note_access(config: Config, source: str) -> None:
    """Keep who is shown patient data, before it is shown."""
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.store.audit_events import AuditNote, AuditOutcome, AuditReason, local_user, record_at_once
    from hi_fhir.store.session import open_store

    note = AuditNote(
        AuditOutcome.SHOWN,
        AuditReason.PERSON_LEVEL,
        user_name=local_user(),
        route=f"hi-fhir quarantine --raw --source {source}",
    )
    with closing(open_store(config.store_place)) as store, store.write() as session:
        record_at_once(session, note, SystemClock().now(), timedelta(days=config.audit_days))

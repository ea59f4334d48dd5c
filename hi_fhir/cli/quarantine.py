"""`hi-fhir quarantine`: what was refused, where it stood and why. Raw bytes are shown only when asked for."""

from pathlib import Path
from typing import Any

import click
import pyarrow.dataset as ds

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table

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

    \b
    Example:
      hi-fhir quarantine --source elm --type Observation
    """
    from hi_fhir.pipeline import history

    config = options.read_config(data_dir)
    folder = history.latest_snapshot(config.data_dir, name) / "quarantine"
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

"""`hi-fhir status`: the runs in the data folder, whether their records reconcile, and what was published where."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hi_fhir.cli import options
from hi_fhir.cli.output import print_json, print_reconciliation, print_table

if TYPE_CHECKING:
    from hi_fhir.core.config import Config
    from hi_fhir.store.ledger import DeliveryCount


@click.command("status")
@click.option("--run", "name", metavar="ID", help="One run in full; the newest is shown in full by default.")
@options.common_options
def status_command(name: str | None, data_dir: Path | None, as_json: bool) -> None:
    """List runs, show a run's reconciliation, and what every server was sent.

    \b
    Example:
      hi-fhir status --json
    """
    from hi_fhir.core.errors import NotFoundError
    from hi_fhir.pipeline import history

    config = options.read_config(data_dir)
    runs = history.runs(config.data_dir)
    chosen = [run for run in runs if name in (None, run["run"])]
    if name is not None and not chosen:
        raise NotFoundError(f"no run is called {name!r}. hi-fhir status lists them.")
    deliveries = _deliveries(config)
    if as_json:
        print_json({"runs": chosen, "deliveries": [one._asdict() for one in deliveries]})
        return
    rows = [
        [
            run["run"],
            "done" if run["result"] else "unfinished",
            "..".join(run["plan"]["arguments"]["period"]),
            run["plan"]["arguments"]["audience"] or "practice",
            len(run["result"]["reports"]) if run["result"] else None,
            (run["result"] or {}).get("published") and run["result"]["published"]["target"],
        ]
        for run in runs
    ]
    print_table("Runs", ["run", "state", "period", "audience", "reports", "published to"], rows)
    done = [run for run in chosen if run["result"]]
    if done:
        click.echo("")
        print_reconciliation(done[-1]["result"]["reconciliation"])
    if deliveries:
        click.echo("")
        print_table("Published", ["to", "audience", "last try", "reports"], deliveries)


def _deliveries(config: "Config") -> "list[DeliveryCount]":
    """From the store where there is one: looking makes none."""
    from hi_fhir.store.ledger import delivery_counts
    from hi_fhir.store.session import open_store

    if not config.store_file.exists():
        return []
    with open_store(config.store_url).read() as session:
        return delivery_counts(session)

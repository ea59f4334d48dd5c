"""`hi-fhir status`: the runs in the data folder, whether their records reconcile, and what was published where."""

from pathlib import Path

import click

from hi_fhir.cli import options
from hi_fhir.cli.output import print_json, print_reconciliation, print_table


@click.command("status")
@click.option("--run", "name", metavar="ID", help="One run in full; the newest is shown in full by default.")
@options.common_options
def status_command(name: str | None, data_dir: Path | None, as_json: bool) -> None:
    """List runs; show a run's reconciliation and deliveries.

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
    if as_json:
        print_json(chosen)
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

"""`hi-fhir status`: the runs in the data folder, whether their records reconcile, and what was published where."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_reconciliation, print_table
from hi_fhir.cli.people import print_classes, print_foreign_codes, print_other_servers, print_people, print_quality
from hi_fhir.cohorts.list_files import ALL
from hi_fhir.cohorts.lists import AGREES, APART, NOT_LISTED, ListComparison
from hi_fhir.core.audiences import Audience


@click.command("status")
@click.option("--run", "name", metavar="ID", help="One run in full; the newest is shown in full by default.")
@options.common_options
def status_command(name: str | None, data_dir: Path | None, as_json: bool) -> None:
    """List runs and evaluations, show a run's reconciliation, and what every server was sent.

    A run is done, unfinished or interrupted (the same command goes on with it) or stopped (the same command starts a
    new one).

    \b
    Example:
      hi-fhir status --json
    """
    from hi_fhir.core.errors import NotFoundError
    from hi_fhir.pipeline import history
    from hi_fhir.store.delivery_counts import delivery_counts

    config = options.read_config(data_dir)
    runs = history.runs(config.data_dir)
    chosen = [run for run in runs if name in (None, run["run"])]
    if name is not None and not chosen:
        raise NotFoundError(f"no run is called {name!r}. hi-fhir status lists them.")
    for run in chosen:
        run["reconciliation"] = history.reconciliation_of(config.data_dir, run)
    evaluations, deliveries = history.evaluations(config.data_dir), delivery_counts(config.store_place)
    if as_json:
        told = [_evaluation(manifest) for manifest in evaluations]
        print_json({"runs": chosen, "evaluations": told, "deliveries": [one._asdict() for one in deliveries]})
        return
    columns = ["run", "state", "period", "audience", "reports", "published to"]
    print_table("Runs", columns, [_row(run) for run in runs])
    if chosen and chosen[-1]["reconciliation"]:
        say(f"\nRun {chosen[-1]['run']}")
        print_reconciliation(chosen[-1]["reconciliation"])
    if chosen and chosen[-1]["state"] == history.RunState.DONE:
        say("")
        _print_counts(config.data_dir / "runs" / chosen[-1]["run"])
    if evaluations:
        say("")
        _print_evaluations(evaluations)
    if evaluations and evaluations[-1].get("lists"):
        say("")
        _print_lists(msgspec.convert(evaluations[-1]["lists"], ListComparison))
    if deliveries:
        say("")
        print_table("Published", ["to", "audience", "last try", "reports"], deliveries)


def _print_counts(folder: Path) -> None:
    """The counts of people and records of a run that is done; a word where another version of hi_fhir counted them."""
    from hi_fhir.core.errors import ManifestError
    from hi_fhir.pipeline.run_folder import read_run

    try:
        done = read_run(folder)
    except ManifestError as error:
        say(f"Its counts cannot be shown. {error}")
        return
    print_people(msgspec.to_builtins(done.people), in_full=True)
    print_quality(done.dated_by, done.dropped_readings, done.negated, done.misdated)
    print_classes(done.classes)
    print_other_servers(done.other_servers)
    print_foreign_codes(done.foreign_codes)
    for note in done.notes:
        say(f"Note: {note}")


def _row(run: dict[str, Any]) -> list[Any]:
    arguments, result = run["plan"]["arguments"], run["result"] or {}
    return [
        run["run"],
        f"{run['state']} ({result['kind']})" if "kind" in result else run["state"],
        "..".join(arguments["period"]),
        arguments["audience"] or Audience.PRACTICE,
        len(result["reports"]) if "reports" in result else None,
        (result.get("published") or {}).get("target"),
    ]


def _evaluation(manifest: dict[str, Any]) -> dict[str, Any]:
    """What tells one evaluation from another."""
    return {
        "evaluation": manifest["id"],
        "period": [manifest["period"]["start"], manifest["period"]["end"]],
        "as_of": manifest["as_of"],
        "data_date": manifest["data_date"],
        "sources": [snapshot["source_id"] for snapshot in manifest["snapshots"]],
        "measures": [measure["id"] for measure in manifest["measures"]],
        "lists": manifest.get("lists"),
    }


def _print_evaluations(manifests: Sequence[dict[str, Any]]) -> None:
    rows = [
        [
            told["evaluation"],
            "..".join(told["period"]),
            told["as_of"],
            told["data_date"],
            ", ".join(told["sources"]),
            len(told["measures"]),
        ]
        for told in map(_evaluation, manifests)
    ]
    print_table("Evaluations", ["evaluation", "period", "reference date", "extract date", "sources", "measures"], rows)


def _print_lists(compared: ListComparison) -> None:
    """The lists of the newest evaluation beside the published ones: exact, for whoever runs hi_fhir alone."""
    if compared.day is None:
        say("No imported list of registered patients is of a day near the reference date: none is compared.")
        return
    rows: list[list[Any]] = []
    for group in compared.groups:
        if group.is_apart or group.name == ALL:
            by = f"{group.here / group.published - 1:+.1%}" if group.published else None
            rows.append(
                [group.practice, group.name, group.here, group.published, by, APART if group.is_apart else AGREES]
            )
    rows += [[practice, ALL, None, None, None, NOT_LISTED] for practice in compared.unlisted]
    columns = ["practice", "group", "here", "published", "difference", "state"]
    print_table(f"Registered people beside the lists of {compared.day}, where over 2 % apart", columns, rows)

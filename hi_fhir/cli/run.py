"""`hi-fhir run`: the main job, from a FHIR server to reports on another."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from hi_fhir.cli import options
from hi_fhir.cli.absence import print_absent
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_reconciliation
from hi_fhir.cli.people import print_other_servers, print_people
from hi_fhir.cli.progress import run_context
from hi_fhir.core.audiences import Audience
from hi_fhir.core.days import Period

if TYPE_CHECKING:  # the engines take a second to import
    from hi_fhir.pipeline.run_folder import RunManifest


@click.command("run")
@options.sources_option
@options.period_option
@options.as_of_option
@options.data_date_option
@options.measures_option
@options.audience_option
@options.publish_option
@options.overlay_option
@options.workers_option
@options.keep_raw_option
@options.common_options
@click.pass_context
def run_command(
    context: click.Context,
    sources: tuple[str, ...],
    period: Period,
    as_of: date | None,
    data_date: date | None,
    measure_ids: str | None,
    audience: Audience | None,
    publish_url: str | None,
    overlays: tuple[Path, ...],
    workers: int | None,
    keep_raw: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Pull, flatten, evaluate, report and publish. The same arguments continue a run that was interrupted.

    \b
    Examples:
      hi-fhir run --source http://127.0.0.1:8080/fhir --period 2024-04-01..2025-03-31
      hi-fhir run --source elm=https://elm.example/fhir --source oak=export/oak \\
          --period 2024-04-01..2025-03-31 --audience icb --publish https://icb.example/fhir
    """
    from hi_fhir.pipeline.run import RunRequest, run

    config = options.read_config(data_dir, overlays, workers)
    request = RunRequest(
        sources=options.read_sources(config, sources),
        period=period,
        as_of=as_of,
        data_date=data_date,
        measures=options.read_measure_ids(measure_ids),
        audience=audience,
        publish_url=publish_url,
        keep_raw=keep_raw,
    )
    with run_context(config) as work:
        manifest = run(work, request)
    if as_json:
        print_json(msgspec.to_builtins(manifest))
    else:
        _print(manifest, config.data_dir)
    if manifest.absent and config.strict_absence:
        context.exit(4)


def _print(manifest: "RunManifest", data_dir: Path) -> None:
    print_reconciliation(manifest.reconciliation)
    say("")
    print_people(msgspec.to_builtins(manifest.people), in_full=False)
    print_other_servers(manifest.other_servers)
    for note in manifest.notes:
        say(f"Note: {note}")
    folder = data_dir / "runs" / manifest.run / "reports"
    say(f"\nRun {manifest.run}: {len(manifest.reports)} reports for the {manifest.audience} audience in {folder}")
    print_absent(msgspec.to_builtins(manifest.absent))

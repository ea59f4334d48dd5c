"""The steps of a run, each alone: pull, flatten, evaluate, report, publish."""

from datetime import date
from pathlib import Path

import click
import msgspec

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_reconciliation, print_table
from hi_fhir.cli.people import print_people
from hi_fhir.cli.progress import run_context
from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import UserError
from hi_fhir.core.source_settings import SourceSettings

_named_sources_option = click.option(
    "--source",
    "names",
    multiple=True,
    metavar="NAME",
    help="A source's id (may repeat); all that there are by default.",
)
_evaluation_option = click.option("--evaluation", metavar="ID", help="An evaluation's id; the newest by default.")


@click.command("pull")
@options.sources_option
@options.data_date_option
@options.measures_option
@options.overlay_option
@options.common_options
def pull_command(
    sources: tuple[str, ...],
    data_date: date | None,
    measure_ids: str | None,
    overlays: tuple[Path, ...],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Fetch what the measures need from each source and land it as it came.

    \b
    Example:
      hi-fhir pull --source elm=http://127.0.0.1:8080/fhir --measures ethnicity-recorded
    """
    from hi_fhir.measures import registry
    from hi_fhir.pipeline import history
    from hi_fhir.pipeline.evaluation_job import scope_of
    from hi_fhir.pipeline.pull import pull
    from hi_fhir.terminology.catalogue import load

    config = options.read_config(data_dir, overlays)
    scope = scope_of(
        config, registry.load(options.read_measure_ids(measure_ids), config.overlays), load(config.overlays)
    )
    manifests = []
    with run_context(config) as work:
        for source in options.read_sources(config, sources):
            unfinished = history.unfinished_sequence(config.data_dir, source.name)
            sequence = unfinished or history.next_sequence(config.data_dir, source.name)
            manifests.append(pull(work, source, scope, data_date, sequence))
    if as_json:
        print_json([msgspec.to_builtins(manifest) for manifest in manifests])
        return
    rows = [
        [manifest.source_id, manifest.id, kind, counts["received"]]
        for manifest in manifests
        for kind, counts in sorted(msgspec.to_builtins(manifest.counts).items())
    ]
    print_table("Pulled", ["source", "pull", "type", "received"], rows)
    for manifest in manifests:
        for note in manifest.notes:
            say(f"Note: {manifest.source_id}: {note}")


@click.command("flatten")
@_named_sources_option
@options.workers_option
@options.common_options
def flatten_command(names: tuple[str, ...], workers: int | None, data_dir: Path | None, as_json: bool) -> None:
    """Turn the newest pull of each source into tables; bad records go to quarantine.

    \b
    Example:
      hi-fhir flatten --source elm
    """
    from hi_fhir.pipeline import history
    from hi_fhir.pipeline.flatten import flatten

    config = options.read_config(data_dir, workers=workers)
    manifests = []
    with run_context(config) as work:
        for name in _names(config, names):
            source = config.sources.get(name, SourceSettings(name=name, address=""))
            manifests.append(flatten(work, source, history.latest_pull(config.data_dir, name)))
    if as_json:
        print_json([msgspec.to_builtins(manifest) for manifest in manifests])
        return
    print_reconciliation({manifest.source_id: msgspec.to_builtins(manifest.reconciliation) for manifest in manifests})


@click.command("evaluate")
@_named_sources_option
@options.period_option
@options.as_of_option
@options.measures_option
@options.overlay_option
@options.workers_option
@options.common_options
def evaluate_command(
    names: tuple[str, ...],
    period: Period,
    as_of: date | None,
    measure_ids: str | None,
    overlays: tuple[Path, ...],
    workers: int | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Count every measure by every stratum, from the newest snapshot of each source.

    \b
    Example:
      hi-fhir evaluate --period 2024-04-01..2025-03-31 --reference-date 2024-12-31
    """
    from hi_fhir.measures import registry
    from hi_fhir.pipeline import history
    from hi_fhir.pipeline.evaluate import evaluate
    from hi_fhir.terminology.catalogue import load

    config = options.read_config(data_dir, overlays, workers)
    snapshots = tuple(history.latest_snapshot(config.data_dir, name) for name in _names(config, names))
    measures = registry.load(options.read_measure_ids(measure_ids), config.overlays)
    with run_context(config) as work:
        manifest = evaluate(work, snapshots, measures, period, as_of, load(config.overlays))
    if as_json:
        print_json(msgspec.to_builtins(manifest))
        return
    rows = [[measure.id, measure.version, measure.state] for measure in manifest.measures]
    print_table(f"Evaluation {manifest.id}", ["measure", "version", "code lists"], rows)
    say("")
    print_people(msgspec.to_builtins(manifest.people), in_full=True)


@click.command("report")
@_evaluation_option
@options.audience_option
@options.overlay_option
@options.common_options
def report_command(
    evaluation: str | None, audience: Audience | None, overlays: tuple[Path, ...], data_dir: Path | None, as_json: bool
) -> None:
    """Release an evaluation's counts to an audience as MeasureReports; needs no new evaluation.

    They lie under reports/ of the newest run of that evaluation; one made step by step gets a run of its own. A release
    above the practice is attacked first, beside all that is out of its day: where a small count can be worked out with
    it, nothing of it is kept (exit code 4).

    \b
    Example:
      hi-fhir report --audience icb
    """
    from hi_fhir.pipeline import history
    from hi_fhir.pipeline.release import release_evaluation

    config = options.read_config(data_dir, overlays)
    folder = history.find_evaluation(config.data_dir, evaluation)
    with run_context(config) as work:
        released = release_evaluation(work, folder, audience or Audience.PRACTICE, None)
    if as_json:
        print_json(msgspec.to_builtins(released.reports))
        return
    made = released.reports
    say(f"{len(made.paths)} reports for the {made.audience} audience in {released.folder / 'reports'}")


@click.command("publish")
@_evaluation_option
@click.option("--publish", "publish_url", metavar="URL", required=True, help="FHIR base to publish the reports to.")
@click.option("--again", is_flag=True, help="Send all of them, without asking the server what it has.")
@options.audience_option
@options.overlay_option
@options.common_options
def publish_command(
    evaluation: str | None,
    publish_url: str,
    again: bool,
    audience: Audience | None,
    overlays: tuple[Path, ...],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Send an evaluation's reports for an audience to a FHIR server, but for those that it says it has unchanged.

    \b
    Example:
      hi-fhir publish --audience icb --publish http://127.0.0.1:8081/fhir
    """
    from hi_fhir.pipeline import history
    from hi_fhir.pipeline.release import release_evaluation

    if audience is None:
        raise UserError("publishing needs to know who it is for. Add --audience practice, pcn, icb or public.")
    config = options.read_config(data_dir, overlays)
    folder = history.find_evaluation(config.data_dir, evaluation)
    with run_context(config) as work:
        released = release_evaluation(work, folder, audience, publish_url, again=again)
    if as_json:
        print_json(msgspec.to_builtins(released.sent))
    elif sent := released.sent:
        say(f"{sent.target}: {sent.sent} reports sent, {sent.unchanged} there unchanged")
        if sent.restored:
            say(f"{sent.restored} of those sent had been gone there, or changed by others")
        if sent.known_before:
            say(f"Warning: {sent.known_before} small counts could be worked out of earlier reports already.")


def _names(config: Config, names: tuple[str, ...]) -> tuple[str, ...]:
    from hi_fhir.pipeline import history

    found = names or history.known_sources(config.data_dir)
    if not found:
        raise UserError(f"the data folder {config.data_dir} holds no source yet. Run: hi-fhir pull --source ...")
    return tuple(found)

"""`hi-fhir demo`: the main job on synthetic people, from one FHIR server to another, on this machine alone."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_reconciliation, print_table
from hi_fhir.cli.progress import run_context

if TYPE_CHECKING:  # the engines take a second to import
    from hi_fhir.demonstration.main_job import Demonstration


@click.command("demo")
@click.option("--people", "count", type=click.IntRange(100), default=1000, show_default=True, help="How many people.")
@click.option(
    "--periods",
    type=click.IntRange(1, 4),
    default=4,
    show_default=True,
    help="How many years to the end of a quarter, the last ones; each takes its time.",
)
@options.measures_option
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same people.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-data"),
    show_default=True,
    help="Where the demo keeps its data, its key and what goes with its people.",
)
@options.json_option
@click.pass_context
def demo_command(
    context: click.Context, count: int, periods: int, measure_ids: str | None, seed: int, folder: Path, as_json: bool
) -> None:
    """Take synthetic people from a FHIR server to published MeasureReports, and check every count on the way.

    Starts a sandbox server, a second, empty one to publish to, the service, and a subscriber that the service tells of
    each report; all of them answer on loopback only and end with the demo. What is pulled once is reported period by
    period. Then one record is corrected, and the job is done again for the latest. Your own settings play no part.

    \b
    Example:
      hi-fhir demo --people 2000 --periods 2 --measures blood-pressure-recorded
    """
    from hi_fhir.core.config import Config
    from hi_fhir.demonstration.main_job import demonstrate

    beside = folder / "sandbox"
    config = Config(data_dir=folder / "data", key_file=folder / "identity.key", overlays=(beside / "overlay",))
    with run_context(config) as work:
        found = demonstrate(work, beside, count, seed, periods, options.read_measure_ids(measure_ids))
    if as_json:
        print_json({**asdict(found), "run": msgspec.to_builtins(found.run)})
    else:
        _print(found, config.data_dir)
    if not found.is_sound:
        context.exit(1)


def _print(found: "Demonstration", data_dir: Path) -> None:
    say("")
    print_reconciliation(found.run.reconciliation)
    say("")
    *_, latest = found.periods
    say(f"{found.title}: {found.reporter} by ethnic group, {latest}, as the second server has it")
    rows = [[one.name, one.denominator, one.numerator, one.score] for one in found.shown]
    print_table("", ["ethnic group", "people", "recorded", "share"], rows)
    agree = "agree" if not found.differing else f"were compared, and {found.differing:,} DIFFER,"
    say(f"""
{found.registered:,} of {found.people:,} people are registered. In a report for an ICB counts of 1 to 7 are masked,
and others where these could be worked out from them; the rest is rounded to 5. No share is given that tells one.
The second server says that it has {found.target_reports:,} MeasureReports: of practices, PCNs and an ICB, one a measure
and period ({len(found.periods)} {"periods" if len(found.periods) > 1 else "period"}).
All {found.cells:,} counts behind them {agree} with the sandbox's own, worked out before any FHIR was written.
Code lists that are not public are the sandbox's own here, and these measures labelled as a demonstration:
  {", ".join(found.demonstrated)}
Differences between groups, practices and periods were made up with the people.

{_told(found)}

Pages    hi-fhir serve --data-dir {data_dir}    (here: make serve), then open
         http://127.0.0.1:8765/areas/{found.board_code}    where the widest gaps of {found.board} are
         http://127.0.0.1:8765/areas/{found.board_code}/measures/{found.measure}    over time, and practice by practice
FHIR     http://127.0.0.1:8765/fhir/MeasureReport?_count=5    from the same service
Reports  {data_dir / "runs" / found.run.run / "reports"}
Status   hi-fhir status --data-dir {data_dir}    what ran, and what was published where""")


def _told(found: "Demonstration") -> str:
    first, again, correction = found.first, found.again, found.correction
    lines = [
        f"{found.board}'s platform, a process with a key of its own, subscribed. It was told",
        f"of {first.events:,} reports as they were released, and had all {first.held:,} that the board may see"
        f"{_differing(first.differing)}.",
    ]
    if correction is not None:
        lines += [
            f"Then one record was corrected, a blood pressure of {correction.was:g} mmHg to {correction.is_now:g},",
            f"and the job done again for the latest period: {found.changed} reports changed, in what they say of "
            "readings left out,",
            f"and were sent. The platform was told of {again.events}, those of its board{_differing(again.differing)}.",
        ]
    return "\n".join(lines)


def _differing(number: int) -> str:
    return f", but {number:,} of them DIFFER" if number else ""

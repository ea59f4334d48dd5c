"""`hi-fhir statistics`: released counts with their intervals, gaps, slopes and changes, to read or to take away."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.audiences import Audience
from hi_fhir.core.files import commit_bytes

if TYPE_CHECKING:
    from hi_fhir.reports.derived.table import Row

_SHOWN = ("withdrawn", "difference", "ratio", "slope-index", "relative-index", "standardised-rate")
"""Kinds of statistics that stand in the table for people."""


@click.command("statistics")
@click.option(
    "--audience",
    type=options.AUDIENCES,
    callback=options.as_audience,
    default=Audience.ICB.value,
    show_default=True,
    help="Whose reports.",
)
@options.measures_option
@click.option("--reporter", "reporters", multiple=True, metavar="ODS", help="A practice, PCN or ICB (may repeat).")
@click.option(
    "--against",
    type=click.Choice(["mixed", "whole", "white-british"]),
    default="mixed",
    show_default=True,
    help="Whom ethnic groups are compared with: all people, White British, or as in reports (five groups with all, "
    "sixteen categories with White British).",
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="A file for all rows as CSV.")
@options.overlay_option
@options.common_options
def statistics_command(
    audience: Audience,
    measure_ids: str | None,
    reporters: tuple[str, ...],
    against: str,
    csv_file: Path | None,
    overlays: tuple[Path, ...],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show what was released with its intervals, gaps, slopes and change since the period before, or why there is none.

    All of it follows from the released counts alone. --json and --csv give every count and statistic, a row each.

    \b
    Example:
      hi-fhir statistics --audience icb --reporter U99001 --csv statistics.csv
    """
    from hi_fhir.pipeline.statistics_of import statistics_of
    from hi_fhir.reports.derived.plan import ReferenceGroup
    from hi_fhir.store.session import open_store

    config = options.read_config(data_dir, overlays)
    with open_store(config.store_place).read() as session:
        table = statistics_of(
            session,
            audience,
            measures=options.read_measure_ids(measure_ids) or (),
            reporters=reporters,
            reference=ReferenceGroup(against),
            overlays=config.overlays,
        )
    if csv_file:
        commit_bytes(csv_file, table.to_csv().encode())
    if as_json:
        print_json(table.to_dicts())
    elif csv_file:
        say(f"{len(table.rows)} rows in {csv_file}")
    else:
        _print(table.rows)


def _print(rows: Iterable["Row"]) -> None:
    columns = ["measure", "reporter", "statistic", "stratifier", "stratum", "against", "value", "interval", "reason"]
    names = ("measure", "reporter", "statistic", "stratifier", "stratum", "against", "value")
    told = [[*(getattr(row, name) for name in names), _interval(row), row.reason] for row in rows if _is_shown(row)]
    print_table("Statistics", columns, told)


def _is_shown(row: "Row") -> bool:
    """Statistics, what was withdrawn, and of scores and their changes that of all people."""
    if row.statistic in ("score", "change"):
        return row.stratifier == "all"
    return row.statistic in _SHOWN


def _interval(row: "Row") -> str:
    if row.lower is None:
        return ""
    from hi_fhir.statistics.comparisons import NEWCOMBE_OVERLAPPING

    overlapping = ", wider than need be: periods overlap" if row.method == NEWCOMBE_OVERLAPPING else ""
    return f"{row.lower:.4f} to {row.upper:.4f}{', with rounding' if row.includes_rounding else ''}{overlapping}"

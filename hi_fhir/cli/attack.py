"""`hi-fhir attack`: what somebody can work out of masked counts from all that they were given."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.cli.progress import TerminalProgress
from hi_fhir.core.audiences import Audience

if TYPE_CHECKING:  # numpy takes a while to import
    from hi_fhir.attack.findings import Findings, Recovered

_RECOVERED = 4
_EXAMPLES = 10


@click.command("attack")
@click.argument("evaluation", required=False, metavar="[EVALUATION]")
@click.option("--ledger", "ever", is_flag=True, help="Every version that was ever released, not what holds now alone.")
@click.option(
    "--audience",
    type=options.AUDIENCES,
    callback=options.as_audience,
    default=Audience.ICB.value,
    show_default=True,
    help="Who attacks: with all that this audience may have, what is public among it.",
)
@options.common_options
@click.pass_context
def attack_command(
    context: click.Context,
    evaluation: str | None,
    ever: bool,
    audience: Audience,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Work masked counts out of released ones, as whoever was given them can, and exit with 4 where that succeeds.

    Looks at the reports that hold now, or at those of one EVALUATION. A masked count is recovered where fewer than
    three values are left that it can have.

    \b
    Example:
      hi-fhir attack --ledger --audience pcn
    """
    from hi_fhir.attack.attacking import attack
    from hi_fhir.attack.reading.definitions import same_people
    from hi_fhir.attack.reading.ledger import read_ledger
    from hi_fhir.store.session import open_store

    config = options.read_config(data_dir)
    with TerminalProgress(quiet=as_json) as progress:
        with open_store(config.store_file).read() as session:
            told = read_ledger(session, audience, ever=ever, evaluation=evaluation)
        told = replace(told, same=same_people(told.reports, config.overlays))
        found = attack(told, progress)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if found.recovered:
        context.exit(_RECOVERED)


def _document(found: "Findings") -> dict[str, Any]:
    return {
        "reports": found.reports,
        "cells": found.cells,
        "masked": found.masked,
        "sums": found.sums,
        "contradicted": found.contradicted,
        "recovered": len(found.recovered),
        "by_possible_values": {str(key): count for key, count in found.by_possible().items()},
        "by_stratifier": dict(found.by_stratifier()),
        "cells_recovered": [_row(one) for one in found.recovered],
    }


def _row(one: "Recovered") -> dict[str, Any]:
    return {
        "measure": one.report.measure,
        "reporter": one.report.reporter,
        "report": one.report.source,
        **one.name._asdict(),
        "from": one.low,
        "to": one.high,
    }


def _print(found: "Findings") -> None:
    recovered = len(found.recovered)
    print_table(
        "What was told",
        ["reports", "counts", "masked", "sums", "recovered"],
        [[found.reports, found.cells, found.masked, found.sums, recovered]],
    )
    if not recovered:
        say("\nNo masked count can be worked out from what this audience has, as far as this attack goes.")
        return
    say("")
    by = [[stratifier, count] for stratifier, count in found.by_stratifier().most_common()]
    print_table("Recovered, by stratifier", ["stratifier", "counts"], by)
    say("")
    print_table("", ["possible values", "counts"], sorted(found.by_possible().items()))
    say("")
    rows = [
        [
            one.report.measure.rpartition("/")[2],
            one.report.reporter,
            one.name.stratifier,
            one.name.stratum,
            one.name.population,
            f"{one.low}" if one.possible == 1 else f"{one.low} to {one.high}",
        ]
        for one in found.recovered[:_EXAMPLES]
    ]
    print_table("For example", ["measure", "reporter", "stratifier", "stratum", "population", "people"], rows)

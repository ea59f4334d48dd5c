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
    from hi_fhir.attack.findings import Findings, Link, Recovered, RecoveredExample, Term

_RECOVERED = 4


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
@click.option(
    "--change",
    type=click.IntRange(0),
    metavar="PEOPLE",
    help="Suppose that a count changed by so many at most from one day to the next; nothing is supposed by default.",
)
@click.option(
    "--seconds",
    "limit_s",
    type=click.IntRange(0),
    default=60,
    show_default=True,
    help="How long to look for what takes several sums at once.",
)
@options.common_options
@click.pass_context
def attack_command(
    context: click.Context,
    evaluation: str | None,
    ever: bool,
    audience: Audience,
    change: int | None,
    limit_s: int,
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
        found = attack(told, progress, change=change, limit_s=limit_s)
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
        "checked": {"decided": found.decided, "nearby": found.nearby, "unseen": found.unseen},
        "recovered": len(found.recovered),
        "by_possible_values": {str(key): count for key, count in sorted(found.by_possible().items())},
        "by_stratifier": dict(found.by_stratifier()),
        "cells_recovered": [_recovered(one) for one in found.recovered],
        "examples": [_example(one) for one in found.examples],
    }


def _example(one: "RecoveredExample") -> dict[str, Any]:
    """chain: by which alone it lies between these ends."""
    return {**_named(one.recovered), "from": one.low, "to": one.high, "chain": [_link(link) for link in one.chain]}


def _recovered(one: "Recovered") -> dict[str, Any]:
    return {
        **_named(one),
        "from": one.low,
        "to": one.high,
        "possible_values": one.possible,
        "takes_several_sums_at_once": not one.is_alone,
    }


def _named(one: "Recovered | Term") -> dict[str, Any]:
    return {
        "measure": one.report.measure,
        "reporter": one.report.reporter,
        "report": one.report.source,
        **one.name._asdict(),
    }


def _link(link: "Link") -> dict[str, Any]:
    return {
        "why": link.why,
        "whole": _term(link.whole),
        "parts": [_term(part) for part in link.parts],
        "others": [link.least, link.most],
    }


def _term(term: "Term") -> dict[str, Any]:
    return {**_named(term), "masked": term.is_masked, "from": term.low, "to": term.high}


def _print(found: "Findings") -> None:
    print_table(
        "What was told",
        ["reports", "counts", "masked", "sums", "recovered"],
        [[found.reports, found.cells, found.masked, found.sums, len(found.recovered)]],
    )
    if found.contradicted:
        say(f"\n{found.contradicted:,} sums do not hold with the numbers, and nothing was made of them.")
    if found.nearby or found.unseen:
        say(
            f"\nOf the masked counts that single sums leave open, {found.decided:,} are decided, {found.nearby:,} were "
            f"held against what is told near them alone, and for {found.unseen:,} there was no time (--seconds)."
        )
    if not found.recovered:
        say("\nNo masked count can be worked out from what this audience has, as far as this attack goes.")
        return
    say("")
    by = [[stratifier, count] for stratifier, count in found.by_stratifier().most_common()]
    print_table("Recovered, by stratifier", ["stratifier", "counts"], by)
    say("")
    print_table("", ["possible values", "counts"], sorted(found.by_possible().items()))
    for example in found.examples:
        one = example.recovered
        between = _between(example.low, example.high)
        say(f"\n{_measure(one)}, {one.report.reporter}, {_count(one)} is {between}, since")
        for link in example.chain:
            say(f"  {_told(link, one)}   ({link.why})")


def _told(link: "Link", of: "Recovered") -> str:
    """A relation, without the parts of which there are none."""
    parts = [_short(part, of) for part in link.parts if part.high != 0]
    if link.most is None:
        parts.append("others")
    elif link.least or link.most:
        parts.append(f"({_between(link.least, link.most)})")
    return f"{_short(link.whole, of)} = {' + '.join(parts) or '0'}"


def _short(term: "Term", of: "Recovered") -> str:
    """A count with what is told of it; its measure and reporter where they are others than those of the example."""
    told = "masked" if term.is_masked else _between(term.low, term.high)
    measure = "" if term.report.measure == of.report.measure else f"{_measure(term)}, "
    reporter = "" if term.report.reporter == of.report.reporter else f"{term.report.reporter}, "
    return f"{measure}{reporter}{_count(term)} [{told}]"


def _measure(one: "Recovered | Term") -> str:
    return one.report.measure.rpartition("/")[2]


def _count(one: "Recovered | Term") -> str:
    population = one.name.population.replace("_", " ")
    return population if one.name.stratifier == "all" else f"{population} of {one.name.stratifier} {one.name.stratum}"


def _between(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return f"{low}" if low == high else f"{low} to {high}"

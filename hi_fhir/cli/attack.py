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
    from hi_fhir.attack.told import Told
    from hi_fhir.core.config import Config

_RECOVERED = 4


@click.command("attack")
@click.argument("what", required=False, metavar="[EVALUATION|FOLDER|FILE]")
@click.option("--ledger", "ever", is_flag=True, help="Every version that was ever released, not what holds now alone.")
@click.option(
    "--unreleased",
    is_flag=True,
    help="What `hi-fhir report` would keep of EVALUATION (the newest by default) for this audience, beside all of its "
    "day that is out above the practice; nothing is kept.",
)
@click.option(
    "--primary-only",
    is_flag=True,
    help="What this audience would be given of EVALUATION (the newest by default) if small counts were masked and "
    "others rounded, and none held back beside them; nothing is kept.",
)
@click.option(
    "--audience",
    type=options.AUDIENCES,
    callback=options.as_audience,
    default=Audience.ICB.value,
    show_default=True,
    help="Who attacks: with all that this audience may have, what is public among it.",
)
@click.option(
    "--knows",
    multiple=True,
    metavar="PRACTICE[=FOLDER|FILE]",
    help="A practice (ODS code) that knows its own people exactly, from its MeasureReports in a folder or file, else "
    "from those that were released to it (may repeat).",
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
@click.option(
    "--masked-to",
    type=click.IntRange(1),
    default=7,
    show_default=True,
    metavar="PEOPLE",
    help="The highest count that is masked in reports which do not name a policy of hi_fhir.",
)
@options.overlay_option
@options.common_options
@click.pass_context
def attack_command(
    context: click.Context,
    what: str | None,
    ever: bool,
    unreleased: bool,
    primary_only: bool,
    audience: Audience,
    knows: tuple[str, ...],
    change: int | None,
    limit_s: int,
    masked_to: int,
    overlays: tuple[Path, ...],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Work masked counts out of released ones, as whoever was given them can, and exit with 4 where that succeeds.

    Looks at the reports that hold now, at those of one EVALUATION, at what it would tell, or at MeasureReports of
    anybody's in a folder or file (*.json, *.ndjson). A masked count is recovered where fewer than three values are left
    that it can have.

    \b
    Example:
      hi-fhir attack --ledger --audience pcn
      hi-fhir attack reports-of-others/
      hi-fhir attack --primary-only
    """
    from hi_fhir.attack.attacking import attack
    from hi_fhir.attack.reading.definitions import same_people
    from hi_fhir.pipeline.counted import counts_kept

    if unreleased + primary_only + ever > 1:
        raise click.UsageError("--unreleased, --primary-only and --ledger each say what is attacked. Give one.")
    config, exact = options.read_config(data_dir, overlays), dict[str, Any]()
    if unreleased or primary_only:
        told = _not_kept(config, audience, what, primary_only=primary_only, quiet=as_json)
    elif what is not None and Path(what).exists():
        told = _of_others(Path(what), ever, masked_to)
    else:
        told = _released(config, audience, ever, what)
        exact |= counts_kept(config.data_dir, (one.edition for one in told.reports))
    for practice in knows:
        told = told.joined(_own(config, practice, ever, masked_to))
    if what is None or not Path(what).exists():
        told = _as_followed(config, told)
    told = replace(told, same=same_people(told.reports, config.overlays))
    with TerminalProgress(quiet=as_json) as progress:
        found = attack(told, progress, change=change, limit_s=limit_s, exact=exact)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if found.recovered:
        context.exit(_RECOVERED)


def _not_kept(
    config: "Config", audience: Audience, evaluation: str | None, *, primary_only: bool, quiet: bool
) -> "Told":
    from hi_fhir.pipeline.context import RunContext
    from hi_fhir.pipeline.history import find_evaluation
    from hi_fhir.pipeline.unreleased import would_tell, would_tell_by_masking_alone

    _check_audience(audience)
    reading = would_tell_by_masking_alone if primary_only else would_tell
    with TerminalProgress(quiet=quiet) as progress:
        return reading(RunContext(config, progress=progress), find_evaluation(config.data_dir, evaluation), audience)


def _check_audience(audience: Audience) -> None:
    if audience == Audience.PRACTICE:
        raise click.UsageError("each practice has its own reports alone. Give: --audience public --knows PRACTICE.")


def _of_others(path: Path, ever: bool, masked_to: int) -> "Told":
    from hi_fhir.attack.reading.measure_reports import read_measure_reports

    if ever:
        raise click.UsageError("--ledger is of what hi_fhir released, not of a folder or file.")
    return read_measure_reports(path, masked_to)


def _released(config: "Config", audience: Audience, ever: bool, evaluation: str | None) -> "Told":
    from hi_fhir.attack.reading.ledger import read_ledger
    from hi_fhir.store.session import open_store

    _check_audience(audience)
    with open_store(config.store_place).read() as session:
        return read_ledger(session, audience, ever=ever, evaluation=evaluation)


def _own(config: "Config", word: str, ever: bool, masked_to: int) -> "Told":
    """What a practice knows of its own people. word: its code, and where its reports are."""
    from hi_fhir.attack.reading.ledger import read_practice
    from hi_fhir.attack.reading.measure_reports import read_measure_reports
    from hi_fhir.store.session import open_store

    practice, equals, path = word.partition("=")
    if equals:
        return read_measure_reports(Path(path), masked_to, of=practice)
    with open_store(config.store_place).read() as session:
        return read_practice(session, practice, ever=ever)


def _as_followed(config: "Config", told: "Told") -> "Told":
    from hi_fhir.attack.reading.followed import with_predecessors
    from hi_fhir.store.session import open_store

    with open_store(config.store_place).read() as session:
        return with_predecessors(session, told)


def _document(found: "Findings") -> dict[str, Any]:
    return {
        "reports": found.reports,
        "cells": found.cells,
        "masked": found.masked,
        "measures_without_definition": found.undefined,
        "sums": found.sums,
        "contradicted": found.contradicted,
        "checked": {"decided": found.decided, "nearby": found.nearby, "unseen": found.unseen},
        "recovered": len(found.recovered),
        "told_by_policy": found.by_policy,
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
    from hi_fhir.attack.telling import told_example

    print_table(
        "What was told",
        ["reports", "counts", "masked", "sums", "recovered"],
        [[found.reports, found.cells, found.masked, found.sums, len(found.recovered)]],
    )
    if found.undefined:
        say(
            f"\nOf {len(found.undefined):,} measures no definition is here in the version that was released, so "
            "whether they count the same people as others is not known."
        )
    if found.contradicted:
        say(f"\n{found.contradicted:,} sums do not hold with the numbers, and nothing was made of them.")
    if found.nearby or found.unseen:
        say(
            f"\nOf the masked counts that single sums leave open, {found.decided:,} are decided, {found.nearby:,} were "
            f"held against what is told near them alone, and for {found.unseen:,} there was no time (--seconds)."
        )
    if found.by_policy:
        say(
            f"\n{found.by_policy:,} masked counts follow from totals alone that the policy tells exactly. They are not "
            "counted as recovered."
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
        first, *others = told_example(example)
        say(f"\n{first}")
        for line in others:
            say(line)

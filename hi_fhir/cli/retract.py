"""`hi-fhir retract`: released reports are withdrawn everywhere, or may be released again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.audiences import Audience
from hi_fhir.core.days import Period
from hi_fhir.core.errors import UserError

if TYPE_CHECKING:
    from hi_fhir.pipeline.retract import RetractedReport
    from hi_fhir.store.notices import Notice


@click.command("retract")
@click.argument("reports", nargs=-1, metavar="[ID]...")
@click.option("--measure", metavar="ID", help="Reports on this measure.")
@click.option("--reporter", metavar="ODS", help="Reports of this practice, PCN or ICB.")
@click.option("--period", type=options.PeriodType(), metavar="FROM..TO", help="Reports of this period.")
@click.option("--evaluation", metavar="ID", help="Reports that were last released from this evaluation.")
@click.option(
    "--audience", type=options.AUDIENCES, callback=options.as_audience, help="Reports to this audience [all of them]."
)
@click.option("--reason", required=True, help="Why, as all readers of the reports are told.")
@click.option("--asked-by", metavar="NAME", required=True, help="Who asks for it, as all readers are told.")
@click.option("--lift", "is_lift", is_flag=True, help="Let the next release give them again, saying why.")
@click.option("--publish", "publish_url", metavar="URL", help="FHIR base that was sent them, to tell it too.")
@click.option("--dry-run", is_flag=True, help="List what would be withdrawn, and do nothing.")
@options.common_options
def retract_command(
    reports: tuple[str, ...],
    measure: str | None,
    reporter: str | None,
    period: Period | None,
    evaluation: str | None,
    audience: Audience | None,
    reason: str,
    asked_by: str,
    is_lift: bool,
    publish_url: str | None,
    dry_run: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Withdraw released reports everywhere, as a new version without numbers that says why, and who asked for it.

    Those that meet all that is given are meant. Subscribers are told, and later releases keep them withdrawn.

    \b
    Example:
      hi-fhir retract --measure hypertension-register --reporter U99001 --reason "Counted twice" --asked-by "A. Analyst"
    """
    from hi_fhir.cli.progress import run_context
    from hi_fhir.pipeline.retract import chosen, lift, retract
    from hi_fhir.store.withdrawing import ReportChoice

    if is_lift and (dry_run or publish_url):
        raise UserError("--lift goes without --dry-run and --publish: it changes nothing until the next release.")
    notice = _notice(reason, asked_by)
    choice = ReportChoice(
        ids=reports,
        measure=measure,
        reporter=reporter,
        period=(period.start, period.end) if period else None,
        evaluation=evaluation,
        audience=audience,
    )
    with run_context(options.read_config(data_dir)) as work:
        if is_lift:
            lifted = lift(work, choice, notice)
            said = f"{len(lifted.identifiers)} reports are given again by the next release: hi-fhir report"
            print_json(msgspec.to_builtins(lifted)) if as_json else say(said)
        elif dry_run:
            found = chosen(work, choice)
            print_json(msgspec.to_builtins(found)) if as_json else _print("Would be withdrawn", found)
        else:
            done = retract(work, choice, notice, publish_url)
            print_json(msgspec.to_builtins(done)) if as_json else _print("Withdrawn", done.reports)


def _notice(reason: str, asked_by: str) -> "Notice":
    from hi_fhir.store.notices import Notice

    try:
        return Notice(reason, asked_by)
    except ValueError as error:
        raise UserError(str(error)) from error


def _print(title: str, found: "list[RetractedReport]") -> None:
    columns = ["id", "audience", "measure", "reporter", "period", "version", "withdrawn before"]
    print_table(title, columns, [_row(one) for one in found])


def _row(one: "RetractedReport") -> list[object]:
    before = "yes" if one.already else ""
    return [one.id, one.audience, one.measure, one.reporter, "..".join(one.period), one.version, before]

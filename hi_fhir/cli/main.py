"""The command line: one group, a file per command, and the one place where errors become exit codes."""

import gc
import os
import signal
import sys
import traceback
from importlib import import_module

import click

from hi_fhir import __version__
from hi_fhir.cli.lines import say, warn
from hi_fhir.core.errors import HiFhirError, NoRoomError
from hi_fhir.core.events import write_events
from hi_fhir.core.logs import log_to_stderr
from hi_fhir.core.renamed import current_options
from hi_fhir.core.room import is_full
from hi_fhir.core.stopping import stopped_by, stopped_by_signals
from hi_fhir.core.unneeded import do_without_pandas

COMMANDS = {
    "run": ("run", "Pull, flatten, evaluate, report and publish."),
    "pull": ("steps", "Fetch what the measures need from each source and land it as it came."),
    "flatten": ("steps", "Turn the newest pull of each source into tables; bad records go to quarantine."),
    "evaluate": ("steps", "Count every measure by every stratum, from the newest snapshot of each source."),
    "report": ("steps", "Release an evaluation's counts to an audience as MeasureReports; needs no new evaluation."),
    "publish": (
        "steps",
        "Send an evaluation's reports for an audience to a FHIR server, but for those that it says it has unchanged.",
    ),
    "retract": (
        "retract",
        "Withdraw released reports everywhere, as a new version without numbers that says why, and who asked for it.",
    ),
    "attack": (
        "attack",
        "Work masked counts out of released ones, as whoever was given them can, and exit with 4 where that succeeds.",
    ),
    "statistics": (
        "statistics",
        "Show what was released with its intervals, gaps, slopes and change since the period before, or why there is "
        "none.",
    ),
    "export": (
        "export",
        "Write what was released of areas as files: a paper for a board (PDF), a spreadsheet (XLSX), all figures as "
        "CSV.",
    ),
    "status": ("status", "List runs and evaluations, show a run's reconciliation, and what every server was sent."),
    "quarantine": ("quarantine", "List the records that the newest snapshot of a source could not take."),
    "measures": ("measures", "List the measures, show or explain what one says, or check definitions and data files."),
    "mappings": ("mappings", "Import postcodes, organisations, their successors or lists of registered patients."),
    "key": ("key", "Show which identity key is in use, or put a new one in its place."),
    "sandbox": (
        "sandbox",
        "Serve synthetic people as FHIR R4 on loopback until interrupted, or write them to a folder.",
    ),
    "demo": (
        "demo",
        "Take synthetic people from a FHIR server to published MeasureReports, and check every count on the way.",
    ),
    "serve": (
        "serve",
        "Serve an audience's MeasureReports, their Measures and Organizations over FHIR, and tell subscribers of them.",
    ),
    "clients": ("clients", "Register who may call the service, list them, or end what one may do."),
    "accounts": (
        "accounts",
        "Let people look at pages, list them, set a password anew, or end what one may see.",
    ),
    "agreements": ("agreements", "Record what practices agreed to, list that, or end an agreement."),
    "subscriptions": (
        "subscriptions",
        "List who is told of what is released and how far each is, or tell one anew.",
    ),
    "audit": (
        "audit",
        "List what the service refused and whom, and who was shown values of people's records; the newest first.",
    ),
    "doctor": ("doctor", "Look at settings, folders, code lists, imports and servers."),
}
"""Command to the module here that has it, loaded when it is asked for, and to the first sentence of its help."""


class _LazyGroup(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"hi_fhir.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)  # noqa: S101 - a house test lists every command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, for which no command is loaded."""
        width = formatter.width - 6 - max(map(len, COMMANDS))
        rows = [
            (name, click.Command(name, help=said).get_short_help_str(width)) for name, (_, said) in COMMANDS.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 our fault, 2 yours, 3 the other server's, 4 stopped by a quality or disclosure gate, "
    "130 interrupted, 143 ended by SIGTERM.",
)
@click.version_option(__version__, prog_name="hi-fhir")
@click.option(
    "--log",
    metavar="FILE",
    envvar="HI_FHIR_LOG",
    help="Append what happens to FILE, one JSON object a line (ids, counts, durations); - for stderr [HI_FHIR_LOG].",
)
@click.pass_context
def cli(context: click.Context, log: str | None) -> None:
    """Health inequality measures for primary care networks, from a FHIR R4 server to suppressed MeasureReports.

    \b
    Example:
      hi-fhir demo
      hi-fhir run --source http://127.0.0.1:8080/fhir --period 2024-04-01..2025-03-31
    """
    context.with_resource(write_events(log))


COLLECTIONS = (100_000, 20, 100)
"""Thresholds of the garbage collector. By default it goes over all that is loaded again and again while a release is
decided, and finds nothing: what is no longer used is freed at once."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its code."""
    gc.set_threshold(*COLLECTIONS)
    do_without_pandas()
    log_to_stderr()
    with stopped_by_signals():
        code = run_command(arguments)
    sys.exit(code)


def run_command(arguments: list[str] | None = None) -> int:
    """The exit code of the command; its errors are on stderr."""
    words = current_options(sys.argv[1:] if arguments is None else arguments, warn)
    try:
        code: int | None = cli.main(args=words, prog_name="hi-fhir", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt) as error:
        return _interrupted(stopped_by(error) or signal.SIGINT)
    except HiFhirError as error:
        say(f"hi-fhir: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if number := stopped_by(error):
            return _interrupted(number)
        if is_full(error):
            say("hi-fhir: there is no room left on a disk. Make room, and run the same command again.", err=True)
            return NoRoomError.exit_code
        # our own fault: the traceback is what a maintainer needs
        say(traceback.format_exc().rstrip(), err=True)
        say("hi-fhir: this is a fault of hi-fhir. Please report the lines above.", err=True)
        return 1
    return code or 0  # what Context.exit was given


def _interrupted(number: signal.Signals) -> int:
    """The exit code that shells give what a signal ends."""
    say(f"Interrupted ({number.name}). The same command goes on where it stopped.", err=True)
    return 128 + number

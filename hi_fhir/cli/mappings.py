"""`hi-fhir mappings`: import the reference files that are too large or too local to ship."""

from pathlib import Path

import click
import msgspec

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.cli.output import print_json, print_table

_file_argument = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group("mappings")
def mappings_command() -> None:
    """Import postcodes, organisations, their successors or lists of registered patients.

    \b
    Example:
      hi-fhir mappings import-postcodes ONSPD_FEB_2025_UK.csv
    """


@mappings_command.command("import-postcodes")
@_file_argument
@options.common_options
def import_postcodes_command(file: Path, data_dir: Path | None, as_json: bool) -> None:
    """Read a postcode directory (ONSPD layout) so that deprivation can be linked by postcode.

    \b
    Example:
      hi-fhir mappings import-postcodes ONSPD_FEB_2025_UK.csv
    """
    from hi_fhir.cohorts.imports import import_postcodes

    config = options.read_config(data_dir)
    manifest = import_postcodes(file, config.data_dir / "imports")
    print_json(msgspec.to_builtins(manifest)) if as_json else say(f"{manifest.rows:,} postcodes imported.")


@mappings_command.command("import-organisations")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options.common_options
def import_organisations_command(files: tuple[Path, ...], data_dir: Path | None, as_json: bool) -> None:
    """Read which practice belongs to which PCN and ICB from when to when.

    From one file of your own (practice,pcn,icb,valid_from,valid_to), or from files as ODS publishes them: epraccur and
    the core partners of ePCN, together.

    \b
    Example:
      hi-fhir mappings import-organisations epraccur.csv epcncorepartnerdetails.csv
    """
    from hi_fhir.cohorts.imports import import_organisations

    config = options.read_config(data_dir)
    manifest = import_organisations(files[0], config.data_dir / "imports", files[1:])
    print_json(msgspec.to_builtins(manifest)) if as_json else say(f"{manifest.rows:,} memberships imported.")


@mappings_command.command("import-successors")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options.common_options
def import_successors_command(files: tuple[Path, ...], data_dir: Path | None, as_json: bool) -> None:
    """Read which organisation follows which from when on: who reads the reports of one that ended.

    From one file of your own (predecessor,successor,valid_from), or from succ and succarc as ODS publishes them,
    together. What was imported before holds no more.

    \b
    Example:
      hi-fhir mappings import-successors succ.csv succarc.csv
    """
    from hi_fhir.core.clock import SystemClock
    from hi_fhir.pipeline.successors import import_successors
    from hi_fhir.store.session import open_store

    config = options.read_config(data_dir)
    manifest = import_successors(open_store(config.store_place), files, SystemClock().now())
    if as_json:
        print_json(msgspec.to_builtins(manifest))
        return
    say(f"{manifest.rows:,} successions imported, of {len(manifest.here):,} organisations that are known here.")
    if manifest.here:
        columns = ["organisation", "ends", "followed by", "has its reports", "clients", "subscriptions"]
        rows = [
            (
                *(one.organisation, one.ends, ", ".join(one.followed_by)),
                *(one.heir or "nobody: divided", one.clients, one.subscriptions),
            )
            for one in manifest.here
        ]
        print_table("Organisations that end", columns, rows)


@mappings_command.command("import-lists")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options.common_options
def import_lists_command(files: tuple[Path, ...], data_dir: Path | None, as_json: bool) -> None:
    """Read how many patients each practice has, by sex and age, so that ours are compared with them.

    From files as NHS England publishes them each month: by five years of age (gp-reg-pat-prac-quin-age), or by single
    year (gp-reg-pat-prac-sing-age-female and -male, together). Several months may be given at once.

    \b
    Example:
      hi-fhir mappings import-lists gp-reg-pat-prac-quin-age.csv
    """
    from hi_fhir.cohorts.list_imports import import_lists

    config = options.read_config(data_dir)
    manifest = import_lists(files, config.data_dir / "imports")
    print_json(msgspec.to_builtins(manifest)) if as_json else say(f"{manifest.rows:,} groups of patients imported.")

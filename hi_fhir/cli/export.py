"""`hi-fhir export`: areas as spreadsheets, CSV and papers, to take away."""

from pathlib import Path

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say, warn
from hi_fhir.cli.output import print_json
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import UserError
from hi_fhir.core.files import commit_bytes

FORMS = ("csv", "xlsx", "pdf")


@click.command("export")
@click.option(
    "--audience",
    type=options.AUDIENCES,
    callback=options.as_audience,
    default=Audience.ICB.value,
    show_default=True,
    help="Whose reports.",
)
@click.option("--area", "areas", multiple=True, metavar="ODS", help="A practice, PCN or ICB (may repeat) [all].")
@click.option("--period", metavar="START..END", help="Days as 2024-04-01..2025-03-31 [the latest of each area].")
@click.option("--form", "forms", type=click.Choice(FORMS), multiple=True, help="May repeat [all three].")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("hi-fhir-export"),
    show_default=True,
    help="A folder for the files.",
)
@options.overlay_option
@options.common_options
def export_command(
    audience: Audience,
    areas: tuple[str, ...],
    period: str | None,
    forms: tuple[str, ...],
    folder: Path,
    overlays: tuple[Path, ...],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Write what was released of areas as files: a paper for a board (PDF), a spreadsheet (XLSX), all figures as CSV.

    They have the numbers of the reports, masked as these are, with what they rest on.

    \b
    Example:
      hi-fhir export --area U99001 --form pdf --to papers
    """
    from hi_fhir.pages.reading import Shelf, WithdrawnError
    from hi_fhir.pages.taken.forms import FORMS as MADE
    from hi_fhir.store.criteria import Reader
    from hi_fhir.store.session import open_store

    config = options.read_config(data_dir, overlays)
    if audience is Audience.PRACTICE and not areas:
        raise UserError("--audience practice goes with --area ODS: exact numbers are taken by practices by name.")
    reader = Reader(audience, frozenset(areas) if audience is Audience.PRACTICE else None)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with Shelf(open_store(config.store_place), config.overlays).opened(reader) as shelf:
        for code in areas or [one.code for one in shelf.areas()]:
            try:
                taken = shelf.taken(code, period)
            except WithdrawnError as error:
                if areas:
                    raise
                warn(f"{code}: {error}")
                continue
            for form in forms or FORMS:
                file = folder / f"{taken.file_name}.{form}"
                commit_bytes(file, MADE[form].make(taken))
                written.append({"area": code, "form": form, "file": str(file)})
                if not as_json:
                    say(str(file))
    if as_json:
        print_json(written)

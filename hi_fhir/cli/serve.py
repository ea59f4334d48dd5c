"""`hi-fhir serve`: the FHIR service over the reports in the store."""

from pathlib import Path

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import UserError


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address: there is no login yet.")
@click.option(
    "--audience",
    type=options.AUDIENCES,
    callback=options.as_audience,
    default="icb",
    show_default=True,
    help="Who reads: only what was released to this audience is served.",
)
@click.option("--practice", metavar="ODS", help="With --audience practice: the one whose own reports are served.")
@options.overlay_option
@options.data_dir_option
def serve_command(
    port: int, host: str, audience: Audience, practice: str | None, overlays: tuple[Path, ...], data_dir: Path | None
) -> None:
    """Serve an audience's MeasureReports, their Measures and Organizations over FHIR, on loopback.

    \b
    Example:
      hi-fhir serve --audience icb --port 8765
      curl http://127.0.0.1:8765/fhir/MeasureReport?_count=5
    """
    from hi_fhir.store.criteria import Reader
    from hi_fhir.web.serve import serve

    code = (practice or "").strip().upper()
    if (audience is Audience.PRACTICE) != bool(code):
        raise UserError("--audience practice and --practice ODS go together: a practice reads its own reports alone.")
    whose = f"practice {code}" if code else f"the {audience} audience"

    def started(url: str) -> None:
        say(f"FHIR service at {url} for {whose} (Ctrl-C ends it)")

    serve(options.read_config(data_dir, overlays), Reader(audience, code or None), host, port, started)

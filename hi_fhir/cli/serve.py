"""`hi-fhir serve`: the FHIR service over the reports in the store."""

from pathlib import Path

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say, warn
from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import ods_codes
from hi_fhir.core.errors import UserError


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address, but with --clients.")
@click.option(
    "--audience",
    type=options.AUDIENCES,
    callback=options.as_audience,
    default="icb",
    show_default=True,
    help="Who reads: only what was released to this audience is served.",
)
@click.option(
    "--organisation",
    "organisations",
    metavar="ODS",
    multiple=True,
    help="Whose reports are served, and those of what belonged to it; several may be named [serve_organisations].",
)
@click.option(
    "--clients",
    "is_for_clients",
    is_flag=True,
    help="Whoever calls shows a token (hi-fhir clients) or, for pages, logs in (hi-fhir accounts); each has its own.",
)
@options.overlay_option
@options.data_dir_option
def serve_command(
    port: int,
    host: str,
    audience: Audience,
    organisations: tuple[str, ...],
    is_for_clients: bool,
    overlays: tuple[Path, ...],
    data_dir: Path | None,
) -> None:
    """Serve an audience's MeasureReports, their Measures and Organizations over FHIR, and tell subscribers of them.

    Without --clients nobody logs in: whoever calls is taken for the organisations that are named or, where none is, for
    all of the audience, and the service listens on this machine alone. Exact reports have a practice by name alone.

    \b
    Example:
      hi-fhir serve --audience icb --organisation QX1 --port 8765
      curl http://127.0.0.1:8765/fhir/MeasureReport?_count=5
    """
    from hi_fhir.store.criteria import Reader
    from hi_fhir.web.serve import serve

    config = options.read_config(data_dir, overlays)
    if is_for_clients:
        if organisations:
            raise UserError("--organisation goes without --clients: each client has its own.")

        def served(url: str) -> None:
            say(f"FHIR service at {url} for registered clients (Ctrl-C ends it)")
            say(f"Pages to log in to: {url.removesuffix('/fhir')}/")
            if config.public_url and config.trusted_proxy is None:
                warn("the proxy's callers are not told apart, so that none is limited by address: set trusted_proxy.")

        serve(config, None, host, port, served)
        return
    codes = ods_codes("--organisation", organisations) if organisations else config.serve_organisations
    if audience is Audience.PRACTICE and not codes:
        raise UserError("--audience practice goes with --organisation ODS: a practice reads its own reports alone.")
    whose = f"{', '.join(codes)} ({audience} audience)" if codes else f"all of the {audience} audience"

    def started(url: str) -> None:
        say(f"FHIR service at {url} for {whose} (Ctrl-C ends it)")
        say(f"Pages to look at: {url.removesuffix('/fhir')}/")

    serve(config, Reader(audience, frozenset(codes) if codes else None), host, port, started)

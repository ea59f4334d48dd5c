"""`hi-fhir serve`: the FHIR service over the reports in the store."""

from pathlib import Path

import click

from hi_fhir.cli import options


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address: there is no login yet.")
@options.data_dir_option
def serve_command(port: int, host: str, data_dir: Path | None) -> None:
    """Serve MeasureReport, Measure and Organization over FHIR, on loopback.

    \b
    Example:
      hi-fhir serve --port 8765
      curl http://127.0.0.1:8765/fhir/MeasureReport?_count=5
    """
    from hi_fhir.web.serve import serve

    serve(options.read_config(data_dir), host, port, lambda url: click.echo(f"FHIR service at {url} (Ctrl-C ends it)"))

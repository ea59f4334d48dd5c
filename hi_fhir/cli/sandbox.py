"""`hi-fhir sandbox`: synthetic people behind a FHIR server on loopback, or as files with the truth beside them."""

from pathlib import Path

import click

from hi_fhir.cli import options
from hi_fhir.cli.lines import say
from hi_fhir.sandbox.faults import KINDS, LASTING_SHARE, PASSING_SHARE, parse

_FAULTS = "\n".join(f"  {name:<22} {kind.what}{' (lasts)' if kind.lasts else ''}" for name, kind in KINDS.items())
_EPILOG = f"""\b
Faults, as KIND or KIND:SHARE of distinct requests, always the same ones.
The share is {PASSING_SHARE} unless given; {LASTING_SHARE:g} where the fault lasts, however often a client tries.
{_FAULTS}
"""


@click.command("sandbox", epilog=_EPILOG)
@click.option("--people", "count", type=click.IntRange(1), default=1000, show_default=True, help="How many people.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same people.")
@click.option("--port", type=click.IntRange(0, 65535), default=8766, show_default=True, help="0 takes a free one.")
@click.option("--faults", default="", metavar="A,B:0.1", help="Misbehave; see below.")
@click.option("--empty", is_flag=True, help="Serve nobody: a server to publish to.")
@click.option(
    "--write",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write NDJSON, postcodes, organisations, value sets and expected counts to a folder instead of serving.",
)
@click.option("--gz", is_flag=True, help="With --write: compress the NDJSON.")
@options.json_option
def sandbox_command(
    count: int, seed: int, port: int, faults: str, empty: bool, target: Path | None, gz: bool, as_json: bool
) -> None:
    """Serve synthetic people as FHIR R4 on loopback until interrupted, or write them to a folder.

    \b
    Examples:
      hi-fhir sandbox --port 8766 --faults 429:0.1,slow
      hi-fhir sandbox --people 10000 --write sandbox-10k
    """
    from itertools import chain

    from hi_fhir.cli.output import print_json
    from hi_fhir.sandbox import people, render, server
    from hi_fhir.sandbox.folder import write_folder
    from hi_fhir.sandbox.people.model import DATA_DATE

    crowd = () if empty else people.make_people(count, seed)
    if target is not None:
        write_folder(target, crowd, gz=gz)
        parts = {"fhir": target / "fhir", "overlay": target / "overlay", "postcodes": target / "postcodes.csv"}
        parts |= {"organisations": target / "organisations.csv", "truth": target / "truth.json"}
        if as_json:
            print_json({name: str(path) for name, path in parts.items()})
        else:
            say(f"{len(crowd)} people written to {target}: " + ", ".join(path.name for path in parts.values()))
        return
    resources = (
        () if empty else chain(render.organisation_resources(), chain.from_iterable(map(render.resources, crowd)))
    )
    with server.serve(resources, port=port, faults=parse(faults) if faults else None, data_date=DATA_DATE) as running:
        if as_json:
            print_json({"base_url": running.base_url})
        else:
            say(f"FHIR sandbox at {running.base_url} (Ctrl-C ends it)")
        running.wait()

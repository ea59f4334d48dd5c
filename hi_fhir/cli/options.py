"""Options that several commands share, and how their words become values."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from hi_fhir.cli.lines import warn
from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.source_settings import SourceSettings, source_token
from hi_fhir.fhir.auth import Origin

F = TypeVar("F", bound=Callable[..., Any])


class DayType(click.ParamType[date]):
    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2025-03-31.", param, ctx)


class PeriodType(click.ParamType[Period]):
    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        start, dots, end = value.partition("..")
        try:
            if not dots:
                raise ValueError
            return Period(date.fromisoformat(start), date.fromisoformat(end))
        except ValueError:
            self.fail(f"{value!r} is not a period such as 2024-04-01..2025-03-31, start first.", param, ctx)


def _stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where everything is kept [HI_FHIR_DATA_DIR]."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
overlay_option = click.option(
    "--overlay",
    "overlays",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with measures/, stratifiers/, terminology/ and mappings/ of your own (may repeat; the last wins).",
)
sources_option = click.option(
    "--source",
    "sources",
    multiple=True,
    required=True,
    metavar="[NAME=]URL|FOLDER",
    help="A FHIR server or a folder of its resources; NAME is its id, `main` if not given (may repeat).",
)
measures_option = click.option("--measures", "measure_ids", metavar="A,B", help="Measures by id; all by default.")
period_option = click.option(
    "--period", type=PeriodType(), required=True, metavar="FROM..TO", help="Measurement period, both days included."
)
as_of_option = click.option(
    "--reference-date", "as_of", type=DayType(), help="The day people are looked at; the period's end by default."
)
data_date_option = click.option(
    "--extract-date", "data_date", type=DayType(), help="The day a folder's data was taken."
)
workers_option = click.option("--workers", type=click.IntRange(1, 64), help="Processes for flatten and evaluate.")
AUDIENCES = click.Choice([audience.value for audience in Audience])


def as_audience(_: click.Context, __: click.Parameter, name: str | None) -> Audience | None:
    """The audience that an option names."""
    return Audience(name) if name else None


audience_option = click.option("--audience", type=AUDIENCES, callback=as_audience, help="Who the reports are for.")
publish_option = click.option("--publish", "publish_url", metavar="URL", help="FHIR base to publish the reports to.")
keep_raw_option = click.option("--keep-raw", is_flag=True, help="Keep the received lines after a good run.")
common_options = _stack(data_dir_option, json_option)


def read_config(
    data_dir: Path | None = None, overlays: Sequence[Path] = (), workers: int | None = None, **more: Any
) -> Config:
    """The settings of environment and file, with what the command line says on top."""
    config = Config.from_env(os.environ, warn)
    changes: dict[str, Any] = dict(more)
    if data_dir is not None:
        changes["data_dir"] = data_dir
    if overlays:
        changes["overlays"] = (*config.overlays, *overlays)
    if workers is not None:
        changes["workers"] = workers
    return replace(config, **changes)


def read_sources(config: Config, words: Sequence[str]) -> tuple[SourceSettings, ...]:
    """Each `[NAME=]URL|FOLDER`, with the settings that the file has for NAME."""
    sources: dict[str, SourceSettings] = {}
    for word in words:
        name, equals, address = word.partition("=")
        if not equals or "/" in name or ":" in name:
            name, address = "main", word
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise ConfigError(f"--source: the name {name!r} may have letters, digits, - and _ only.")
        if name in sources:
            raise ConfigError(f"--source: two sources are called {name!r}. Name each: --source NAME=URL.")
        sources[name] = _source(config, name, address)
    return tuple(sources[name] for name in sorted(sources))


def _source(config: Config, name: str, address: str) -> SourceSettings:
    """The source at `address`, with what the settings have for its name: secrets for no server but their own."""
    known = config.sources.get(name)
    if known is None:
        source = SourceSettings(name=name, address=address, token=source_token(name, os.environ))
    else:
        source = replace(known, address=address)
    if not source.is_server and not Path(address).is_dir():
        raise ConfigError("--source: it is neither a URL (http:// or https://) nor a folder that is there.")
    if known and known.has_credentials and source.is_server and Origin.of(address) != Origin.of(known.address):
        raise ConfigError(
            f"--source: the credentials and trusted hosts of source {name} are for the server in its settings, and "
            "this is another one. Give it another name (--source NAME=URL), or fix the address in the settings."
        )
    return source


def read_measure_ids(words: str | None) -> tuple[str, ...] | None:
    return tuple(sorted({word.strip() for word in words.split(",") if word.strip()})) if words else None

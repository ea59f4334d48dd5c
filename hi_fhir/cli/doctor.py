"""`hi-fhir doctor`: what is set up, what is not, and which of the configured servers answer. Changes nothing."""

import os
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

import click

from hi_fhir.cli import options
from hi_fhir.cli.output import print_json, print_table
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.terminology.data_files import ListState

_PACKAGES = ("hi-fhir", "duckdb", "ibis-framework", "pyarrow", "msgspec", "sqlalchemy", "flask")
_MEANINGS = {
    "no numerator above the practice": (ListState.PARTIAL, ListState.MISSING),
    "published to this machine only, made up": (ListState.DEMONSTRATION,),
}
"""What the state of its code lists does to a measure."""
_NOT_OWNER = 0o077


class CheckState(StrEnum):
    """Noted is what works as it is, and should be known; to be set up where something is to be done."""

    OK = "ok"
    NOTE = "note"
    SET_UP = "set up"
    UNREACHABLE = "unreachable"


_EXIT_CODES = {CheckState.OK: 0, CheckState.NOTE: 0, CheckState.SET_UP: 2, CheckState.UNREACHABLE: 3}


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found and, where there is something, what is to be done."""

    name: str
    state: CheckState
    found: str
    to_do: str = ""


@click.command("doctor")
@options.overlay_option
@options.common_options
@click.pass_context
def doctor_command(context: click.Context, overlays: tuple[Path, ...], data_dir: Path | None, as_json: bool) -> None:
    """Look at settings, folders, code lists, imports and servers. Exits with 2 or 3 where something is to be done.

    \b
    Example:
      hi-fhir doctor --json
    """
    config = options.read_config(data_dir, overlays)
    checks = [*_checks(config)]
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        rows = [[check.name, check.state, check.found, check.to_do] for check in checks]
        print_table("", ["what", "state", "found", "to do"], rows)
    context.exit(max(_EXIT_CODES[check.state] for check in checks))


def _checks(config: Config) -> Iterator[Check]:
    yield Check("python", CheckState.OK, f"{platform.python_version()} on {platform.system()}")
    yield Check("packages", CheckState.OK, ", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    yield _data_folder(config.data_dir)
    yield _key(config)
    yield _store(config)
    yield from _terminology(config)
    yield from _imports(config)
    yield _opt_outs(config)
    yield _names(config)
    yield from _sources(config)


def _data_folder(folder: Path) -> Check:
    name = "data folder"
    if not folder.exists():
        return Check(name, CheckState.OK, f"{folder} is not there; the first run makes it")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Check(
            name, CheckState.SET_UP, f"{folder} cannot be written to", "name another: --data-dir or HI_FHIR_DATA_DIR"
        )
    if folder.stat().st_mode & _NOT_OWNER:
        return Check(name, CheckState.SET_UP, f"{folder} is open to others", "run chmod 700 on it")
    return Check(name, CheckState.OK, f"{folder}, its owner's only")


def _key(config: Config) -> Check:
    from hi_fhir.tables.identity import load_key

    name, path = "identity key", config.key_file
    if path.resolve().is_relative_to(config.data_dir.resolve()):
        return Check(name, CheckState.SET_UP, f"{path} lies in the data folder", "keep it elsewhere: HI_FHIR_KEY_FILE")
    if not path.exists():
        return Check(name, CheckState.OK, f"{path} is not there; the first run makes it")
    try:
        return Check(name, CheckState.OK, f"{path}, key {load_key(path).key_id}")
    except ConfigError as error:
        return Check(name, CheckState.SET_UP, str(error), "see the message")


def _store(config: Config) -> Check:
    from sqlalchemy.exc import SQLAlchemyError

    from hi_fhir.store.session import is_empty, is_migrated, look_at

    name, place, shown = "store", config.store_place, config.store_shown
    if isinstance(place, Path) and not place.exists():
        return Check(name, CheckState.OK, "none yet; the first report makes it")
    try:
        with look_at(place) as store:
            if isinstance(place, str) and is_empty(store):
                return Check(name, CheckState.OK, f"{shown}, empty; the first report makes its tables")
            migrated = is_migrated(store)
    except ConfigError as error:
        return Check(name, CheckState.UNREACHABLE, str(error), "start the server, or change the setting")
    except SQLAlchemyError:
        return Check(name, CheckState.SET_UP, f"{shown} is not a store", "move it away, or restore it from a backup")
    return Check(
        name, CheckState.OK, f"{shown}, {'migrated' if migrated else 'of an older version; the next run migrates it'}"
    )


def _terminology(config: Config) -> Iterator[Check]:
    from hi_fhir.measures import evaluation, registry
    from hi_fhir.terminology.catalogue import load

    terminology = load(config.overlays)
    states = Counter(value_set.state for value_set in terminology.value_sets.values())
    yield Check("code lists", CheckState.OK, ", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    for measure in registry.load(overlays=config.overlays):
        reference = evaluation.measure_reference(measure, terminology)
        found = [
            f"{meaning}: {lists}"
            for meaning, states in _MEANINGS.items()
            if (lists := ", ".join(one.id for one in reference.value_sets if one.state in states))
        ]
        if found:
            yield Check(measure.id, CheckState.NOTE, "; ".join(found), "bring these code lists in an overlay")


def _imports(config: Config) -> Iterator[Check]:
    from hi_fhir.cohorts.imports import load_organisations, load_postcodes
    from hi_fhir.cohorts.list_imports import load_lists

    folder = config.data_dir / "imports"
    directory, areas = load_postcodes(folder), load_organisations(folder)
    if directory:
        yield Check("postcodes", CheckState.OK, f"imported, version {directory.version}")
    else:
        to_do = "hi-fhir mappings import-postcodes FILE"
        yield Check(
            "postcodes", CheckState.SET_UP, "none: deprivation is known only where a record carries an LSOA", to_do
        )
    if areas:
        yield Check("organisations", CheckState.OK, f"{len(areas.memberships):,} memberships, version {areas.version}")
    else:
        found = "none: PCN and ICB are those that a source's Organization.partOf tells"
        yield Check("organisations", CheckState.NOTE, found, "hi-fhir mappings import-organisations FILE")
    if lists := load_lists(folder):
        yield Check("registered patients", CheckState.OK, f"published lists imported, version {lists.version}")
    else:
        found = "none: registered people are compared with no published list"
        yield Check("registered patients", CheckState.NOTE, found, "hi-fhir mappings import-lists FILE")


def _opt_outs(config: Config) -> Check:
    from hi_fhir.core.config import OPT_OUT_POLICIES

    name, policy = "opt-outs", config.opt_out_policy
    if policy == OPT_OUT_POLICIES[3] and not (config.opt_out_list and config.opt_out_list.is_file()):
        return Check(name, CheckState.SET_UP, f"{policy}, and the list is not there", "name it: HI_FHIR_OPT_OUT_LIST")
    return Check(name, CheckState.OK, policy)


def _names(config: Config) -> Check:
    if config.names_as_shipped:
        found = f"{', '.join(config.names_as_shipped)} as shipped: nothing is published to another machine"
        return Check("names in reports", CheckState.NOTE, found, "name your own: docs/reference/settings.md")
    return Check("names in reports", CheckState.OK, f"{config.identifier_system}, {config.canonical_base}")


def _sources(config: Config) -> Iterator[Check]:
    if not config.sources:
        yield Check("sources", CheckState.OK, "none in the settings; --source names them")
    for source in config.sources.values():
        yield _source(config, source)


def _source(config: Config, source: SourceSettings) -> Check:
    from hi_fhir.cli.source_check import look_at

    name = f"source {source.name}"
    if not source.is_server:
        if Path(source.address).is_dir():
            return Check(name, CheckState.OK, "a folder that is there")
        return Check(name, CheckState.UNREACHABLE, "neither a URL nor a folder that is there", "fix its address")
    found = look_at(config, source)
    if found.to_do:
        return Check(name, CheckState.UNREACHABLE, found.said, found.to_do)
    return Check(name, CheckState.NOTE if found.lacking else CheckState.OK, found.said)

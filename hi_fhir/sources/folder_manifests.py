"""The manifests of exports in a folder, held against what lies there, since a copy of an export in part is none.

Clients name files as they like. So types are held by their records where all their files have counts; else by the names
of files, where the client kept those of the server, or by whether there is any file of the type.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from hi_fhir.core.errors import GateError
from hi_fhir.fhir import bulk_manifest
from hi_fhir.sources.chunks import Lane
from hi_fhir.sources.folder_reading import FolderFile
from hi_fhir.sources.kinds import DOCUMENT, DOCUMENTS, RECORDS, UNKNOWN_TYPE, named_type
from hi_fhir.sources.messages import OUTCOMES
from hi_fhir.sources.pulls import Pull
from hi_fhir.tables.tombstones import DELETED_FOLDER


class Placed(NamedTuple):
    """A manifest and the folder in which it lies."""

    folder: PurePosixPath
    manifest: bulk_manifest.Manifest


def check_manifests(
    pull: Pull, manifests: Sequence[Placed], files: Sequence[FolderFile], lanes: Iterable[Lane]
) -> list[str]:
    """Hold the types that are asked for, deletions and messages against all manifests.

    Returns what is to be told of types of which more came than the manifests say.

    Raises:
        GateError: fewer came, beyond the tolerance, or files are not there.
    """
    came: Counter[str] = Counter()
    for lane in lanes:
        came[lane.type] += lane.landed
    source, tolerance, told = pull.source.name, pull.config.count_tolerance, []
    by_name = {DELETED_FOLDER, OUTCOMES}
    has_unknown = any(file.kind == RECORDS and file.type == UNKNOWN_TYPE for file in files)
    for type_ in pull.scope.types:
        expected = _expected(type_, manifests)
        if expected is None or has_unknown:
            by_name.add(type_)
        elif abs(came[type_] - expected) > tolerance * expected:
            said = f"the manifest of the export in its folder tells of {expected} {type_}, {came[type_]} are there"
            if came[type_] < expected:
                raise GateError(
                    f"source {source}: {said}. Copy the export again, whole; if the manifest is wrong, count_tolerance "
                    "can allow for it."
                )
            told.append(said)
    missing = sum(_missing(one, files, by_name) for one in manifests)
    if missing:
        raise GateError(
            f"source {source}: the manifest of the export in its folder names {missing} files that are not there, so "
            "records may be missing. Copy the export again, whole, or take the manifest away if nothing was in them."
        )
    return told


def _expected(type_: str, manifests: Iterable[Placed]) -> int | None:
    """Records of a type that all manifests together tell of; None where they do not."""
    counts = [file.count for one in manifests for file in one.manifest.output or () if file.type == type_]
    known = [count for count in counts if count is not None]
    return sum(known) if counts and len(known) == len(counts) else None


def _missing(one: Placed, files: Sequence[FolderFile], types: Collection[str]) -> int:
    """How many files of the types a manifest names and the folder has not."""
    below = [file for file in files if file.place.is_relative_to(one.folder)]
    around = below if any(file.kind in (RECORDS, DOCUMENT, DOCUMENTS) for file in below) else files
    names = {_plain(file.place.name) for file in around}
    every = list(_named(one.manifest))
    held = [(type_, name) for type_, name in every if type_ in types]
    if any(name in names for _, name in every):
        return sum(name not in names for _, name in held)
    if any(file.kind in (DOCUMENT, DOCUMENTS) or file.type == UNKNOWN_TYPE for file in around):
        return 0
    there = {file.type or named_type(file.place) for file in around}
    return sum(type_ not in there for type_, _ in held)


def _named(manifest: bulk_manifest.Manifest) -> Iterator[tuple[str, str]]:
    """Type and name of each file that is not said to be empty."""
    parts = ((None, manifest.output), (DELETED_FOLDER, manifest.deleted), (OUTCOMES, manifest.error))
    for type_, part in parts:
        for file in part or ():
            if file.count != 0:
                yield type_ or file.type, _plain(PurePosixPath(unquote(urlsplit(file.url).path)).name)


def _plain(name: str) -> str:
    """A file's name in the one form that it is compared by, packed or not."""
    return name.lower().removesuffix(".gz")

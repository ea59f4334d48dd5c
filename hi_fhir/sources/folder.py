"""The simplest source: a folder of records as bulk clients, servers and generators leave them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import msgspec

from hi_fhir.core.errors import NotFoundError, UserError
from hi_fhir.sources.chunks import Lane, remove_pull
from hi_fhir.sources.document_files import DocumentFiles
from hi_fhir.sources.folder_files import is_unchanged, list_files
from hi_fhir.sources.folder_manifests import Placed, check_manifests
from hi_fhir.sources.folder_reading import Folder, FolderFile
from hi_fhir.sources.kinds import DOCUMENT, DOCUMENTS, EMPTY, OTHER, RECORDS, UNREADABLE, FileKind
from hi_fhir.sources.lines import record_pieces
from hi_fhir.sources.messages import OUTCOMES
from hi_fhir.sources.pulls import Pull, PullManifest
from hi_fhir.tables.bases import base_key, export_base
from hi_fhir.tables.dates import day_of_instant

METHOD = "folder"

_ENDING = re.compile(r"\.[a-z0-9]{1,8}", re.ASCII)


class FolderPlan(msgspec.Struct, frozen=True):
    """day: the newest that its manifests and logs of exports say their data was taken on. bases: keys of the servers
    that they say it came from."""

    files: tuple[FolderFile, ...]
    day: str | None
    bases: tuple[str, ...]


def land(pull: Pull) -> PullManifest:
    """Land every record of the folder.

    Raises:
        NotFoundError: the folder holds no records.
        UserError: the folder or a file of it cannot be read, is damaged, too large, changed, or not really there.
        GateError: a message in it says that part of an export failed, or a manifest names what is not there.
    """
    limit = pull.config.unpacked_limit_mb << 20
    with Folder(pull.source.name, Path(pull.source.address), limit) as folder:
        return _land_folder(pull, folder)


def _land_folder(pull: Pull, folder: Folder) -> PullManifest:
    found = list(list_files(folder))
    listed = _plan(found)
    if not any(file.kind in (RECORDS, DOCUMENT, DOCUMENTS) for file in listed.files):
        raise NotFoundError(
            f"source {folder.source}: none of the {len(listed.files)} files of its folder holds records of FHIR in "
            "JSON. Check the path."
        )
    if pull.plan(FolderPlan, lambda: listed) != listed:  # the folder changed since an earlier try began with it
        remove_pull(pull.folder)
        pull.plan(FolderPlan, lambda: listed)
    lanes, documents = _land(pull, folder, listed.files)
    if not is_unchanged(folder, listed.files):
        raise UserError(
            f"source {folder.source}: its folder was changed while it was read. Run it again once nothing writes to it."
        )
    pull.check_failed(lanes, "Export again; why is in the files and lines that are OperationOutcomes.")
    manifests = [Placed(file.place.parent, kind.manifest) for file, kind in found if kind.manifest]
    unlike = check_manifests(pull, manifests, listed.files, lanes)
    pull.progress.finish(f"{sum(lane.landed for lane in lanes)} lines from {len(listed.files)} files")
    day = pull.data_date.isoformat() if pull.data_date else listed.day
    notes = [*unlike, *(documents.notes if documents else ()), *_passed_over(listed.files)]
    bases = [*listed.bases, *(documents.bases if documents else ())]
    return pull.manifest(lanes, day, {}, notes=notes, bases=bases)


def _plan(found: Sequence[tuple[FolderFile, FileKind]]) -> FolderPlan:
    days = [day for _, kind in found if (day := day_of_instant(kind.instant))]
    keys = {key for _, kind in found if (key := base_key(export_base(kind.request or "") or ""))}
    return FolderPlan(tuple(file for file, _ in found), max(days, default=None), tuple(sorted(keys)))


def _land(pull: Pull, folder: Folder, files: Sequence[FolderFile]) -> tuple[list[Lane], DocumentFiles | None]:
    """The lanes that all files filled, and those of them that are documents, if any are."""
    records = [file for file in files if file.kind == RECORDS]
    others = [file for file in files if file.kind in (DOCUMENT, DOCUMENTS, UNREADABLE)]
    lanes = [pull.lane(type_, "0000") for type_ in sorted({file.type for file in records})]
    documents = DocumentFiles(pull, folder, others) if others else None
    pull.progress.start("pull", sum(file.length for file in (*records, *others)) >> 10, "kB")
    tasks = [partial(_land_files, pull, folder, records, lane) for lane in lanes]
    pull.side_by_side([*tasks, *([documents.land] if documents else ())])
    return [*lanes, *(documents.lanes if documents else ())], documents


def _land_files(pull: Pull, folder: Folder, files: Sequence[FolderFile], lane: Lane) -> None:
    """Land the files of the lane's type, from where an earlier try stopped."""
    first = int(lane.at.position.get("file", 0))
    for file in files:
        if lane.done or file.type != lane.type:
            continue
        if file.number >= first:
            _land_file(pull, folder, file, lane)
        pull.progress.advance(file.length >> 10)
        if pull.stop.is_asked():
            return
    if not lane.done:
        lane.finish()


def _land_file(pull: Pull, folder: Folder, file: FolderFile, lane: Lane) -> None:
    offset = int(lane.at.position.get("offset", 0)) if lane.at.position.get("file") == file.number else 0
    is_whole = True
    for piece in record_pieces(folder.blocks(file, offset)):
        if lane.type == OUTCOMES:
            lane.add_messages([*piece.messages, *piece.lines.splitlines()])
        else:
            lane.add_messages(piece.messages)
            is_whole = _append(lane, piece.lines, piece.records) if piece.lines else is_whole
        offset += piece.size
        if is_whole:
            lane.checkpoint(file=file.number, offset=offset)
        if pull.stop.is_asked():
            return
    lane.checkpoint(file=file.number + 1, offset=0)


def _append(lane: Lane, lines: bytes, records: int) -> bool:
    """Whether the last of the lines has its end."""
    lane.append(lines, records)
    return lines.endswith(b"\n")


def _passed_over(files: Iterable[FolderFile]) -> Iterator[str]:
    """What lies in the folder and is no part of an export."""
    endings = Counter(_ending(file.place) for file in files if file.kind == OTHER)
    if endings:
        told = ", ".join(f"{count} {ending}" for ending, count in sorted(endings.items()))
        yield f"{endings.total()} files hold nothing that is read here and were passed over: {told}"
    if empty := sum(file.kind == EMPTY for file in files):
        yield f"{empty} files are empty"


def _ending(place: PurePosixPath) -> str:
    ending = place.suffix.lower()
    return ending if _ENDING.fullmatch(ending) else "of another name"

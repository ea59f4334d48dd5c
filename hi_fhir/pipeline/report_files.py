"""Released reports as files, for whoever runs hi_fhir."""

from collections.abc import Sequence
from pathlib import Path

from hi_fhir.core.files import commit_files, owner_folder
from hi_fhir.reports.records import ReadyReport


def write_files(folder: Path, built: Sequence[ReadyReport]) -> list[str]:
    """A folder a reporter, since each practice is given its own alone. What else is in `folder` goes."""
    folders = {one: owner_folder(folder / one) for one in dict.fromkeys(one.record.reporter_id for one in built)}
    contents = {
        folders[one.record.reporter_id] / f"{one.evaluated.measure.id}.json": one.record.content for one in built
    }
    for path in [path for path in folder.rglob("*") if path.is_file() and path not in contents]:
        path.unlink()
    commit_files({path: content for path, content in contents.items() if not _is_there(path, content)})
    for left in [path for path in folder.iterdir() if not any(path.iterdir())]:
        left.rmdir()
    return [str(path) for path in contents]


def _is_there(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() == content

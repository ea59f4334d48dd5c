"""A folder of NDJSON is landed whole, in chunks of a stated size, and goes on where it was stopped."""

import errno
import gzip
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from filelock import FileLock

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError, NotFoundError, UserError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sources import folder_reading
from hi_fhir.sources.chunks import delete_lines
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.tables.landed import read_landed
from tests.support.landing import WHOLE
from tests.support.pulling import KilledError, kill_after, landed_folder, landed_lines


def a_line(type_: str, id_: str, **more: Any) -> bytes:
    return orjson.dumps({"resourceType": type_, "id": id_, **more}) + b"\n"


def pull_folder(config: Config, folder: Path, *, sequence: int = 1, data_date: date | None = None) -> PullManifest:
    source = SourceSettings(name="elm", address=str(folder))
    return pull(RunContext(config), source, WHOLE, data_date, sequence)


def test_lines_are_landed_as_they_are_with_a_newline_after_the_last(config: Config, folder: Path) -> None:
    (folder / "Patient.ndjson").write_bytes(b'{"resourceType": "Patient",  "id":"p1"}\r\nnot json')
    manifest = pull_folder(config, folder, data_date=date(2025, 4, 2))
    lines = landed_lines(config, manifest)
    assert lines == {"Patient": sorted([b'{"resourceType": "Patient",  "id":"p1"}\r\n', b"not json\n"])}
    assert manifest.data_date == "2025-04-02"
    assert manifest.counts["Patient"].received == 2


def test_blank_lines_and_byte_order_marks_are_no_records(config: Config, folder: Path) -> None:
    mark, one, other = b"\xef\xbb\xbf", a_line("Patient", "p1"), a_line("Patient", "p2")
    (folder / "Patient.ndjson").write_bytes(mark + one + b"\n  \r\n" + mark + other + b"\t\n\n")
    manifest = pull_folder(config, folder)
    assert landed_lines(config, manifest) == {"Patient": [one, other]}
    assert manifest.counts["Patient"].received == 2


def a_message(severity: str) -> bytes:
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": severity}]}) + b"\n"


def test_messages_among_records_are_counted_and_not_landed(config: Config, folder: Path) -> None:
    record = a_line("Patient", "p1", note='not "OperationOutcome"')
    (folder / "Patient.ndjson").write_bytes(a_message("warning") + record + a_message("information"))
    manifest = pull_folder(config, folder)
    assert landed_lines(config, manifest) == {"Patient": [record]}
    assert manifest.counts["OperationOutcome"].outcomes == 2
    assert manifest.notes == ("2 warnings or remarks of the server came with the records, and were not read as any",)


@pytest.mark.parametrize("severity", ["error", "fatal"])
def test_a_message_among_records_that_something_failed_stops_the_pull(
    config: Config, folder: Path, severity: str
) -> None:
    (folder / "Patient.ndjson").write_bytes(a_line("Patient", "p1") + a_message(severity))
    with pytest.raises(GateError, match="1 parts of the export that they failed"):
        pull_folder(config, folder)


def test_manifest_is_what_flatten_reads(config: Config, folder: Path) -> None:
    (folder / "Patient.ndjson").write_bytes(a_line("Patient", "p1"))
    manifest = pull_folder(config, folder)
    landed = read_landed(landed_folder(config, manifest))
    assert (landed.id, landed.method, landed.data_date) == (manifest.id, "folder", None)
    assert [(chunk.type, chunk.lines) for chunk in landed.chunks] == [("Patient", 1)]


@pytest.mark.parametrize(
    ("name", "first", "type_"),
    [
        ("Observation.000.ndjson", a_line("Observation", "o1"), "Observation"),
        ("Observation-2.ndjson", a_line("Patient", "p1"), "Observation"),
        ("part-0001.ndjson", a_line("Encounter", "e1"), "Encounter"),
        ("1.Patient.ndjson", a_line("Patient", "p1"), "Patient"),
        ("Patient_1.ndjson.gz", a_line("Patient", "p1"), "Patient"),
        ("Encounter", a_line("Encounter", "e1"), "Encounter"),
        ("rubbish.ndjson", b"\xff\xfe\n" + a_line("Encounter", "e1"), "Encounter"),
    ],
)
def test_type_of_a_file_is_in_its_name_or_else_in_its_first_line(
    config: Config, folder: Path, name: str, first: bytes, type_: str
) -> None:
    (folder / name).write_bytes(first)
    assert [chunk.type for chunk in pull_folder(config, folder).chunks] == [type_]


def test_compressed_and_nested_files_give_the_same_lines_as_plain_ones(config: Config, folder: Path) -> None:
    lines = [a_line("Patient", f"p{n}") for n in range(50)]
    (folder / "Patient.ndjson").write_bytes(b"".join(lines))
    plain = landed_lines(config, pull_folder(config, folder))
    (folder / "Patient.ndjson").unlink()
    (folder / "deep").mkdir()
    (folder / "deep" / "Patient.1.ndjson.gz").write_bytes(gzip.compress(b"".join(lines[:20])))
    (folder / "Patient.2.ndjson").write_bytes(b"".join(lines[20:]))
    assert landed_lines(config, pull_folder(config, folder, sequence=2)) == plain


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("Patient.2.ndjson", "elsewhere/Patient.ndjson"),
        ("deep/Patient.2.ndjson.gz", "elsewhere/Patient.ndjson"),
        ("linked", "elsewhere"),
        ("Patient.2.ndjson", "elsewhere/nothing"),
        ("Patient.2.ndjson", "export/nothing"),
    ],
)
def test_a_link_out_of_the_folder_is_refused(
    config: Config, folder: Path, tmp_path: Path, name: str, target: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "Patient.ndjson").write_bytes(a_line("Patient", "secret"))
    (folder / "Patient.ndjson").write_bytes(a_line("Patient", "p1"))
    (folder / "deep").mkdir()
    (folder / name).symlink_to(tmp_path / target)
    with pytest.raises(UserError, match="a link in its folder leads out of it, or nowhere"):
        pull_folder(config, folder)


def test_links_within_the_folder_and_to_what_is_no_ndjson_do_no_harm(
    config: Config, folder: Path, tmp_path: Path
) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "Patient.ndjson").write_bytes(a_line("Patient", "p1"))
    (folder / "linked").symlink_to(folder / "deep")
    (tmp_path / "notes.txt").touch()
    (folder / "notes.txt").symlink_to(tmp_path / "notes.txt")
    (tmp_path / "link").symlink_to(folder)
    assert landed_lines(config, pull_folder(config, tmp_path / "link")) == {"Patient": [a_line("Patient", "p1")]}


def test_chunks_keep_their_limit_and_cut_no_line(config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_reading, "_BLOCK", 1 << 16)
    content = b"".join(a_line("Observation", f"o{n}", note="x" * 400) for n in range(6_000))
    (folder / "Observation.ndjson").write_bytes(content)
    manifest = pull_folder(replace(config, chunk_mb=1), folder)
    assert len(manifest.chunks) == 3
    assert all(chunk.bytes <= 1 << 20 for chunk in manifest.chunks)
    assert landed_lines(config, manifest)["Observation"] == sorted(content.splitlines(keepends=True))


def test_a_line_of_many_blocks_is_landed_whole(config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_reading, "_BLOCK", 1 << 20)
    long = a_line("Patient", "p1", note="x" * (20 << 20))
    (folder / "Patient.ndjson").write_bytes(long + a_line("Patient", "p2"))
    manifest = pull_folder(replace(config, chunk_mb=1), folder)
    assert landed_lines(config, manifest)["Patient"] == sorted([long, a_line("Patient", "p2")])


def test_only_the_owner_can_read_what_is_landed(config: Config, folder: Path) -> None:
    (folder / "Patient.ndjson").write_bytes(a_line("Patient", "p1"))
    landed = landed_folder(config, pull_folder(config, folder))
    for path in (landed, *landed.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_finished_pull_is_returned_as_it_is(config: Config, folder: Path) -> None:
    (folder / "Patient.ndjson").write_bytes(a_line("Patient", "p1"))
    manifest = pull_folder(config, folder)
    delete_lines(landed_folder(config, manifest))
    assert pull_folder(config, folder) == manifest
    assert [path.name for path in landed_folder(config, manifest).glob("Patient/*")] == ["0000-000.json"]


def test_a_damaged_file_is_named_by_its_number_alone(config: Config, folder: Path) -> None:
    (folder / "Patient-9990000018.ndjson.gz").write_bytes(gzip.compress(a_line("Patient", "p1"))[:-9])
    with pytest.raises(UserError, match="file number 1, in order of names, is cut short or damaged") as caught:
        pull_folder(config, folder)
    assert "999" not in str(caught.value)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_cannot_be_read_is_the_users_to_mend(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    (folder / "Patient-9990000018.ndjson").write_bytes(a_line("Patient", "p1"))
    denied = PermissionError(errno.EACCES, "Permission denied", "9990000018")

    def deny(*_: object, **__: object) -> None:
        raise denied

    if what == "file":
        monkeypatch.setattr(Path, "open", deny)
    else:
        monkeypatch.setattr("os.scandir", deny)
    with pytest.raises(UserError, match=f"{what} .*cannot be read: Permission denied") as caught:
        pull_folder(config, folder)
    assert "999" not in str(caught.value)


def test_an_empty_folder_is_said_to_be_empty(config: Config, folder: Path) -> None:
    with pytest.raises(NotFoundError, match="none of the 0 files of its folder holds records"):
        pull_folder(config, folder)


def test_two_pulls_of_a_source_keep_apart(config: Config, folder: Path) -> None:
    home = config.data_dir / "sources" / "elm"
    home.mkdir(parents=True)
    with FileLock(home / "lock"), pytest.raises(UserError, match="another process"):
        pull_folder(config, folder)


def until_done(config: Config, folder: Path, method: str) -> Iterator[PullManifest]:
    """Kill the pull after each call of `method` in turn, and go on from what is then on disk."""
    for number in range(1, 1_000):
        with pytest.MonkeyPatch.context() as patch:
            kill_after(patch, method, number)
            try:
                yield pull_folder(config, folder, sequence=number)
                return
            except KilledError:
                pass
        yield pull_folder(config, folder, sequence=number)


@pytest.mark.parametrize("method", ["append", "checkpoint", "_close_chunk", "finish"])
def test_a_pull_killed_anywhere_goes_on_and_lands_the_same_lines(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(folder_reading, "_BLOCK", 1 << 18)
    lines = [a_line("Patient", f"p{n}", note=os.urandom(40).hex() * 5) for n in range(3_000)]
    (folder / "Patient.1.ndjson").write_bytes(b"".join(lines[:2_000]))
    (folder / "Patient.2.ndjson.gz").write_bytes(gzip.compress(b"".join(lines[2_000:]), 1))
    (folder / "Encounter.ndjson").write_bytes(a_line("Encounter", "e1"))
    for manifest in until_done(replace(config, chunk_mb=1), folder, method):
        found = landed_lines(config, manifest)
        assert found == {"Patient": sorted(lines), "Encounter": [a_line("Encounter", "e1")]}
        assert not (landed_folder(config, manifest) / ".work").exists()


def test_a_chunk_that_lost_its_end_with_the_power_is_begun_again(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_reading, "_BLOCK", 1 << 12)
    lines = [a_line("Patient", f"p{n}") for n in range(1_000)]
    (folder / "Patient.ndjson").write_bytes(b"".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, "checkpoint", 3)
        with pytest.raises(KilledError):
            pull_folder(config, folder)
    [chunk] = config.data_dir.rglob("*.ndjson.zst")
    os.truncate(chunk, chunk.stat().st_size - 5)
    assert landed_lines(config, pull_folder(config, folder))["Patient"] == sorted(lines)


def test_a_folder_that_changed_under_an_unfinished_pull_is_read_anew(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "Patient.ndjson").write_bytes(a_line("Patient", "p1"))
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, "checkpoint", 1)
        with pytest.raises(KilledError):
            pull_folder(config, folder)
    (folder / "Patient.ndjson").write_bytes(a_line("Patient", "p2") + a_line("Patient", "p3"))
    found = landed_lines(config, pull_folder(config, folder))
    assert found == {"Patient": [a_line("Patient", "p2"), a_line("Patient", "p3")]}


def test_an_unfinished_pull_that_nobody_continues_leaves_no_lines(config: Config, folder: Path) -> None:
    (folder / "Patient.ndjson").write_bytes(a_line("Patient", "p1"))
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, "checkpoint", 1)
        with pytest.raises(KilledError):
            pull_folder(config, folder, sequence=1)
    manifest = pull_folder(config, folder, sequence=2)
    assert [path.name for path in (config.data_dir / "sources" / "elm" / "raw").iterdir()] == [manifest.id]

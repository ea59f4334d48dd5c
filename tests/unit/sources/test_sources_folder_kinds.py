"""A folder as clients, servers and generators leave it: all its records are landed, and the rest of it is named."""

import gzip
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError, NotFoundError, UserError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.sources import document_files, folder_reading
from hi_fhir.tables.bases import base_key
from tests.support.folder_content import (
    a_bundle,
    a_condition,
    a_patient,
    landed_ids,
    line,
    pull_folder,
    put,
    spread,
)
from tests.support.pulling import KilledError, kill_after, landed_lines


def test_what_a_bulk_client_leaves_is_read_as_the_export_that_it_was(config: Config, folder: Path) -> None:
    put(folder / "1.Patient.ndjson", line(a_patient("p1")) + line(a_patient("p2")))
    deletion = {"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": "Patient/p2"}}]}
    put(folder / "deleted" / "1.Bundle.ndjson", line(deletion))
    warning = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}
    put(folder / "error" / "1.OperationOutcome.ndjson", line(warning))
    detail = {"transactionTime": "2025-03-30T23:30:00Z", "exportUrl": "https://elm.invalid/fhir/$export"}
    put(folder / "log.ndjson", line({"exportId": "1", "eventId": "kickoff", "eventDetail": detail}))
    put(folder / "manifest.json", spread({"transactionTime": "2025-03-29T00:00:00Z", "output": []}))
    manifest = pull_folder(config, folder)
    assert landed_lines(config, manifest) == {
        "Patient": [line(a_patient("p1")), line(a_patient("p2"))],
        "_deleted": [line(deletion)],
    }
    assert manifest.data_date == "2025-03-31"  # the newest, in London
    assert manifest.counts["OperationOutcome"].outcomes == 1
    found = flatten(RunContext(config), SourceSettings("elm", str(folder)), manifest.id).reconciliation
    assert (found["Patient"].received, found["Patient"].kept, found["Patient"].deleted) == (3, 1, 1)
    assert "Resource" not in found


@pytest.mark.parametrize("name", ["error/1.OperationOutcome.ndjson", "error/1.json", "1.OperationOutcome.ndjson"])
def test_a_part_of_an_export_that_failed_stops_the_pull_as_it_does_over_http(
    config: Config, folder: Path, name: str
) -> None:
    failure = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    put(folder / "Patient.ndjson", line(a_patient("p1")))
    put(folder / name, spread(failure) if name.endswith(".json") else line(failure))
    with pytest.raises(GateError, match="1 parts of the export that they failed"):
        pull_folder(config, folder)


def test_a_message_among_documents_is_no_failed_export(config: Config, folder: Path) -> None:
    put(folder / "Patient.json", spread(a_patient("p1")))
    put(folder / "message.json", spread({"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}))
    assert pull_folder(config, folder).counts["OperationOutcome"].outcomes == 1


LAYOUTS = {
    "a.json": spread(a_bundle(a_patient("p1"), a_condition("c1", "Patient/p1"))),
    "a.ndjson": line(a_bundle(a_patient("p1"))) + line(a_bundle(a_condition("c1", "Patient/p1"))),
    "b.json": spread([a_patient("p1"), a_condition("c1", "Patient/p1")]),
    "c.json.gz": gzip.compress(spread(a_bundle(a_patient("p1"), a_condition("c1", "Patient/p1")))),
    "d.json": gzip.compress(spread(a_bundle(a_patient("p1"), a_condition("c1", "Patient/p1")))),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_documents_of_every_layout_are_landed_by_type(config: Config, folder: Path, name: str) -> None:
    put(folder / name, LAYOUTS[name])
    assert landed_ids(config, pull_folder(config, folder)) == {"Condition": ["c1"], "Patient": ["p1"]}


def test_what_nobody_asked_for_is_counted_and_not_landed(config: Config, folder: Path) -> None:
    claim, nonsense = {"resourceType": "Claim", "id": "x"}, {"resourceType": "Nonsense", "id": "n"}
    put(folder / "a.json", spread(a_bundle(a_patient("p1"), claim, claim, nonsense)))
    manifest = pull_folder(config, folder)
    assert landed_ids(config, manifest) == {"Patient": ["p1"], "Resource": ["n"]}
    found = flatten(RunContext(config), SourceSettings("elm", str(folder)), manifest.id).reconciliation
    assert (found["Claim"].received, found["Claim"].out_of_scope) == (2, 2)
    assert (found["Resource"].received, found["Resource"].quarantined) == (1, 1)


def test_addresses_of_entries_and_of_the_export_are_the_folders_own(config: Config, folder: Path) -> None:
    put(folder / "manifest.json", spread({"request": "https://elm.invalid/fhir/Patient/$export", "output": []}))
    entry = {"fullUrl": "https://oak.invalid/r4/Patient/p1", "resource": a_patient("p1")}
    put(folder / "a.json", spread({"resourceType": "Bundle", "entry": [entry]}))
    manifest = pull_folder(config, folder)
    assert manifest.bases == tuple(
        sorted(map(str, map(base_key, ("https://elm.invalid/fhir", "https://oak.invalid/r4"))))
    )


def test_what_is_neither_is_named_once_and_stands_in_quarantine_as_one_record(config: Config, folder: Path) -> None:
    put(folder / "a.json", spread(a_bundle(a_patient("p1"))))
    put(folder / "b.json", spread(a_bundle(a_patient("p2")))[:-5])
    put(folder / "c.ndjson", b"a,b\n" * 1_000)
    put(folder / "d.csv", b"a,b\n")
    put(folder / "e.json", b"")
    put(folder / ".hidden.json", b"x")
    manifest = pull_folder(config, folder)
    assert manifest.notes == (
        "2 files are neither NDJSON nor a JSON document of FHIR; each stands in quarantine as one record: number 2, 3 "
        "in order of names",
        "1 files hold nothing that is read here and were passed over: 1 .csv",
        "1 files are empty",
    )
    snapshot = flatten(RunContext(config), SourceSettings("elm", str(folder)), manifest.id)
    assert snapshot.quarantine == {"Resource": {"not-json": 2}}
    assert snapshot.reconciliation["Resource"].received == 2


def test_a_folder_of_nothing_that_is_read_is_said_to_be_one(config: Config, folder: Path) -> None:
    put(folder / "a.json", b'{"name": "x"}')
    with pytest.raises(NotFoundError, match="none of the 1 files of its folder holds records of FHIR in JSON"):
        pull_folder(config, folder)


@pytest.mark.parametrize(("kind", "word"), [("pipe", "a pipe"), ("socket", "a socket")])
def test_what_is_no_file_is_refused_under_the_name_of_one(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, word: str
) -> None:
    put(folder / "Patient.ndjson", line(a_patient("p1")))
    monkeypatch.chdir(folder)  # the name of a socket is short
    if kind == "pipe":
        os.mkfifo("Encounter.ndjson")
    else:
        os.mknod("Encounter.ndjson", stat.S_IFSOCK | 0o600)
    with pytest.raises(UserError, match=f"is {word}"):
        pull_folder(config, folder)
    Path("Encounter.ndjson").rename("encounter.sock")
    assert pull_folder(config, folder).counts["Patient"].received == 1


def test_a_link_to_itself_is_a_link_to_nowhere(config: Config, folder: Path) -> None:
    (folder / "Patient.ndjson").symlink_to(folder / "Patient.ndjson")
    with pytest.raises(UserError, match="leads out of it, or nowhere"):
        pull_folder(config, folder)


@pytest.mark.parametrize("name", ["Patient.ndjson", "Patient.json"])
def test_a_file_that_grows_while_it_is_read_is_named(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = folder / name
    put(path, line(a_bundle(a_patient("p1"))) if name.endswith(".json") else line(a_patient("p1")))
    original = folder_reading.Folder._unpacked

    def growing(self: folder_reading.Folder, *arguments: Any) -> Any:
        yield from original(self, *arguments)
        with path.open("ab") as file:
            file.write(b"\n")

    monkeypatch.setattr(folder_reading.Folder, "_unpacked", growing)
    with pytest.raises(UserError, match=r"number 1, .* was changed while it was read"):
        pull_folder(config, folder)


def test_a_folder_that_files_come_to_while_it_is_read_is_named(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder / "Patient.ndjson", line(a_patient("p1")))
    original = folder_reading.Folder.blocks

    def arriving(self: folder_reading.Folder, *arguments: Any) -> Any:
        put(folder / "Patient.2.ndjson", line(a_patient("p2")))
        return original(self, *arguments)

    monkeypatch.setattr(folder_reading.Folder, "blocks", arriving)
    with pytest.raises(UserError, match="its folder was changed while it was read"):
        pull_folder(config, folder)
    monkeypatch.undo()
    assert pull_folder(config, folder).counts["Patient"].received == 2


@pytest.mark.parametrize("method", ["append", "checkpoint", "_close_chunk", "finish"])
def test_documents_killed_anywhere_go_on_and_land_the_same_lines(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(document_files, "_WAITING", 2_000)
    for number in range(12):
        resources = [a_patient(f"p{number}"), a_condition(f"c{number}", "Patient/p1"), {"resourceType": "Claim"}]
        put(folder / f"{number:02d}.json", spread(a_bundle(*resources * (1 + number % 3))))
    put(folder / "x.json", b'{"a": 1}')
    whole = pull_folder(config, folder)
    expected = landed_lines(config, whole)
    for tries in range(1, 200):
        with pytest.MonkeyPatch.context() as patch:
            kill_after(patch, method, tries)
            try:
                pull_folder(config, folder, sequence=1 + tries)
                break
            except KilledError:
                pass
        found = pull_folder(config, folder, sequence=1 + tries)
        assert landed_lines(config, found) == expected
        assert (found.counts, found.notes) == (whole.counts, whole.notes)
    assert tries > 2

"""A folder as clients, servers and generators leave it: all its records are landed, and the rest of it is named."""

import gzip
import os
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from hi_fhir.core.config import Config, SourceSettings
from hi_fhir.core.errors import GateError, NotFoundError, UserError
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.sources import document_files, folder_reading
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.tables.bases import base_key
from hi_fhir.tables.scope import Scope
from tests.support.landing import WHOLE, config_in
from tests.support.pulling import KilledError, kill_after, landed_lines

Content = dict[str, Any]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, slices=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "export"
    made.mkdir()
    return made


def pull_folder(config: Config, folder: Path, *, sequence: int = 1, scope: Scope = WHOLE) -> PullManifest:
    source = SourceSettings(name="elm", address=str(folder))
    return pull(RunContext(config), source, scope, None, sequence)


def a_patient(id_: str, **more: Any) -> Content:
    return {"resourceType": "Patient", "id": id_, "meta": {"lastUpdated": "2025-04-01T00:00:00Z"}, **more}


def a_condition(id_: str, subject: str) -> Content:
    return {"resourceType": "Condition", "id": id_, "subject": {"reference": subject}}


def a_bundle(*resources: Content) -> Content:
    return {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": one} for one in resources]}


def spread(content: Any) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def line(content: Any) -> bytes:
    return orjson.dumps(content) + b"\n"


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def landed_ids(config: Config, manifest: PullManifest) -> dict[str, list[str]]:
    lines = landed_lines(config, manifest)
    return {type_: sorted(orjson.loads(line)["id"] for line in found) for type_, found in lines.items()}


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


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    path = Path("x.zip")
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return path.read_bytes()


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


def test_files_in_a_zip_are_read_as_those_of_a_folder(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = gzip.compress(line(a_patient("p1")))
    documents = spread(a_bundle(a_patient("p2")))
    put(
        folder / "all.zip",
        packed(
            ("run/Patient.ndjson.gz", lines),
            ("../../escaped.json", documents),
            ("run/", b""),
            ("__MACOSX/run/._Patient.ndjson", b"\0\1"),
            ("notes.txt", b"notes"),
        ),
    )
    manifest = pull_folder(config, folder)
    assert landed_ids(config, manifest) == {"Patient": ["p1", "p2"]}
    assert manifest.notes == ("1 files hold nothing that is read here and were passed over: 1 .txt",)
    assert not list(tmp_path.rglob("escaped*"))


def test_a_zip_of_many_files_is_opened_once(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(folder / "all.zip", packed(*((f"{number}.json", spread(a_patient(f"p{number}"))) for number in range(50))))
    opened, original = [], zipfile.ZipFile.__init__

    def counted(self: zipfile.ZipFile, *arguments: Any, **named: Any) -> None:
        opened.append(arguments)
        original(self, *arguments, **named)

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counted)
    assert pull_folder(config, folder).counts["Patient"].received == 50
    assert len(opened) == 2  # to list it, and to read it


def test_the_zips_of_a_folder_are_read_whatever_their_number(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(9):
        lines, document = line(a_patient(f"p{number}")), spread(a_patient(f"q{number}"))
        put(folder / f"{number}.zip", packed(("Patient.ndjson", lines), ("q.json", document)))
    assert pull_folder(config, folder).counts["Patient"].received == 18


def test_a_zip_within_a_zip_is_named(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inner = packed(("Patient.ndjson", line(a_patient("p1"))))
    put(folder / "all.zip", packed(("inner.zip", inner), ("Patient.ndjson", line(a_patient("p2")))))
    [note] = pull_folder(config, folder).notes
    assert note.startswith("1 files are neither NDJSON nor a JSON document of FHIR")


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


def test_a_document_may_be_as_long_as_the_setting_says(config: Config, folder: Path) -> None:
    config = replace(config, document_limit_mb=1)
    noise = [a_patient(f"p{number}", note=os.urandom(30).hex()) for number in range(15_000)]
    put(folder / "a.json.gz", gzip.compress(orjson.dumps(a_bundle(*noise)), 1))
    with pytest.raises(UserError, match=r"number 1, .* more than 1 MB\. Raise document_limit_mb"):
        pull_folder(config, folder)
    put(folder / "a.json.gz", gzip.compress(b"".join(map(line, noise)), 1))
    assert pull_folder(config, folder).counts["Patient"].received == 15_000


@pytest.mark.parametrize("ending", ["ndjson.gz", "json.gz", "zip"])
def test_what_comes_to_far_more_than_its_size_is_refused(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.chdir(tmp_path)
    bomb = line(a_patient("p1")) * 600_000
    put(folder / f"Patient.{ending}", packed(("a.ndjson", bomb)) if ending == "zip" else gzip.compress(bomb))
    with pytest.raises(UserError, match="comes to more than 250 times its size when unpacked"):
        pull_folder(config, folder)


def test_more_than_may_be_unpacked_is_refused(config: Config, folder: Path) -> None:
    noise = b"".join(line(a_patient(os.urandom(20).hex())) for _ in range(20_000))
    put(folder / "Patient.ndjson.gz", gzip.compress(noise, 1))
    with pytest.raises(UserError, match=r"more than 1 MB when unpacked \(unpacked_limit_mb\)"):
        pull_folder(replace(config, unpacked_limit_mb=1), folder)


@pytest.mark.parametrize("name", ["Patient.ndjson.gz", "Patient.json.gz", "all.zip"])
def test_a_packed_file_that_is_cut_short_is_refused_whole(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content = line(a_patient("p1")) * 100
    whole = packed(("Patient.ndjson", content)) if name == "all.zip" else gzip.compress(content)
    put(folder / name, whole[:-10])
    with pytest.raises(UserError, match=r"cut short or damaged\. Copy it again"):
        pull_folder(config, folder)


def test_a_zip_that_is_damaged_within_is_refused(
    config: Config, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = packed(("Patient.ndjson", line(a_patient("p1"))), method=zipfile.ZIP_STORED)
    put(folder / "all.zip", whole.replace(b'"p1"', b'"p2"', 1))
    with pytest.raises(UserError, match="number 1, in order of names, is cut short or damaged"):
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


def a_copy(folder: Path, *patients: str, **parts: list[Content]) -> None:
    """A copy of an export with these patients, and its manifest. parts: of the manifest, each file with its name."""
    named = {
        part: [{**one, "url": f"https://gp.example/files/{one['url']}?sig=1"} for one in files]
        for part, files in parts.items()
    }
    (folder / "manifest.json").write_bytes(spread({"transactionTime": "2025-04-01T00:00:00Z", **named}))
    lines = [orjson.dumps(a_patient(id_)) + b"\n" for id_ in patients]
    (folder / "1.Patient.ndjson").write_bytes(b"".join(lines))


PATIENTS = {"type": "Patient", "url": "1.Patient.ndjson"}
RENAMED = {"type": "Patient", "url": "Binary%2F77"}
CONDITIONS = {"type": "Condition", "url": "2.Condition.ndjson"}


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"output": [PATIENTS, CONDITIONS]}, "names 1 files that are not there"),
        ({"output": [PATIENTS], "deleted": [{"url": "gone"}], "error": [{"url": "bad"}]}, "names 2 files"),
        ({"output": [RENAMED, CONDITIONS]}, "names 1 files that are not there"),
        ({"output": [{**RENAMED, "count": 3}]}, "tells of 3 Patient, 2 are there"),
        ({"output": [{**PATIENTS, "count": "1"}, {**RENAMED, "count": 2}]}, "tells of 3 Patient, 2 are there"),
        ({"output": [{**RENAMED, "count": 2}, {**CONDITIONS, "count": 1}]}, "tells of 1 Condition, 0 are there"),
    ],
)
def test_an_export_that_was_copied_in_part_is_refused(
    config: Config, folder: Path, parts: dict[str, list[Content]], told: str
) -> None:
    a_copy(folder, "p1", "p2", **parts)
    with pytest.raises(GateError, match=told) as refused:
        pull_folder(config, folder)
    assert "/files/" not in str(refused.value)


@pytest.mark.parametrize(
    "parts",
    [
        {"output": [PATIENTS]},
        {"output": [RENAMED, RENAMED]},
        {"output": [{**RENAMED, "count": 2}, {**CONDITIONS, "count": 0}]},
        {"output": [PATIENTS, {"type": "Specimen", "url": "Specimen.ndjson"}]},  # of which nothing is asked
    ],
)
def test_a_whole_copy_of_an_export_is_read(config: Config, folder: Path, parts: dict[str, list[Content]]) -> None:
    a_copy(folder, "p1", "p2", **parts)
    assert len(landed_lines(config, pull_folder(config, folder))["Patient"]) == 2


def test_a_copy_with_more_than_its_manifest_says_is_told(config: Config, folder: Path) -> None:
    a_copy(folder, "p1", "p2", output=[{**PATIENTS, "count": 1}])
    [note] = pull_folder(config, folder).notes
    assert note == "the manifest of the export in its folder tells of 1 Patient, 2 are there"
    assert not pull_folder(replace(config, count_tolerance=1.0), folder, sequence=2).notes


def test_manifests_of_several_runs_hold_their_own_folders(config: Config, folder: Path) -> None:
    for name, patients in (("first", ("p1",)), ("second", ("p2",))):
        (folder / name).mkdir()
        a_copy(folder / name, *patients, output=[PATIENTS])
    assert len(landed_lines(config, pull_folder(config, folder))["Patient"]) == 2
    (folder / "second" / "1.Patient.ndjson").rename(folder / "second" / "2.Patient.ndjson")
    a_copy(folder / "second", "p2", output=[PATIENTS, {**PATIENTS, "url": "2.Patient.ndjson"}])
    (folder / "second" / "2.Patient.ndjson").unlink()
    with pytest.raises(GateError, match="names 1 files"):
        pull_folder(config, folder, sequence=2)

"""Packed files and zips of a folder: read as what lies beside them, and refused where they are damaged or too much."""

import gzip
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import UserError
from tests.support.folder_content import (
    a_bundle,
    a_patient,
    landed_ids,
    line,
    packed,
    pull_folder,
    put,
    spread,
)


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

"""A file is told by its place and its content, never by its ending alone."""

from pathlib import PurePosixPath
from typing import Any

import orjson
import pytest

from hi_fhir.fhir.bulk_manifest import manifest_of
from hi_fhir.sources.kinds import FileKind, kind_of

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1"}
BUNDLE = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": PATIENT}]}
DELETION = {"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": "Patient/p1"}}]}
MESSAGE = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
MANIFEST = {"transactionTime": "2025-03-30T23:30:00Z", "request": "https://elm.invalid/fhir/$export", "output": []}
LOG = [
    {"exportId": "1", "eventId": "kickoff", "eventDetail": {"exportUrl": "https://elm.invalid/fhir/$export"}},
    {"exportId": "1", "eventId": "status_complete", "eventDetail": {"transactionTime": "2025-03-30T23:30:00Z"}},
]


def line(*contents: Any) -> bytes:
    return b"".join(orjson.dumps(content) + b"\n" for content in contents)


def spread(content: Any) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def kind(path: str, head: bytes, *, is_all: bool = True) -> FileKind:
    return kind_of(PurePosixPath(path), head, is_all=is_all)


@pytest.mark.parametrize(
    ("path", "head", "expected"),
    [
        ("Patient.ndjson", line(PATIENT), FileKind("records", "Patient")),
        ("a/part-1.ndjson", line(PATIENT, PATIENT), FileKind("records", "Patient")),
        ("part-1.ndjson", b"not json\n" + line(PATIENT), FileKind("records", "Patient")),
        ("part-1.ndjson", b"\xef\xbb\xbf\n" + line(PATIENT), FileKind("records", "Patient")),
        ("x.ndjson", line({"resourceType": "Nonsense"}), FileKind("records", "Resource")),
        ("x.json", spread(PATIENT), FileKind("document")),
        ("x.ndjson", spread(BUNDLE), FileKind("document")),
        ("x.json", line(BUNDLE), FileKind("documents")),
        ("Bundle.ndjson", line(BUNDLE, BUNDLE), FileKind("documents")),
        ("x.json", line([PATIENT]), FileKind("document")),
        ("x.json", b"[\n" + line(PATIENT)[:-1] + b",\n" + line(PATIENT) + b"]", FileKind("document")),
        ("x.json", b'{"resourceType": "Bundle",\n"entry": [{"resource":\n{"id": "p"}\n}]}', FileKind("document")),
        ("deleted/1.Bundle.ndjson", line(DELETION), FileKind("records", "_deleted")),
        ("run-1/Deleted/1.json", spread(DELETION), FileKind("document", "_deleted")),
        ("deleted/1.Patient.ndjson", line(PATIENT), FileKind("records", "_deleted")),
        ("error/1.ndjson", line(MESSAGE), FileKind("records", "OperationOutcome")),
        ("error/1.json", spread(MESSAGE), FileKind("document", "OperationOutcome")),
        ("error/1.ndjson", b"it failed", FileKind("document", "OperationOutcome")),
        ("1.OperationOutcome.ndjson", line(MESSAGE), FileKind("records", "OperationOutcome")),
        ("example.json", line(MESSAGE), FileKind("documents")),
        ("example.json", spread(MESSAGE), FileKind("document")),
        ("log.ndjson", line(*LOG), FileKind("log", "", "2025-03-30T23:30:00Z", "https://elm.invalid/fhir/$export")),
        (
            "manifest.json",
            spread(MANIFEST),
            FileKind("manifest", "", "2025-03-30T23:30:00Z", "https://elm.invalid/fhir/$export", manifest_of(MANIFEST)),
        ),
        (
            "x.ndjson",
            line(MANIFEST),
            FileKind("manifest", "", "2025-03-30T23:30:00Z", "https://elm.invalid/fhir/$export", manifest_of(MANIFEST)),
        ),
        ("package.json", spread({"name": "x"}), FileKind("unreadable", "Resource")),
        ("x.json", b"{% highlight json %}\n" + spread(BUNDLE), FileKind("unreadable", "Resource")),
        ("Patient.ndjson", b"\xff\xfe\n" * 3, FileKind("unreadable", "Patient")),
        ("x.ndjson", b"a,b\n1,2\n", FileKind("unreadable", "Resource")),
        ("README", b"read me\n", FileKind("other")),
        ("Patient", line(PATIENT), FileKind("records", "Patient")),
        ("x.ndjson", b" \n\t\n", FileKind("empty")),
    ],
)
def test_a_file_is_what_it_holds(path: str, head: bytes, expected: FileKind) -> None:
    assert kind(path, head) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"resourceType":"Bundle","entry":[{"resource":{"res', FileKind("documents")),
        (b'{"entry":[{"resource":{"resourceType":"Patient","id', FileKind("documents")),
        (b'{"resourceType":"Patient","contained":[{"resourceType":"Bundle"', FileKind("records", "Patient")),
        (b'{\n  "entry": [\n', FileKind("document")),
        (line(PATIENT) + b'{"resourceTyp', FileKind("records", "Patient")),
        (b'["', FileKind("document")),
        (b"x" * 100, FileKind("unreadable", "Resource")),
    ],
)
def test_a_file_of_which_only_the_beginning_was_read_is_told_by_that(head: bytes, expected: FileKind) -> None:
    assert kind("x.json", head, is_all=False) == expected

"""A file is told by its place and its content, never by its ending alone."""

from pathlib import PurePosixPath
from typing import Any

import orjson
import pytest

from hi_fhir.fhir.bulk import manifest_of
from hi_fhir.sources.kinds import Kind, kind_of

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


def kind(path: str, head: bytes, *, is_all: bool = True) -> Kind:
    return kind_of(PurePosixPath(path), head, is_all=is_all)


@pytest.mark.parametrize(
    ("path", "head", "expected"),
    [
        ("Patient.ndjson", line(PATIENT), Kind("records", "Patient")),
        ("a/part-1.ndjson", line(PATIENT, PATIENT), Kind("records", "Patient")),
        ("part-1.ndjson", b"not json\n" + line(PATIENT), Kind("records", "Patient")),
        ("part-1.ndjson", b"\xef\xbb\xbf\n" + line(PATIENT), Kind("records", "Patient")),
        ("x.ndjson", line({"resourceType": "Nonsense"}), Kind("records", "Resource")),
        ("x.json", spread(PATIENT), Kind("document")),
        ("x.ndjson", spread(BUNDLE), Kind("document")),
        ("x.json", line(BUNDLE), Kind("documents")),
        ("Bundle.ndjson", line(BUNDLE, BUNDLE), Kind("documents")),
        ("x.json", line([PATIENT]), Kind("document")),
        ("x.json", b"[\n" + line(PATIENT)[:-1] + b",\n" + line(PATIENT) + b"]", Kind("document")),
        ("x.json", b'{"resourceType": "Bundle",\n"entry": [{"resource":\n{"id": "p"}\n}]}', Kind("document")),
        ("deleted/1.Bundle.ndjson", line(DELETION), Kind("records", "_deleted")),
        ("run-1/Deleted/1.json", spread(DELETION), Kind("document", "_deleted")),
        ("deleted/1.Patient.ndjson", line(PATIENT), Kind("records", "_deleted")),
        ("error/1.ndjson", line(MESSAGE), Kind("records", "OperationOutcome")),
        ("error/1.json", spread(MESSAGE), Kind("document", "OperationOutcome")),
        ("error/1.ndjson", b"it failed", Kind("document", "OperationOutcome")),
        ("1.OperationOutcome.ndjson", line(MESSAGE), Kind("records", "OperationOutcome")),
        ("example.json", line(MESSAGE), Kind("documents")),
        ("example.json", spread(MESSAGE), Kind("document")),
        ("log.ndjson", line(*LOG), Kind("log", "", "2025-03-30T23:30:00Z", "https://elm.invalid/fhir/$export")),
        (
            "manifest.json",
            spread(MANIFEST),
            Kind("manifest", "", "2025-03-30T23:30:00Z", "https://elm.invalid/fhir/$export", manifest_of(MANIFEST)),
        ),
        (
            "x.ndjson",
            line(MANIFEST),
            Kind("manifest", "", "2025-03-30T23:30:00Z", "https://elm.invalid/fhir/$export", manifest_of(MANIFEST)),
        ),
        ("package.json", spread({"name": "x"}), Kind("unreadable", "Resource")),
        ("x.json", b"{% highlight json %}\n" + spread(BUNDLE), Kind("unreadable", "Resource")),
        ("Patient.ndjson", b"\xff\xfe\n" * 3, Kind("unreadable", "Patient")),
        ("x.ndjson", b"a,b\n1,2\n", Kind("unreadable", "Resource")),
        ("README", b"read me\n", Kind("other")),
        ("Patient", line(PATIENT), Kind("records", "Patient")),
        ("x.ndjson", b" \n\t\n", Kind("empty")),
    ],
)
def test_a_file_is_what_it_holds(path: str, head: bytes, expected: Kind) -> None:
    assert kind(path, head) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"resourceType":"Bundle","entry":[{"resource":{"res', Kind("documents")),
        (b'{"entry":[{"resource":{"resourceType":"Patient","id', Kind("documents")),
        (b'{"resourceType":"Patient","contained":[{"resourceType":"Bundle"', Kind("records", "Patient")),
        (b'{\n  "entry": [\n', Kind("document")),
        (line(PATIENT) + b'{"resourceTyp', Kind("records", "Patient")),
        (b'["', Kind("document")),
        (b"x" * 100, Kind("unreadable", "Resource")),
    ],
)
def test_a_file_of_which_only_the_beginning_was_read_is_told_by_that(head: bytes, expected: Kind) -> None:
    assert kind("x.json", head, is_all=False) == expected

"""A JSON document gives the resources that it holds, each with the id and the references that it has within it."""

from typing import Any

import orjson
import pytest

from hi_fhir.sources.documents import Document, NotRecordsError, read_document
from hi_fhir.tables.tombstones import DELETED_FOLDER, read_deletions

UUID = "0b1c2d3e-0000-4000-8000-00000000000a"
URN = f"urn:uuid:{UUID}"


def a_bundle(*entries: Any, type_: str = "collection", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type_, **more, "entry": list(entries)}


def a_patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **more}


def about(reference: str) -> dict[str, Any]:
    return {"resource": {"resourceType": "Condition", "id": "c1", "subject": {"reference": reference}}}


def read(content: Any) -> Document:
    return read_document(content if isinstance(content, bytes) else orjson.dumps(content, option=orjson.OPT_INDENT_2))


def resources(content: Any) -> list[dict[str, Any]]:
    return [orjson.loads(record.line) for record in read(content).records]


@pytest.mark.parametrize("type_", ["transaction", "batch", "collection", "searchset", "history", "document", "message"])
def test_a_bundle_of_any_type_gives_the_resources_of_its_entries(type_: str) -> None:
    found = read(a_bundle({"resource": a_patient(id="p1")}, {"resource": a_patient(id="p2")}, type_=type_))
    assert [(record.type, orjson.loads(record.line)["id"]) for record in found.records] == [
        ("Patient", "p1"),
        ("Patient", "p2"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        a_patient(id="p1"),
        [a_patient(id="p1")],
        [a_bundle({"resource": a_patient(id="p1")})],
        a_bundle({"resource": a_bundle({"resource": a_patient(id="p1")})}),
        b'\xef\xbb\xbf {"resourceType": "Patient",\r\n "id": "p1"}\n',
    ],
)
def test_every_layout_gives_one_line_a_resource(content: Any) -> None:
    [record] = read(content).records
    assert b"\n" not in record.line
    assert b"\r" not in record.line
    assert orjson.loads(record.line) == a_patient(id="p1")


def test_a_newline_in_a_text_stays_as_it_is_written() -> None:
    [found] = resources(a_patient(id="p1", note="one\ntwo"))
    assert found["note"] == "one\ntwo"


def test_an_entry_without_an_id_takes_that_of_its_address() -> None:
    post = {"fullUrl": URN, "resource": a_patient(), "request": {"method": "POST", "url": "Patient"}}
    put = {"fullUrl": "urn:uuid:x", "resource": a_patient(name=[{"id": "n"}])}
    put["request"] = {"method": "PUT", "url": "Patient/p2"}
    rest = {"fullUrl": "http://elm.invalid/fhir/Patient/p3", "resource": a_patient(id=None)}
    found = resources(a_bundle(post, put, rest, about(URN), about("urn:uuid:x")))
    assert [one["id"] for one in found[:3]] == [UUID, "p2", "p3"]
    assert [one["subject"]["reference"] for one in found[3:]] == [URN, "Patient/p2"]


@pytest.mark.parametrize(
    "address", [URN, URN.upper(), "urn:oid:2.16.840.1", "http://elm.invalid/any/thing", "Patient/x", "Person/p1"]
)
def test_references_to_an_address_lead_to_the_id_of_its_entry(address: str) -> None:
    entry = {"fullUrl": address, "resource": a_patient(id="p1")}
    _, found = resources(a_bundle(entry, about(address)))
    assert found["subject"]["reference"] == "Patient/p1"


def test_an_address_in_another_letter_case_and_with_escaped_slashes_is_the_same() -> None:
    entry = {"fullUrl": "http://elm.invalid/any", "resource": a_patient(id="p1")}
    other = {"fullUrl": URN, "resource": a_patient(id="p2")}
    content = orjson.dumps(a_bundle(entry, other, about("http://elm.invalid/any"), about(URN.upper())))
    found = resources(content.replace(b'"http://elm.invalid/any"}', b'"http:\\/\\/elm.invalid\\/any"}'))
    assert [one["subject"]["reference"] for one in found[2:]] == ["Patient/p1", "Patient/p2"]


def test_what_only_looks_like_a_reference_is_left_alone() -> None:
    entry = {"fullUrl": URN, "resource": a_patient(id="p1", identifier=[{"value": URN}])}
    found, _ = resources(a_bundle(entry, about(URN)))
    assert found["identifier"] == [{"value": URN}]


@pytest.mark.parametrize("reference", ["Practitioner?name=x|1", "Patient?identifier=x|1", "Patient/p9", "urn:uuid:9"])
def test_references_beyond_the_bundle_stay_as_they_are(reference: str) -> None:
    _, found = resources(a_bundle({"fullUrl": URN, "resource": a_patient(id="p1")}, about(reference)))
    assert found["subject"]["reference"] == reference


def test_the_bases_of_addresses_are_told() -> None:
    entries = [
        {"fullUrl": "https://elm.invalid/fhir/Patient/p1", "resource": a_patient(id="p1")},
        {"fullUrl": "https://oak.invalid/fhir/Patient/p2", "resource": a_patient(id="other")},
        {"fullUrl": URN, "resource": a_patient(id="p3")},
    ]
    assert read(a_bundle(*entries)).bases == {"https://elm.invalid/fhir"}


def test_a_deletion_is_one_at_the_instant_of_its_entry_or_bundle() -> None:
    request = {"method": "DELETE", "url": "Patient/p1"}
    entry = {"request": request, "response": {"lastModified": "2025-01-02T03:04:05Z"}}
    bundle = a_bundle(entry, {"request": request}, type_="history", timestamp="2025-02-03T00:00:00Z")
    found = list(read(bundle).records)
    assert {record.type for record in found} == {DELETED_FOLDER}
    deletions = [read_deletions(record.line)[0] for record in found]
    assert [(one.type, one.id, one.at.isoformat()) for one in deletions] == [
        ("Patient", "p1", "2025-01-02T03:04:05+00:00"),
        ("Patient", "p1", "2025-02-03T00:00:00+00:00"),
    ]


def test_a_version_in_a_history_is_dated_by_its_entry_where_it_is_not_by_itself() -> None:
    response = {"lastModified": "2025-01-02T03:04:05Z", "etag": 'W/"7"'}
    own = a_patient(id="p2", meta={"lastUpdated": "2024-01-01T00:00:00Z", "versionId": "1"})
    entries = [{"resource": a_patient(id="p1"), "response": response}, {"resource": own, "response": response}]
    first, second = resources(a_bundle(*entries, type_="history"))
    assert first["meta"] == {"lastUpdated": "2025-01-02T03:04:05Z", "versionId": "7"}
    assert second == own


def test_entries_without_a_resource_and_messages_are_counted() -> None:
    message = {"resource": {"resourceType": "OperationOutcome", "issue": []}, "search": {"mode": "outcome"}}
    found = read(a_bundle(message, None, {"fullUrl": URN}, {"resource": None}, {"request": {"method": "GET"}}))
    assert (list(found.records), found.messages, found.empty) == ([], 1, 4)


def test_a_broken_entry_costs_no_other() -> None:
    found = read(a_bundle({"resource": 5}, {"resource": {"id": "x"}}, {"resource": a_patient(id="p1")}))
    assert [record.type for record in found.records] == ["", "", "Patient"]


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"a": 1}', b"[1, 2]", b'[{"a": 1}]', b"5", b'{"resourceType": "Bundle", "entry": 5}', b"["],
)
def test_what_is_no_document_of_fhir_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(NotRecordsError):
        read_document(content)

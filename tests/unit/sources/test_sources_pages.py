"""A page's matches become raw lines; what came along is counted, and a parameter that was passed over is seen."""

from typing import Any

import orjson
import pytest

from hi_fhir.sources.chunks import LaneTally
from hi_fhir.sources.pages import Distinct, decode_bundle, dropped_parameter, take


def landed(body: bytes) -> tuple[list[bytes], LaneTally, int]:
    tally, distinct = LaneTally(), Distinct()
    page = take(decode_bundle(body), tally, distinct, pretty=b"\n" in body)
    lines = [line + b"\n" for line in page.lines.split(b"\n")[:-1]]
    assert len(lines) == page.records
    return lines, tally, distinct.count()


def a_bundle(*entries: Any, **more: Any) -> bytes:
    return orjson.dumps({"resourceType": "Bundle", "type": "searchset", "entry": list(entries), **more})


def test_resources_are_landed_as_they_were_written() -> None:
    body = b'{"resourceType":"Bundle","entry":[{"resource": {"id":"p1",  "resourceType" :"Patient","x":1.50e1} },'
    body += b'{"resource":{"resourceType":"Patient","id":"p1","id":"p2"}}]}'
    lines, _, distinct = landed(body)
    assert lines == [
        b'{"id":"p1",  "resourceType" :"Patient","x":1.50e1}\n',
        b'{"resourceType":"Patient","id":"p1","id":"p2"}\n',
    ]
    assert distinct == 1


def test_newlines_in_a_pretty_entry_become_spaces() -> None:
    body = b'{"resourceType": "Bundle",\n "entry": [{\n"resource": {\n  "resourceType": "Patient",\r\n "id": "p1"\n}}]}'
    lines, _, distinct = landed(body)
    assert lines == [b'{   "resourceType": "Patient",\r  "id": "p1" }\n']
    assert distinct == 1


def test_what_came_along_is_counted_by_its_own_type_and_not_landed() -> None:
    lines, tally, distinct = landed(
        a_bundle(
            {"resource": {"resourceType": "Patient", "id": "p1"}, "search": {"mode": "match"}},
            {"resource": {"resourceType": "Practitioner", "id": "g1"}, "search": {"mode": "include"}},
            {"resource": {"resourceType": "../../etc", "id": "g1"}, "search": {"mode": "include"}},
            {"resource": {"resourceType": "OperationOutcome", "issue": []}, "search": {"mode": "outcome"}},
            {"resource": {"resourceType": "OperationOutcome", "id": "1"}},
            {"fullUrl": "urn:uuid:1"},
            {"resource": None},
            None,
        )
    )
    assert len(lines) == distinct == 1
    assert tally.included == {"Practitioner": 1, "Resource": 1}
    assert (tally.outcomes, tally.empty) == (2, 3)


def test_what_cannot_be_read_is_landed_for_quarantine() -> None:
    lines, _, distinct = landed(a_bundle({"resource": 5}, {"resource": {"id": 5}}, {"resource": "x"}, {"resource": 5}))
    assert lines == [b"5\n", b'{"id":5}\n', b'"x"\n', b"5\n"]
    assert distinct == 3


@pytest.mark.parametrize("body", [b'{"resourceType": "Bundle"}', b'{"resourceType": "Bundle", "entry": null}'])
def test_a_page_may_be_empty(body: bytes) -> None:
    assert landed(body) == ([], LaneTally(), 0)


SENT = [("code", "a|1,a|2"), ("_lastUpdated", "ge2025"), ("_lastUpdated", "lt2026")]


@pytest.mark.parametrize(
    ("link", "dropped"),
    [
        ("http://example.invalid/fhir/Observation?code=a%7C1,a%7C2&_lastUpdated=ge2025&_lastUpdated=lt2026", None),
        ("?_count=5&_lastUpdated=lt2026&_lastUpdated=ge2025&code:text=a|1,a|2", None),
        ("?code=a|1,a|2&_lastUpdated=ge2025", "_lastUpdated"),
        ("?_lastUpdated=ge2025&_lastUpdated=lt2026", "code"),
        ("?code=a|1&_lastUpdated=ge2025&_lastUpdated=lt2026", "code"),
        ("?code=a|1\\,a|2&_lastUpdated=ge2025&_lastUpdated=lt2026", "code"),
        ("http://example.invalid/fhir/Observation", "code"),
        (None, None),
    ],
)
def test_a_self_link_shows_what_was_passed_over(link: str | None, dropped: str | None) -> None:
    assert dropped_parameter(SENT, link, posted=False) == dropped


def test_a_self_link_without_a_query_tells_nothing_of_a_posted_search() -> None:
    assert dropped_parameter(SENT, "http://example.invalid/fhir/Observation/_search", posted=True) is None
    assert dropped_parameter(SENT, "http://example.invalid/fhir/Observation/_search?x=1", posted=True) == "code"

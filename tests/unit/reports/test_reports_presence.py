"""What a server is asked of what it has of ours, and what is made of its answers, which may be of any shape."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.fhir.client import FhirClient
from hi_fhir.fhir.settings import source_client
from hi_fhir.reports.sending.presence import Presence, Present
from hi_fhir.reports.sending.updates import definition_update

BASE = "http://example.invalid/fhir"
SYSTEM = "urn:example"
MEASURE = b'{"id":"m","resourceType":"Measure","url":"http://example.invalid/m","version":"1","title":"M"}'


@pytest.fixture
def presence() -> Iterator[Presence]:
    source = SourceSettings(name="publish", address=BASE)
    with FhirClient(source_client(Config(tries=1), source), FixedClock(datetime(2025, 4, 2, tzinfo=UTC))) as client:
        yield Presence(client)


def a_report(value: str, **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "MeasureReport",
        "id": f"id-{value}",
        "meta": {"versionId": "3"},
        "identifier": [{"system": SYSTEM, "value": value}],
        "reporter": {"reference": "http://example.invalid/fhir/Organization/7", "identifier": {"value": "A"}},
        **fields,
    }


def bundle(*resources: Any, following: str | None = None) -> dict[str, Any]:
    links = [{"relation": "next", "url": following}] if following else []
    return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": [{"resource": r} for r in resources]}


def asked(call: int = 0) -> dict[str, list[str]]:
    return parse_qs(urlsplit(responses.calls[call].request.url).query)


@responses.activate
def test_reports_are_asked_for_by_identifier_with_what_they_are_known_by(presence: Presence) -> None:
    responses.get(f"{BASE}/MeasureReport", json=bundle(a_report("a")))

    assert presence.reports(SYSTEM, ["a", "b"]) == {"a": Present("MeasureReport/id-a", "3", "Organization/7")}
    assert asked() == {
        "identifier": [f"{SYSTEM}|a,{SYSTEM}|b"],
        "_count": ["2"],
        "_elements": ["id,meta,identifier,reporter"],
    }
    assert responses.calls[0].request.headers["Prefer"] == "handling=lenient"


@responses.activate
def test_many_are_asked_for_in_several_searches(presence: Presence) -> None:
    responses.get(f"{BASE}/MeasureReport", json=bundle())

    assert presence.reports(SYSTEM, [str(number) for number in range(90)]) == {}
    assert [asked(call)["_count"] for call in range(3)] == [["40"], ["40"], ["10"]]


@responses.activate
def test_next_links_are_followed_and_no_more_of_them_than_there_can_be(presence: Presence) -> None:
    following = f"{BASE}?_getpages=1"
    responses.get(f"{BASE}/MeasureReport", json=bundle(a_report("a"), following=following))
    responses.get(BASE, json=bundle(a_report("b"), following=following))

    assert list(presence.reports(SYSTEM, ["a", "b", "c"]) or ()) == ["a"]  # b came twice
    assert len(responses.calls) == 3


@responses.activate
@pytest.mark.parametrize(
    "resource",
    [
        a_report("another"),
        a_report("a", identifier=[{"system": "urn:other", "value": "a"}]),
        a_report("a", identifier="a"),
        a_report("a", identifier=[None, {"value": 1}]),
        a_report("a", resourceType="OperationOutcome"),
        None,
        "text",
    ],
)
def test_what_a_server_brings_along_is_none_of_ours(presence: Presence, resource: Any) -> None:
    responses.get(f"{BASE}/MeasureReport", json=bundle(resource))

    assert presence.reports(SYSTEM, ["a"]) == {}


@responses.activate
@pytest.mark.parametrize(
    "fields", [{"meta": None, "reporter": None}, {"meta": {"versionId": 3}, "reporter": {"identifier": {}}}]
)
def test_what_a_report_does_not_say_is_not_known(presence: Presence, fields: dict[str, Any]) -> None:
    responses.get(f"{BASE}/MeasureReport", json=bundle(a_report("a", **fields)))

    assert presence.reports(SYSTEM, ["a"]) == {"a": Present("MeasureReport/id-a", None, None)}


@responses.activate
@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_a_server_that_does_not_serve_the_search_says_nothing(presence: Presence, status: int) -> None:
    for type_ in ("MeasureReport", "Organization", "Measure"):
        responses.get(f"{BASE}/{type_}", status=status)

    assert presence.reports(SYSTEM, ["a"]) is None
    assert presence.organisations([(SYSTEM, "A")]) is None
    assert presence.definitions([definition_update(MEASURE)]) is None


@responses.activate
@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_fails_or_refuses_us_is_an_error(presence: Presence, status: int) -> None:
    responses.get(f"{BASE}/MeasureReport", status=status)

    with pytest.raises(SourceError, match=str(status)):
        presence.reports(SYSTEM, ["a"])


@responses.activate
def test_organisations_are_known_by_where_they_are(presence: Presence) -> None:
    there = {"resourceType": "Organization", "id": "7", "identifier": [{"system": SYSTEM, "value": "A"}]}
    responses.get(f"{BASE}/Organization", json=bundle(there, {**there, "id": "8"}))

    assert presence.organisations([(SYSTEM, "A"), (SYSTEM, "B")]) == {"Organization/7", "Organization/8"}


@responses.activate
@pytest.mark.parametrize(
    ("changed", "is_there"),
    [
        ({}, True),
        ({"id": "9", "meta": {"versionId": "2"}, "text": {"status": "generated"}, "date": "2025-01-01"}, True),
        ({"title": "Another"}, False),
        ({"version": "2"}, False),
        ({"url": "http://example.invalid/n"}, False),
    ],
)
def test_a_measure_is_there_where_it_says_what_ours_says(
    presence: Presence, changed: dict[str, Any], is_there: bool
) -> None:
    ours = definition_update(MEASURE)
    responses.get(f"{BASE}/Measure", json=bundle({**ours.resource, **changed}))

    assert presence.definitions([ours]) == (frozenset({ours.key}) if is_there else frozenset())
    assert asked() == {"url": ["http://example.invalid/m"], "_count": ["1"]}

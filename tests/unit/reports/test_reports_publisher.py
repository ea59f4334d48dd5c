"""How reports reach a server that refuses some of what it is sent."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import responses
from requests import PreparedRequest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.fhir.client import FhirClient
from hi_fhir.fhir.settings import source_client
from hi_fhir.reports.sending.publisher import FhirPublisher, SentEntry
from hi_fhir.reports.sending.updates import Update, report_update

BASE = "http://example.invalid/fhir"
CLOCK = FixedClock(datetime(2025, 4, 2, tzinfo=UTC))
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"

Reply = tuple[int, dict[str, str], str]
Answering = Callable[["Asked"], int | Reply | None]


@dataclass(frozen=True)
class Asked:
    """A request as the fake server sees it. names: identifiers of the reports in it."""

    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def is_transaction(self) -> bool:
        return self.body["resourceType"] == "Bundle"

    @property
    def resources(self) -> list[dict[str, Any]]:
        return [entry["resource"] for entry in self.body["entry"]] if self.is_transaction else [self.body]

    @property
    def names(self) -> list[str]:
        reports = [resource for resource in self.resources if resource["resourceType"] == "MeasureReport"]
        return [report["identifier"][0]["value"] for report in reports]


@dataclass
class FakeServer:
    """Takes everything but what `answering` objects to, with a status or a reply."""

    answering: Answering = lambda asked: None
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, request: PreparedRequest) -> Reply:
        assert isinstance(request.body, bytes)
        path = str(request.url).removeprefix(BASE)
        asked = Asked(str(request.method), path, orjson.loads(request.body), dict(request.headers))
        self.asked.append(asked)
        answer = self.answering(asked)
        if isinstance(answer, int):
            return answer, {}, ""
        return answer or self._taken(asked)

    def _taken(self, asked: Asked) -> Reply:
        if not asked.is_transaction:
            return 201, {"Location": f"{BASE}/{self._id(asked.body)}/_history/1", "ETag": 'W/"1"'}, ""
        entries = [
            {"response": {"status": "201", "location": f"{self._id(one)}/_history/1"}} for one in asked.resources
        ]
        return 200, {}, orjson.dumps({"resourceType": "Bundle", "entry": entries}).decode()

    def _id(self, resource: dict[str, Any]) -> str:
        return f"{resource['resourceType']}/x-{resource['identifier'][0]['value']}"

    @property
    def sizes(self) -> list[int]:
        """How many reports each transaction had; 0 a single write."""
        return [len(asked.names) if asked.is_transaction else 0 for asked in self.asked]


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def a_report(name: str, practice: str = "A99001") -> Update:
    content = {
        "resourceType": "MeasureReport",
        "id": f"mr-{name}",
        "identifier": [{"system": "urn:x", "value": name}],
        "reporter": {"identifier": {"system": ODS, "value": practice}},
    }
    return report_update(orjson.dumps(content))


def published(
    web: responses.RequestsMock, server: FakeServer, entries: Sequence[Update], *, pauses: list[float] | None = None
) -> dict[str, SentEntry]:
    """What became of each entry, by its key."""
    for method in ("POST", "PUT"):
        web.add_callback(method, re.compile(rf"{BASE}.*"), server)
    config = Config(tries=3, retry_after_cap_s=0)
    slept = [] if pauses is None else pauses
    settings = source_client(config, SourceSettings("publish", BASE, token="letmein"))
    with FhirClient(settings, CLOCK, slept.append) as client:
        publisher = FhirPublisher(client, config.tries, slept.append)
        settled = [delivery for deliveries in publisher.publish(entries) for delivery in deliveries]
    assert len({delivery.entry.key for delivery in settled}) == len(settled), "nothing is settled twice"
    return {delivery.entry.key: delivery for delivery in settled}


def the(names: Sequence[str]) -> list[Update]:
    return [a_report(name) for name in names]


def test_reports_go_in_one_transaction_and_each_has_its_own_outcome(web: responses.RequestsMock) -> None:
    server = FakeServer()

    settled = published(web, server, the("abc"))

    assert server.sizes == [3]
    assert server.asked[0].headers["Content-Type"] == "application/fhir+json"
    assert {key: one.outcome.location for key, one in settled.items()} == {
        key: f"MeasureReport/x-{key}/_history/1" for key in "abc"
    }


def test_a_report_that_fails_costs_no_other(web: responses.RequestsMock) -> None:
    server = FakeServer(lambda asked: 422 if "d" in asked.names else None)

    settled = published(web, server, the("abcdefgh"))

    assert {key for key, one in settled.items() if one.outcome.is_stored} == set("abcefgh")
    assert settled["d"].outcome.status == 422
    assert server.sizes == [8, 4, 2, 2, 0, 0, 4], "halves, down to two single writes"


@pytest.mark.parametrize("status", [400, 412, 413, 500])
def test_a_transaction_that_is_refused_goes_in_halves(web: responses.RequestsMock, status: int) -> None:
    server = FakeServer(lambda asked: status if len(asked.names) > 2 else None)

    settled = published(web, server, the("abcdefgh"))

    assert server.sizes == [8, 4, 2, 2, 4, 2, 2]
    assert all(one.outcome.is_stored for one in settled.values())


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_transactions_gets_single_writes_at_once(web: responses.RequestsMock, status: int) -> None:
    server = FakeServer(lambda asked: status if asked.is_transaction else None)

    settled = published(web, server, the("abcd"))

    assert [asked.path for asked in server.asked[1:]] == [
        "/Organization",
        *(f"/MeasureReport?identifier=urn%3Ax%7C{name}" for name in "abcd"),
    ]
    assert server.asked[1].headers["If-None-Exist"] == a_report("a").reporter.condition
    assert server.asked[2].body["reporter"]["reference"] == "Organization/x-A99001"
    assert all(one.outcome.is_stored for one in settled.values())


def test_a_reporter_that_the_server_has_several_of_is_told_by_identifier_alone(web: responses.RequestsMock) -> None:
    def several(asked: Asked) -> int | None:
        created = [one for one in asked.resources if one["resourceType"] == "Organization"]
        return 412 if any(one["identifier"][0]["value"] == "A99002" for one in created) else None

    server = FakeServer(several)
    entries = [*the("abcd"), *(a_report(name, "A99002") for name in "efgh")]

    settled = published(web, server, entries)

    assert all(one.outcome.is_stored for one in settled.values())
    assert server.sizes == [8, 4, 4, 2, 0, 0, 0, 2]
    assert [one["reporter"] for one in server.asked[-1].resources] == [
        {"identifier": {"system": ODS, "value": "A99002"}}
    ] * 2


def test_a_reporter_that_we_may_not_create_is_told_by_identifier_alone(web: responses.RequestsMock) -> None:
    def no_organisations(asked: Asked) -> int | None:
        return 403 if any(one["resourceType"] == "Organization" for one in asked.resources) else None

    settled = published(web, FakeServer(no_organisations), the("ab"))

    assert all(one.outcome.is_stored for one in settled.values())


def test_an_entry_refused_within_an_accepted_transaction_is_sent_by_itself(web: responses.RequestsMock) -> None:
    def loose(asked: Asked) -> Reply | None:
        if not asked.is_transaction:
            return None
        entries = [{"response": {"status": "409" if one.get("id") else "201"}} for one in asked.resources]
        entries[-1] = {"response": {"status": "422"}}
        return 200, {}, orjson.dumps({"entry": entries}).decode()

    server = FakeServer(loose)

    settled = published(web, server, the("abc"))

    assert [asked.names for asked in server.asked] == [["a", "b", "c"], [], ["c"]]
    assert all(one.outcome.is_stored for one in settled.values())


def test_an_answer_that_does_not_tell_of_every_entry_is_not_believed(web: responses.RequestsMock) -> None:
    server = FakeServer(lambda asked: (200, {}, '{"entry": []}') if asked.is_transaction else None)

    settled = published(web, server, the("abc"))

    assert [asked.names for asked in server.asked if not asked.is_transaction and asked.names] == [["a"], ["b"], ["c"]]
    assert all(one.outcome.is_stored for one in settled.values())


@pytest.mark.parametrize(
    "race",
    [409, (500, {}, '{"resourceType": "OperationOutcome", "issue": [{"diagnostics": "HAPI-2223: raced"}]}')],
)
def test_a_race_is_run_again_after_a_pause(web: responses.RequestsMock, race: int | Reply) -> None:
    answers = iter([race, race])
    pauses: list[float] = []
    server = FakeServer(lambda asked: next(answers, None))

    settled = published(web, server, the("ab"), pauses=pauses)

    assert server.sizes == [2, 2, 2]
    assert pauses == [0.1, 0.2]
    assert all(one.outcome.is_stored for one in settled.values())


def test_a_race_that_does_not_end_is_a_failed_entry(web: responses.RequestsMock) -> None:
    server = FakeServer(lambda asked: 409 if "a" in asked.names else None)

    settled = published(web, server, the("ab"))

    assert settled["a"].outcome.status == 409
    assert settled["b"].outcome.is_stored


def test_a_transaction_that_takes_too_long_goes_in_halves(web: responses.RequestsMock) -> None:
    server = FakeServer(lambda asked: 504 if len(asked.names) > 2 else None)

    settled = published(web, server, the("abcd"))

    assert server.sizes == [4, 4, 4, 2, 2]
    assert all(one.outcome.is_stored for one in settled.values())


def test_a_server_that_is_away_ends_it_after_all_tries(web: responses.RequestsMock) -> None:
    server = FakeServer(lambda asked: 503)

    with pytest.raises(SourceError, match="Tried 3 times"):
        published(web, server, the("ab"))

    assert server.sizes == [2, 2, 2]


def test_a_token_that_is_not_taken_ends_it_at_once(web: responses.RequestsMock) -> None:
    server = FakeServer(lambda asked: 401)

    with pytest.raises(SourceError, match="does not take the token") as refused:
        published(web, server, the("abcd"))

    assert server.asked[0].headers["Authorization"] == "Bearer letmein"
    assert len(server.asked) == 1
    assert "letmein" not in str(refused.value)


def test_a_web_page_in_place_of_an_answer_ends_it_since_the_address_is_wrong(web: responses.RequestsMock) -> None:
    server = FakeServer(lambda asked: (200, {"Content-Type": "text/html"}, "<html>Sign in</html>"))

    with pytest.raises(SourceError, match="is /fhir missing"):
        published(web, server, the("ab"))


def test_a_single_report_needs_no_transaction(web: responses.RequestsMock) -> None:
    server = FakeServer()

    published(web, server, the("a"))

    assert [(asked.method, asked.path.partition("?")[0]) for asked in server.asked] == [
        ("POST", "/Organization"),
        ("PUT", "/MeasureReport"),
    ]

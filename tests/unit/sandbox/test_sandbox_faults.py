from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import orjson
import pytest
import requests

from hi_fhir.core.errors import ConfigError
from hi_fhir.sandbox.faults import KINDS, Faults, parse
from hi_fhir.sandbox.server import Running, serve
from tests.support.fhir_records import a_patient

ASYNC = {"Prefer": "respond-async"}


def a_sandbox(faults: str) -> AbstractContextManager[Running]:
    resources = [a_patient(f"p{n}", gender="female") for n in range(5)]
    return serve(resources, port=0, faults=parse(faults), data_date=date(2025, 4, 2))


def get(running: Running, path: str, **options: Any) -> requests.Response:
    return requests.get(f"{running.base_url}/{path}", timeout=5, **options)


def links(answer: requests.Response) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in answer.json()["link"]}


def ids(answer: requests.Response) -> list[str]:
    return [entry["resource"]["id"] for entry in answer.json()["entry"]]


def test_the_same_seed_strikes_the_same_requests():
    def struck(seed: int) -> list[bool]:
        faults = parse("html-body:0.5", seed)
        return [faults.applies("html-body", str(n)) for n in range(50)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)


def test_a_share_is_of_the_distinct_requests():
    faults = parse("429:0.1")

    assert 70 < sum(faults.applies("429", str(n)) for n in range(1000)) < 130


def test_a_passing_fault_strikes_once_and_a_lasting_one_each_time():
    faults = parse("429:1,html-body")

    assert [faults.applies("429", "a") for _ in range(3)] == [True, False, False]
    assert [faults.applies("html-body", "a") for _ in range(3)] == [True, True, True]
    assert not Faults({}).applies("429", "a")


@pytest.mark.parametrize(
    ("text", "what_to_do"),
    [
        ("rain", "Known ones: 429, 503"),
        ("429:often", "Write a number from 0 to 1"),
        ("429:1.5", "Write a number from 0 to 1"),
        ("slow:-1", "Write a number from 0 to 1"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_to_do(text, what_to_do):
    with pytest.raises(ConfigError, match=what_to_do):
        parse(text)


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"), [("429", 429, "1"), ("503", 503, "Wed, 02 Apr 2025 12:00:01 GMT")]
)
def test_a_busy_server_says_when_to_come_back(kind, status, retry_after):
    with a_sandbox(f"{kind}:1") as running:
        first, second = get(running, "Patient"), get(running, "Patient")

    assert (first.status_code, first.headers["Retry-After"]) == (status, retry_after)
    assert (second.status_code, len(ids(second))) == (200, 5)


def test_a_search_that_expires_can_be_begun_again():
    with a_sandbox("410-mid-search:1") as running:
        following = links(get(running, "Patient?_count=2"))["next"]
        gone = [requests.get(following, timeout=5).status_code for _ in range(2)]
        anew = links(get(running, "Patient?_count=2"))["next"]
        second = requests.get(anew, timeout=5)

    assert gone == [410, 410]
    assert ids(second) == ["p2", "p3"]


def test_links_of_an_export_expire_until_the_manifest_is_fetched_again():
    with a_sandbox("expired-links:1") as running:
        status = get(running, "$export?_type=Patient", headers=ASYNC).headers["Content-Location"]
        manifests = [requests.get(status, timeout=5) for _ in range(3)][1:]
        first, second = (manifest.json()["output"][0]["url"] for manifest in manifests)
        answers = [requests.get(url, timeout=5).status_code for url in (first, first, second)]

    assert answers == [410, 410, 200]


def test_a_truncated_body_is_shorter_than_it_says():
    with a_sandbox("truncated-body:1") as running:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            get(running, "Patient")
        whole = get(running, "Patient")

    assert len(ids(whole)) == 5


def test_a_page_that_comes_twice_does_not_come_for_ever():
    with a_sandbox("duplicate-pages:1") as running:
        answer, seen = get(running, "Patient?_count=3"), []
        while True:
            seen += ids(answer)
            if "next" not in links(answer):
                break
            answer = requests.get(links(answer)["next"], timeout=5)

    assert seen == ["p0", "p1", "p2", "p0", "p1", "p2", "p3", "p4", "p3", "p4"]


def test_a_foreign_next_link_is_to_another_host():
    with a_sandbox("foreign-next-link") as running:
        found = links(get(running, "Patient?_count=2"))

    assert found["next"].startswith("http://elsewhere.invalid/fhir?_getpages=")


def test_a_next_link_loop_comes_back_to_its_own_page():
    with a_sandbox("next-link-loop") as running:
        following = links(get(running, "Patient?_count=2"))["next"]
        found = links(requests.get(following, timeout=5))

    assert found["next"] == found["self"] == following


def test_a_dropped_parameter_is_missing_from_the_self_link():
    with a_sandbox("dropped-parameter") as running:
        answer = get(running, "Patient?gender=female&_id=p1&_count=5")
        plain = get(running, "Patient?_count=5")

    assert links(answer)["self"] == f"{running.base_url}/Patient?gender=female&_count=5"
    assert ids(answer) == ids(plain) == ["p0", "p1", "p2", "p3", "p4"]


@pytest.mark.parametrize(
    ("kind", "content_type", "start"),
    [
        ("html-body", "text/html", b"<html>"),
        ("operation-outcome-200", "application/fhir+json; charset=utf-8", b'{"resourceType":"OperationOutcome"'),
    ],
)
def test_a_wrong_body_comes_with_status_200(kind, content_type, start):
    with a_sandbox(kind) as running:
        answer = get(running, "Patient")
        metadata = get(running, "metadata")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert answer.content.startswith(start)
    assert metadata.json()["resourceType"] == "CapabilityStatement"


def test_an_export_that_is_not_supported_is_told():
    with a_sandbox("export-unsupported") as running:
        answer = get(running, "Patient/$export", headers=ASYNC)

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "not-supported")


def put_of(number: int) -> dict[str, Any]:
    patient = a_patient(f"new{number}")
    return {"request": {"method": "PUT", "url": f"Patient/new{number}"}, "resource": patient}


def send(running: Running, entries: int) -> requests.Response:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [put_of(n) for n in range(entries)]}
    content = {"Content-Type": "application/fhir+json"}
    return requests.post(running.base_url, data=orjson.dumps(bundle), headers=content, timeout=5)


def test_a_transaction_that_is_too_long_goes_in_parts():
    with a_sandbox("413") as running:
        answers = [send(running, entries).status_code for entries in (6, 5)]

    assert answers == [413, 200]


def test_a_server_without_transactions_still_takes_single_writes():
    with a_sandbox("no-transactions") as running:
        refused = [send(running, 1).status_code for _ in range(2)]
        single = requests.put(f"{running.base_url}/Patient/new", json=a_patient("new"), timeout=5)

    assert refused[0] == refused[1]
    assert refused[0] in (400, 405, 501)
    assert single.status_code == 201


@pytest.mark.parametrize("kind", ["409", "412"])
def test_a_write_that_conflicts_goes_through_the_second_time(kind):
    with a_sandbox(f"{kind}:1") as running:
        answers = [send(running, 1).status_code for _ in range(2)]

    assert answers == [int(kind), 200]


def test_a_slow_server_answers_in_the_end(monkeypatch):
    naps: list[float] = []
    monkeypatch.setattr("hi_fhir.sandbox.misbehaviour.time.sleep", naps.append)

    with a_sandbox("slow:1") as running:
        answers = [get(running, "Patient").status_code for _ in range(2)]

    assert (answers, naps) == ([200, 200], [0.25])


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if not kind.lasts])
def test_a_client_that_tries_again_gets_everything_where_the_fault_passes(kind, monkeypatch):
    monkeypatch.setattr("hi_fhir.sandbox.misbehaviour.time.sleep", lambda _: None)
    with a_sandbox(f"{kind}:1") as running:
        url, seen, tries = f"{running.base_url}/Patient?_count=2", set(), 0
        while url and (tries := tries + 1) < 30:
            try:
                answer = requests.get(url, timeout=5)
            except requests.exceptions.ChunkedEncodingError:
                continue
            if answer.status_code == 410:
                url = f"{running.base_url}/Patient?_count=2"
            elif answer.status_code == 200:
                seen |= set(ids(answer))
                url = links(answer).get("next")

    assert (url, sorted(seen)) == (None, ["p0", "p1", "p2", "p3", "p4"])

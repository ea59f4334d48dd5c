from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import chain, pairwise
from typing import Any

import pytest
import requests

from hi_fhir.core.errors import ConfigError
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import parse_search
from hi_fhir.sandbox.memory import Memory
from hi_fhir.sandbox.paging import Searches
from hi_fhir.sandbox.server import Running, serve
from tests.support.fhir_records import SNOMED, a_concept, a_patient, an_observation

DAY = date(2025, 4, 2)
NOON = "Wed, 02 Apr 2025 12:00:00 GMT"


def people() -> list[dict[str, Any]]:
    patients = [a_patient(f"p{n:02}", meta={"lastUpdated": f"2025-03-{n:02}T10:00:00Z"}) for n in range(1, 26)]
    panel = an_observation("bp", "75367002", of="p01", component=[{"code": a_concept("271649006")}])
    return [*patients, panel, an_observation("hba1c", "999791000000106", of="p02", on="2024-06")]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with serve(people(), port=0, data_date=DAY) as running:
        yield running


def get(sandbox: Running, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{sandbox.base_url}/{path}", headers=headers, timeout=5)


def ids(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def link(bundle: dict[str, Any], relation: str) -> str | None:
    return next((link["url"] for link in bundle["link"] if link["relation"] == relation), None)


def test_following_next_links_gives_everyone_once(sandbox):
    url, seen = f"{sandbox.base_url}/Patient?_count=10", []
    while url:
        bundle = requests.get(url, timeout=5).json()
        seen += ids(bundle)
        url = link(bundle, "next")

    assert seen == [f"p{n:02}" for n in range(1, 26)]


def test_a_next_link_tells_nothing_of_the_search(sandbox):
    bundle = get(sandbox, "Patient?_count=10&_lastUpdated=ge2025-03-01").json()

    assert "_getpages=" in link(bundle, "next")
    assert "2025-03-01" not in link(bundle, "next")


def test_a_search_that_is_no_longer_kept_is_gone(sandbox):
    answer = get(sandbox, "?_getpages=0000&_getpagesoffset=10&_count=10")

    assert answer.status_code == 410
    assert answer.json()["issue"][0]["code"] == "expired"


def test_the_first_search_makes_way_when_too_many_are_kept():
    searches = Searches(Memory(people(), datetime(2025, 4, 2, 12, tzinfo=UTC)), kept=2)
    found = [searches.run(parse_search("Patient", [("_id", f"p0{n}")], PARAMETERS["Patient"])) for n in (1, 2, 3)]

    with pytest.raises(FhirError, match="expired"):
        searches.recall(found[0].token)
    assert [hit.id for hit in searches.recall(found[2].token).hits] == ["p03"]


def test_a_count_has_a_total_and_no_entries(sandbox):
    bundle = get(sandbox, "Patient?_summary=count&_lastUpdated=lt2025-03-11").json()

    assert (bundle["total"], ids(bundle)) == (10, [])


def test_no_total_is_given_unasked(sandbox):
    assert "total" not in get(sandbox, "Patient").json()
    assert get(sandbox, "Patient?_total=accurate&_count=1").json()["total"] == 25


def test_slices_by_last_updated_hold_everyone_once(sandbox):
    edges = ["2025-03-01", "2025-03-09T10:00:00Z", "2025-03-20", "2025-04-01"]
    slices = [
        ids(get(sandbox, f"Patient?_lastUpdated=ge{low}&_lastUpdated=lt{high}").json()) for low, high in pairwise(edges)
    ]

    assert [*chain(*slices)] == [f"p{n:02}" for n in range(1, 26)]
    assert [len(part) for part in slices] == [8, 11, 6]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"code={SNOMED}|75367002", ["bp"]),
        ("code=271649006", []),
        ("combo-code=271649006,999791000000106", ["bp", "hba1c"]),
        ("patient=p02", ["hba1c"]),
        ("subject=Patient/p01&code=75367002", ["bp"]),
        ("date=ge2024-06-01", ["hba1c"]),
        ("status=final&_id=bp,hba1c", ["bp", "hba1c"]),
        ("_sort=-_id", ["hba1c", "bp"]),
    ],
)
def test_observations_are_found_by(sandbox, query, found):
    assert ids(get(sandbox, f"Observation?{query}").json()) == found


def test_a_search_by_post_is_the_same_search(sandbox):
    form = {"code": "75367002,999791000000106", "_count": "1"}
    bundle = requests.post(f"{sandbox.base_url}/Observation/_search", data=form, timeout=5).json()

    assert ids(bundle) == ["bp"]
    assert ids(requests.get(link(bundle, "next"), timeout=5).json()) == ["hba1c"]


def test_a_search_by_post_that_is_no_form_is_refused(sandbox):
    answer = requests.post(f"{sandbox.base_url}/Observation/_search", json={"code": "75367002"}, timeout=5)

    assert (answer.status_code, answer.json()["resourceType"]) == (415, "OperationOutcome")


def test_an_unknown_parameter_is_refused_or_passed_over(sandbox):
    refused = get(sandbox, "Patient?shoe-size=44")
    passed_over = get(sandbox, "Patient?shoe-size=44&_count=1", Prefer="handling=lenient")

    assert (refused.status_code, refused.json()["resourceType"]) == (400, "OperationOutcome")
    assert link(passed_over.json(), "self") == f"{sandbox.base_url}/Patient?_count=1"


def test_a_read_gives_the_version_and_the_data_date(sandbox):
    answer = get(sandbox, "Patient/p01")

    assert answer.json()["meta"] == {"lastUpdated": "2025-03-01T10:00:00Z", "versionId": "1"}
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.headers["Last-Modified"] == "Sat, 01 Mar 2025 10:00:00 GMT"
    assert answer.headers["Date"] == NOON


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Patient/nobody", 404, "not-found"),
        ("Starship", 404, "not-supported"),
        ("Patient/p01/shoes", 404, "not-found"),
        ("Patient?_lastUpdated=yesterday", 400, "invalid"),
        ("Patient/p01?_format=xml", 406, "not-supported"),
    ],
)
def test_every_error_is_an_operation_outcome(sandbox, path, status, code):
    answer = get(sandbox, path)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert answer.json()["issue"][0]["code"] == code


def test_a_wrong_method_is_told_the_right_ones(sandbox):
    answer = requests.put(f"{sandbox.base_url}/metadata", timeout=5)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_the_capability_statement_names_what_is_served(sandbox):
    statement = get(sandbox, "metadata").json()

    observation = next(r for r in statement["rest"][0]["resource"] if r["type"] == "Observation")
    assert {"name": "combo-code", "type": "token"} in observation["searchParam"]
    assert statement["date"] == "2025-04-02"


def test_a_taken_port_is_told_as_such(sandbox):
    port = int(sandbox.base_url.split(":")[2].split("/")[0])

    with pytest.raises(ConfigError, match=f"port {port} "), serve([], port=port, data_date=DAY):
        pass


def test_nothing_answers_once_the_block_has_ended():
    with serve([], port=0, data_date=DAY) as running:
        assert get(running, "metadata").status_code == 200

    with pytest.raises(requests.ConnectionError):
        get(running, "metadata")

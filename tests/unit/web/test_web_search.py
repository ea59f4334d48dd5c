"""What a search says of its answer: order, parts, what goes along, and pages that writes in between do not move."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hi_fhir.core.clock import FixedClock
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from tests.support import released
from tests.support.released import BASE, CLOCK, release

MEASURES = ("ethnicity-recorded", "smoking-status-recorded")
REPORTERS = ("A99001", "A99002", "A99003")
PLACES = [(code, "U99001", "QX1") for code in REPORTERS]
SMOKING = f"{BASE}/Measure/smoking-status-recorded"


def a_service(store: Store, reader: Reader) -> FlaskClient:
    return create_app(store, CLOCK, everyone_is(reader)).test_client()


@pytest.fixture(scope="module")
def service(module_store: Store) -> FlaskClient:
    release(module_store, measures=MEASURES, reporters=REPORTERS, memberships=PLACES)
    return a_service(module_store, Reader("icb"))


def search(service: FlaskClient, query: str, **headers: str) -> dict[str, Any]:
    answer = service.get(f"/fhir/{query}", headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json


def of_mode(bundle: dict[str, Any], mode: str) -> list[str]:
    return [
        "/".join(entry["fullUrl"].split("/")[-2:])
        for entry in bundle.get("entry", [])
        if entry["search"]["mode"] == mode
    ]


def next_of(bundle: dict[str, Any]) -> str | None:
    found = [one["url"] for one in bundle["link"] if one["relation"] == "next"]
    return found[0].removeprefix("http://localhost/fhir/") if found else None


def pages(service: FlaskClient, query: str | None) -> list[str]:
    seen = []
    while query:
        bundle = search(service, query)
        seen += of_mode(bundle, "match")
        query = next_of(bundle)
    return seen


SORTS = ("_id", "-_id", "reporter,-measure", "-reporter", "date", "-_lastUpdated", "status,-period,measure")


@pytest.mark.parametrize("sort", SORTS)
def test_pages_are_the_whole_in_its_order(service, sort):
    whole = search(service, f"MeasureReport?_sort={sort}")

    assert len(of_mode(whole, "match")) == 6
    assert pages(service, f"MeasureReport?_sort={sort}&_count=1") == of_mode(whole, "match")
    assert pages(service, f"MeasureReport?_sort={sort}&_count=4") == of_mode(whole, "match")


def test_a_sort_is_by_what_it_says(service):
    found = search(service, "MeasureReport?_sort=-reporter,measure")["entry"]
    keys = [(one["resource"]["reporter"]["identifier"]["value"], one["resource"]["measure"]) for one in found]

    assert [code for code, _ in keys] == sorted((code for code, _ in keys), reverse=True)
    assert all(first < second for (_, first), (_, second) in zip(keys[::2], keys[1::2], strict=True))


@pytest.mark.parametrize("type_", ["Measure", "Organization"])
def test_definitions_are_paged_and_sorted_by_id(service, type_):
    whole = of_mode(search(service, f"{type_}?_sort=-_id"), "match")

    assert whole == sorted(whole, reverse=True)
    assert pages(service, f"{type_}?_sort=-_id&_count=1") == whole
    assert pages(service, f"{type_}?_count=1") == whole[::-1]


@pytest.mark.parametrize("sort", ["_id", "-_id", "_lastUpdated", "-_lastUpdated", "date", "-reporter,_lastUpdated"])
def test_no_report_comes_twice_and_none_is_left_out_whatever_is_written_in_between(store, sort, monkeypatch):
    first = release(store, measures=MEASURES, reporters=REPORTERS)
    service = a_service(store, Reader("icb"))
    url, seen, count = f"MeasureReport?_sort={sort}&_count=2", [], 100
    while url:
        bundle = search(service, url)
        seen += of_mode(bundle, "match")
        url, count = next_of(bundle), count - 1
        monkeypatch.setattr(released, "CLOCK", FixedClock(CLOCK.at + timedelta(hours=100 - count)))
        release(store, measures=MEASURES, reporters=REPORTERS, count=count)  # a new version of each
        release(store, measures=MEASURES, reporters=(f"B9900{count % 10}",))  # and reports that are new
    known = {f"MeasureReport/{one.id}" for one in first.reports}

    assert len(seen) == len(set(seen))
    assert known <= set(seen)


def test_a_page_shows_what_holds_when_it_is_asked_for(store, monkeypatch):
    release(store, measures=MEASURES, reporters=REPORTERS)
    service = a_service(store, Reader("icb"))
    following = next_of(search(service, "MeasureReport?_sort=_lastUpdated&_count=2"))
    monkeypatch.setattr(released, "CLOCK", FixedClock(CLOCK.at + timedelta(hours=1)))
    release(store, measures=MEASURES, reporters=REPORTERS, count=7)

    found = search(service, following)["entry"]

    assert [one["resource"]["meta"]["versionId"] for one in found] == ["2", "2"]
    assert [one["resource"]["group"][0]["population"][0]["count"] for one in found] == [7, 7]


def test_a_next_link_is_of_one_reader_and_one_search(service, module_store):
    following = next_of(search(service, "MeasureReport?_count=2&status=complete"))
    assert following
    other = a_service(module_store, Reader("icb", {"QX1"}))
    token = following.partition("_page=")[2]

    assert service.get(f"/fhir/{following}").status_code == 200
    assert service.get(f"/fhir/MeasureReport?status=complete&_count=4&_page={token}").status_code == 200
    for client, url in (
        (other, following),
        (service, f"MeasureReport?_page={token}"),
        (service, f"Measure?_page={token}"),
        (service, f"MeasureReport?status=complete&_sort=date&_page={token}"),
        (service, f"MeasureReport?status=complete&_page={token[:-4]}"),
        (service, f"MeasureReport?status=complete&_page={token}{token}"),
    ):
        answer = client.get(f"/fhir/{url}")
        assert (answer.status_code, answer.json["issue"][0]["code"]) == (400, "value"), url


def test_a_total_may_be_left_out(service):
    assert "total" not in search(service, "MeasureReport?_total=none&_count=2")
    assert search(service, "MeasureReport?_total=accurate&_count=2")["total"] == 6
    assert search(service, "MeasureReport?_total=none&_summary=count")["total"] == 6
    assert search(service, "MeasureReport?_total=estimate&_count=0")["total"] == 6


def test_reporters_and_measures_go_along(service):
    both = "_include=MeasureReport:reporter&_include=MeasureReport:measure:Measure"
    bundle = search(service, f"MeasureReport?measure={SMOKING}&{both}&_count=2")
    along = of_mode(bundle, "include")

    assert (bundle["total"], len(of_mode(bundle, "match"))) == (3, 2)
    assert along[-1] == "Measure/smoking-status-recorded"
    assert len(along) == len(set(along)) == 3
    assert {one.partition("/")[0] for one in along[:-1]} == {"Organization"}
    assert next_of(bundle).count("_include=") == 2
    assert bundle["entry"][-1]["resource"]["version"] == "2026.1"


def test_reports_go_along_with_organisations_and_measures(service):
    of_one = search(service, "Organization?_id=ods-a99001&_revinclude=MeasureReport:reporter")
    of_it = search(service, f"Measure?url={SMOKING}&_revinclude=MeasureReport:measure")

    assert (len(of_mode(of_one, "include")), of_one["total"]) == (2, 1)
    assert (len(of_mode(of_it, "include")), of_it["total"]) == (3, 1)


def test_what_would_make_an_answer_too_large_does_not_go_along(service, monkeypatch):
    monkeypatch.setattr("hi_fhir.web.served._ALONG", 2)

    answer = service.get(f"/fhir/Measure?url={SMOKING}&_revinclude=MeasureReport:measure")

    assert (answer.status_code, answer.json["issue"][0]["code"]) == (400, "too-costly")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_elements=date", {"date", "status", "type", "measure", "period"}),
        ("_elements=date,nothing", {"date", "status", "type", "measure", "period"}),
        ("_summary=true", {"identifier", "status", "type", "measure", "date", "reporter", "period"}),
        ("_summary=text", {"status", "type", "measure", "period"}),
        ("_summary=data", {"identifier", "status", "type", "measure", "date", "reporter", "period", "group"}),
    ],
)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_part_of_a_resource_is_marked_as_such(service, query, names, coding):
    [entry, *_] = search(service, f"MeasureReport?{query}")["entry"]
    answer = service.get(f"/fhir/MeasureReport/{entry['resource']['id']}?{query}")
    one = entry["resource"]

    assert {*one} == {"resourceType", "id", "meta", *names}
    assert [tag["code"] for tag in one["meta"]["tag"]] == ["SUBSETTED"]
    assert one["meta"]["versionId"] == "1"
    assert answer.json == one


def test_a_whole_resource_is_marked_as_nothing(service):
    [entry, *_] = search(service, "MeasureReport?_summary=false")["entry"]

    assert "tag" not in entry["resource"]["meta"]
    assert service.get(f"/fhir/MeasureReport/{entry['resource']['id']}?_summary=count").status_code == 400


def test_what_is_not_understood_is_passed_over_on_request_and_not_said_to_have_been_used(service):
    query = "MeasureReport?_sort=shoe-size&_include=Patient:x&_summary=some&measure:below=x&_elements=date&_count=1"
    bundle = search(service, query, Prefer="handling=lenient")

    assert bundle["link"][0]["url"] == "http://localhost/fhir/MeasureReport?_elements=date&_count=1"
    assert service.get(f"/fhir/{query}", headers={"Prefer": "handling=strict"}).status_code == 400
    wrong = service.get("/fhir/MeasureReport?date=soon", headers={"Prefer": "handling=lenient"})
    assert wrong.status_code == 400

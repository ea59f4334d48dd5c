"""Searches of servers that answer as no sandbox does."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests
import responses

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError, SourceError
from tests.support.calling import BASE
from tests.support.landing import config_in
from tests.support.pulling import KilledError, kill_after
from tests.support.searching import an_observation, ids, pull_from, searches


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, slices=4, page_size=10, tries=2, retry_after_cap_s=0.01)


def a_server(
    total: int | None,
    *pages: dict[str, Any],
    then: int | None = None,
    refused: dict[str, int | Exception] | None = None,
) -> None:
    """A server without /metadata: a count, now and (`then`) when asked again, and pages in the order asked for.

    refused: links to the status that they answer, or to what comes instead of an answer.
    """
    responses.get(f"{BASE}/metadata", status=404)
    counts = [total, then if then is not None else total]
    answers = iter([*pages])

    def answer(request: Any) -> tuple[int, dict[str, str], bytes | Exception]:
        if "_summary=count" in request.url:
            count = counts.pop(0) if len(counts) > 1 else counts[0]
            return 200, {}, orjson.dumps({"resourceType": "Bundle", **({} if count is None else {"total": count})})
        if status := (refused or {}).get(request.url):
            return (0, {}, status) if isinstance(status, Exception) else (status, {}, b"")
        return 200, {"Date": "Tue, 01 Apr 2025 23:30:00 GMT"}, orjson.dumps(next(answers))

    responses.add_callback(responses.GET, f"{BASE}/Observation", answer)


def a_page(*numbers: int, following: str | None = None) -> dict[str, Any]:
    links = [{"relation": "next", "url": following}] if following else []
    return {"resourceType": "Bundle", "link": links, "entry": [{"resource": an_observation(n)} for n in numbers]}


NEXT = f"{BASE}/Observation?page=%s"


@responses.activate
def test_an_empty_page_with_a_next_link_is_not_the_end(config: Config) -> None:
    a_server(2, a_page(1, following=NEXT % 2), a_page(following="/fhir/Observation?page=3"), a_page(2))
    manifest = pull_from(BASE, config)
    assert ids(config, manifest) == ["o1", "o2"]
    assert manifest.server_counts == {"Observation": 2}


@responses.activate
def test_a_server_that_gives_no_counts_is_taken_at_its_pages(config: Config) -> None:
    a_server(None, a_page(1))
    manifest = pull_from(BASE, config)
    assert manifest.server_counts == {"Observation": None}
    assert ids(config, manifest) == ["o1"]


@responses.activate
@pytest.mark.parametrize(("undated", "heeded", "sliced"), [(0, True, True), (1, True, False), (0, False, False)])
def test_a_search_is_sliced_only_where_its_slices_are_seen_to_cover_it(
    config: Config, undated: int, heeded: bool, sliced: bool
) -> None:
    updated = [None] * undated + [f"2025-01-01T00:00:{n:02d}.000Z" for n in range(undated, 60)]

    def is_in(at: str | None, end: str) -> bool:
        return not heeded or (at is not None and (at >= end[2:] if end.startswith("ge") else at < end[2:]))

    def answer(request: Any) -> tuple[int, dict[str, str], bytes]:
        asked = parse_qs(urlsplit(request.url).query)
        found = [n for n, at in enumerate(updated) if all(is_in(at, end) for end in asked.get("_lastUpdated", []))]
        if "_summary" in asked:
            return 200, {}, orjson.dumps({"resourceType": "Bundle", "total": len(found)})
        if "_sort" in asked:
            found = found[-1:] if asked["_sort"][0].startswith("-") else found[undated:][:1]
        return 200, {}, orjson.dumps(a_page(*found))

    responses.get(f"{BASE}/metadata", status=404, headers={"Date": "Wed, 02 Apr 2025 12:00:00 GMT"})
    responses.add_callback(responses.GET, f"{BASE}/Observation", answer)
    manifest = pull_from(BASE, config)
    [search] = searches(config, manifest)
    assert (len(search.slices) > 1) == sliced
    assert len(ids(config, manifest)) == 60


@responses.activate
def test_links_that_come_round_again_are_an_error(config: Config) -> None:
    turns = [a_page(n, following=NEXT % (n % 2)) for n in range(5)]
    a_server(9, *turns)
    with pytest.raises(SourceError, match="circle") as error:
        pull_from(BASE, config)
    assert error.value.kind == "next-link-loop"


@responses.activate
@pytest.mark.parametrize(
    ("total", "then", "pages"),
    [
        (3, None, [a_page(1, 2)]),  # one was lost
        (3, None, [a_page(1, 2, following=NEXT % 2), a_page(2)]),  # lost to a page that came twice
        (1, None, [a_page(1, 2)]),
    ],
)
def test_other_counts_than_the_servers_stop_the_run(
    config: Config, total: int, then: int | None, pages: list[dict[str, Any]]
) -> None:
    a_server(total, *pages)
    with pytest.raises(GateError, match=f"there are {total} Observation, 2 came"):
        pull_from(BASE, config)
    assert not list(config.data_dir.rglob("*.zst"))


@responses.activate
def test_what_was_written_meanwhile_is_no_difference(config: Config) -> None:
    a_server(1, a_page(1, 2), then=3)
    assert ids(config, pull_from(BASE, config)) == ["o1", "o2"]


@responses.activate
def test_a_difference_within_the_tolerance_is_taken(config: Config) -> None:
    a_server(4, a_page(1, 2, 3))
    assert len(ids(config, pull_from(BASE, replace(config, count_tolerance=0.25)))) == 3


@responses.activate
@pytest.mark.parametrize(("status", "landed"), [(400, True), (500, True), (404, True), (401, False), (403, False)])
def test_a_link_that_was_kept_and_is_refused_costs_its_slice_once(config: Config, status: int, landed: bool) -> None:
    pages = [a_page(1, following=NEXT % "kept"), a_page(1, following=NEXT % "new"), a_page(2)]
    a_server(2, *pages, refused={NEXT % "kept": status})
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, "checkpoint", 1)
        with pytest.raises(KilledError):
            pull_from(BASE, config)
    if landed:
        assert ids(config, pull_from(BASE, config)) == ["o1", "o2"]
    else:
        with pytest.raises(SourceError) as error:
            pull_from(BASE, config)
        assert error.value.status == status


@responses.activate
def test_a_link_of_our_own_that_is_refused_is_an_error(config: Config) -> None:
    a_server(2, a_page(1, following=NEXT % "new"), refused={NEXT % "new": 400})
    with pytest.raises(SourceError, match="400"):
        pull_from(BASE, config)


@responses.activate
def test_a_link_that_is_never_answered_costs_its_slice_and_is_not_waited_for_long(config: Config) -> None:
    """As of a HAPI that was killed while it worked the search out: it waits a minute, then says 500."""
    pages = [a_page(1, following=NEXT % "stuck"), a_page(1, following=NEXT % "new"), a_page(2)]
    a_server(2, *pages, refused={NEXT % "stuck": requests.ReadTimeout()})
    assert ids(config, pull_from(BASE, replace(config, tries=6))) == ["o1", "o2"]
    assert sum(call.request.url == NEXT % "stuck" for call in responses.calls) == 2


@responses.activate
def test_a_page_that_the_server_always_fails_at_ends_the_pull_with_its_error(config: Config) -> None:
    a_server(2, *[a_page(1, following=NEXT % "new")] * 3, refused={NEXT % "new": 500})
    with pytest.raises(SourceError, match="500"):
        pull_from(BASE, replace(config, tries=6))
    assert sum(call.request.url == NEXT % "new" for call in responses.calls) == 3

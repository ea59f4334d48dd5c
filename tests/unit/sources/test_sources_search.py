"""A search is cut into slices that cover everything, and each goes on where it was stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import orjson
import pytest
import requests
import responses

from hi_fhir.core.config import Config, SourceSettings
from hi_fhir.core.errors import GateError, SourceError
from hi_fhir.core.files import read_json
from hi_fhir.core.progress import Progress, Silent
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.server import Running, serve
from hi_fhir.sources import paging
from hi_fhir.sources.pages import Bundle, Page, decode_bundle
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.sources.searches import TypeSearch
from hi_fhir.tables.scope import Scope
from tests.support.calling import BASE, NOW
from tests.support.landing import config_in
from tests.support.pulling import KilledError, kill_after, landed_folder, landed_lines

DAY = datetime(2025, 1, 1, tzinfo=UTC)
SCT = "http://snomed.info/sct"


def an_observation(number: int, *, updated: datetime | None = None, code: str = "1", **more: Any) -> dict[str, Any]:
    at = updated or DAY + timedelta(seconds=number)
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {"lastUpdated": at.isoformat(timespec="milliseconds")},
        "status": "final",
        "code": {"coding": [{"system": SCT, "code": code}]},
        "subject": {"reference": "Patient/p1"},
        **more,
    }


WHOLE = Scope(types={"Observation": None})


def pull_from(
    address: str,
    config: Config,
    scope: Scope = WHOLE,
    *,
    sequence: int = 1,
    progress: Progress | None = None,
    **source: Any,
) -> PullManifest:
    settings = replace(SourceSettings("elm", address), **source)
    return pull(RunContext(config, NOW, progress=progress or Silent()), settings, scope, None, sequence)


def searches(config: Config, manifest: PullManifest) -> list[TypeSearch]:
    plan = read_json(landed_folder(config, manifest) / "plan.json")["plan"]
    return [msgspec.convert(search, TypeSearch) for search in plan["searches"]]


def ids(config: Config, manifest: PullManifest) -> list[str]:
    return sorted(orjson.loads(line)["id"] for line in landed_lines(config, manifest).get("Observation", []))


@contextmanager
def serving(resources: list[dict[str, Any]], faults: str = "") -> Iterator[Running]:
    with serve(resources, port=0, faults=parse(faults) if faults else None, data_date=date(2025, 4, 2)) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, slices=4, page_size=10, tries=2, retry_after_cap_s=0.01)


def test_slices_are_of_like_size_and_together_are_everything(config: Config) -> None:
    with serving([an_observation(n) for n in range(600)]) as server:
        manifest = pull_from(server.base_url, config)
    [search] = searches(config, manifest)
    assert search.count == 600
    assert search.slices[0].since is None
    assert search.slices[-1].before is None
    assert search.slices[-1].is_late
    assert all(one.before == other.since for one, other in zip(search.slices, search.slices[1:], strict=False))
    assert sum(slice_.count or 0 for slice_ in search.slices) == 600
    assert max(slice_.count or 0 for slice_ in search.slices) <= 75
    assert ids(config, manifest) == sorted(f"o{n}" for n in range(600))
    assert manifest.data_date == "2025-04-02"
    assert manifest.server_counts == {"Observation": 600}


def test_slices_follow_the_data_however_it_lies_in_time(config: Config) -> None:
    lonely = [an_observation(n, updated=datetime(1980 + n, 5, 1, tzinfo=UTC)) for n in range(3)]
    crowd = [an_observation(n, updated=DAY + timedelta(milliseconds=n // 2)) for n in range(3, 400)]
    future = [an_observation(n, updated=datetime(2030, 1, 1, tzinfo=UTC)) for n in range(400, 420)]
    with serving([*lonely, *crowd, *future]) as server:
        manifest = pull_from(server.base_url, config)
    [search] = searches(config, manifest)
    assert len(search.slices) >= 6
    assert search.slices[-1].count == 20
    assert ids(config, manifest) == sorted(f"o{n}" for n in range(420))


def test_records_of_one_instant_are_one_slice(config: Config) -> None:
    with serving([an_observation(n, updated=DAY) for n in range(200)]) as server:
        manifest = pull_from(server.base_url, config)
    [search] = searches(config, manifest)
    assert [slice_.count for slice_ in search.slices] == [200, 0]
    assert len(ids(config, manifest)) == 200


def test_codes_go_by_post_and_find_components_too(config: Config) -> None:
    panel = an_observation(1, code="panel", component=[{"code": {"coding": [{"system": SCT, "code": "systolic"}]}}])
    others = [an_observation(n, code=f"c{n}") for n in range(2, 6)]
    scope = Scope(types={"Observation": (f"{SCT}|c2", f"{SCT}|systolic")})
    with serving([panel, *others]) as server:
        manifest = pull_from(server.base_url, config, scope)
    [search] = searches(config, manifest)
    assert search.parameter == "combo-code"
    assert ids(config, manifest) == ["o1", "o2"]


def test_codes_are_asked_for_whatever_the_server_calls_their_system(config: Config) -> None:
    """A server finds a system by the name that the record has for it, and SNOMED CT has a dozen."""
    names = (SCT, "https://snomed.info/sct", f"{SCT}/83821000000107/version/20230412", "urn:oid:2.16.840.1.113883.6.96")
    coded = [{"coding": [{"system": name, "code": "38341003"}]} for name in names]
    records = [{**an_observation(n), "code": code} for n, code in enumerate(coded)]
    scope = Scope(types={"Observation": (f"{SCT}|38341003", "http://read.info/readv2|38341003")})
    with serving([*records, an_observation(9, code="1")]) as server:
        manifest = pull_from(server.base_url, config, scope)
    [search] = searches(config, manifest)
    assert search.codes == ("38341003",)
    assert ids(config, manifest) == ["o0", "o1", "o2", "o3"]


@pytest.mark.parametrize("setting", [{"whole_types": ("Observation",)}, {}])
def test_a_whole_type_is_taken_where_it_is_set_or_the_list_is_long(config: Config, setting: dict[str, Any]) -> None:
    tokens = tuple(f"{SCT}|{n}" for n in range(1 if setting else 4_001))
    with serving([an_observation(n, code="x") for n in range(3)]) as server:
        manifest = pull_from(server.base_url, config, Scope(types={"Observation": tokens}), **setting)
    assert [search.parameter for search in searches(config, manifest)] == [None]
    assert len(ids(config, manifest)) == 3


def test_a_type_that_the_server_does_not_have_is_not_offered_and_no_0(config: Config) -> None:
    with serving([an_observation(1)]) as server:
        manifest = pull_from(server.base_url, config, Scope(types={"Observation": None, "ServiceRequest": None}))
    assert manifest.server_counts == {"Observation": 1, "ServiceRequest": None}
    assert manifest.not_offered == {"ServiceRequest": "its capability statement does not name the type"}


class Writing(Silent):
    """Somebody else who changes records when the first page has come."""

    def __init__(self, address: str, resources: list[dict[str, Any]]) -> None:
        self.address, self.left = address, resources

    def advance(self, amount: int = 1) -> None:
        left, self.left = (self.left, []) if amount else ([], self.left)
        for resource in left:
            amended = {**resource, "status": "amended"}
            requests.put(f"{self.address}/Observation/{resource['id']}", json=amended, timeout=5).raise_for_status()


def test_what_changes_while_it_is_read_comes_in_its_new_version(config: Config) -> None:
    resources = [an_observation(n) for n in range(150)]
    with serving(resources) as server:
        manifest = pull_from(
            server.base_url, replace(config, slices=1), progress=Writing(server.base_url, resources[-10:])
        )
    landed = map(orjson.loads, landed_lines(config, manifest)["Observation"])
    assert len({resource["id"] for resource in landed if resource["status"] == "amended"}) == 10


def test_an_entry_that_came_and_is_not_accounted_for_stops_the_run(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "take", lambda *_, **__: Page(b"", 0))
    with serving([an_observation(0)]) as server, pytest.raises(GateError, match="1 entries came, and 0 are accounted"):
        pull_from(server.base_url, config)


def test_a_record_that_came_twice_hides_none_that_was_lost(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    resources = [an_observation(n) for n in range(150)]

    def without_the_last(body: bytes) -> Bundle:
        bundle = decode_bundle(body)
        bundle.entry = [entry for entry in bundle.entry or () if entry and b'"o149"' not in bytes(entry.resource)]
        return bundle

    monkeypatch.setattr(paging, "decode_bundle", without_the_last)
    with serving(resources) as server, pytest.raises(GateError, match="there are 150 Observation, 149 came"):
        pull_from(server.base_url, replace(config, slices=1), progress=Writing(server.base_url, resources[:60]))


@pytest.mark.parametrize("method", ["append", "checkpoint", "finish", "_close_chunk"])
def test_a_pull_killed_at_any_page_goes_on_and_lands_the_same(config: Config, method: str) -> None:
    config = replace(config, slices=1, chunk_mb=0)
    resources = [an_observation(n) for n in range(45)]
    with serving(resources) as server:
        for number in range(1, 100):
            with pytest.MonkeyPatch.context() as patch:
                kill_after(patch, method, number)
                try:
                    pull_from(server.base_url, config, sequence=number)
                    return
                except KilledError:
                    pass
            manifest = pull_from(server.base_url, config, sequence=number)
            assert ids(config, manifest) == sorted(f"o{n}" for n in range(45))
    pytest.fail("it was never left alone")


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


@pytest.mark.parametrize(
    "faults", ["410-mid-search:1", "duplicate-pages:1", "truncated-body:0.5", "429:0.3,503:0.3,410-mid-search:0.5"]
)
def test_passing_faults_cost_nothing(config: Config, faults: str) -> None:
    config = replace(config, tries=6)
    with serving([an_observation(n) for n in range(200)], faults) as server:
        manifest = pull_from(server.base_url, config)
    assert sorted(set(ids(config, manifest))) == sorted(f"o{n}" for n in range(200))


@pytest.mark.parametrize(
    "kind", ["html-body", "operation-outcome-200", "foreign-next-link", "next-link-loop", "dropped-parameter"]
)
def test_lasting_faults_are_named(config: Config, kind: str) -> None:
    scope = Scope(types={"Observation": (f"{SCT}|1",)})
    with serving([an_observation(n) for n in range(30)], kind) as server, pytest.raises(SourceError) as error:
        pull_from(server.base_url, config, scope)
    assert error.value.kind == kind.removesuffix("-200")
    assert "?" not in str(error.value).replace("missing?", "")


# What follows answers as no sandbox does.


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

"""A search is cut into slices that cover everything, and each goes on where it was stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError, SourceError
from hi_fhir.core.progress import Silent
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.server import Running, serve
from hi_fhir.sources import paging
from hi_fhir.sources.pages import Bundle, Page, decode_bundle
from hi_fhir.tables.scope import Scope
from tests.support.landing import config_in
from tests.support.pulling import KilledError, kill_after, landed_lines
from tests.support.searching import DAY, SCT, an_observation, ids, pull_from, searches


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

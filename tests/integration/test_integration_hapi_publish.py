"""Publishing to a real HAPI that has more than it should, and to one that others write to at the same time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.publish import PublishManifest, publish
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.store.session import Store, open_store
from tests.support.hapi import Hapi
from tests.support.released import CLOCK, ODS, SYSTEM, release

pytestmark = pytest.mark.real

MEASURES = tuple(f"measure-{letter}" for letter in "abcdef")
PUBLISHERS = 4


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[Store]]:
    """A store for each of several publishers, who know nothing of each other."""
    with ExitStack() as closing:
        opened = [open_store(f"sqlite:///{tmp_path / str(number)}.sqlite") for number in range(PUBLISHERS)]
        for one in opened:
            closing.callback(one.close)
        yield opened


def published(store: Store, released: ReportManifest, hapi: Hapi) -> PublishManifest:
    return publish(RunContext(Config(), CLOCK, opened=store), released, hapi.base_url)


def create(hapi: Hapi, resource: dict[str, object]) -> None:
    requests.post(f"{hapi.base_url}/{resource['resourceType']}", json=resource, timeout=60).raise_for_status()


def test_a_reporter_that_hapi_has_twice_is_named_by_identifier_alone(target: Hapi, stores: list[Store]) -> None:
    for _ in range(2):
        create(target, {"resourceType": "Organization", "identifier": [{"system": ODS, "value": "A99081"}]})

    manifest = published(stores[0], release(stores[0], reporters=["A99081", "A99082"]), target)

    assert manifest.sent == 4
    told = {
        report["reporter"]["identifier"]["value"]: "reference" in report["reporter"]
        for report in target.search("MeasureReport")
    }
    assert (told["A99081"], told["A99082"]) == (False, True)


def test_one_report_that_hapi_refuses_costs_no_other(target: Hapi, stores: list[Store]) -> None:
    released = release(stores[0], measures=MEASURES, reporters=["A99083"])
    refused = released.reports[2].identifier
    for _ in range(2):
        twice = {"identifier": [{"system": SYSTEM, "value": refused}], "status": "complete", "type": "summary"}
        period = {"start": "2024-04-01", "end": "2025-03-31"}
        create(target, {"resourceType": "MeasureReport", "measure": "urn:example:x", "period": period, **twice})

    with pytest.raises(SourceError, match="refused 1 of 6 reports: 1 with 412"):
        published(stores[0], released, target)

    there = {report["identifier"][0]["value"] for report in target.search("MeasureReport")}
    assert there >= {report.identifier for report in released.reports}


def test_publishers_at_the_same_time_store_every_report_once(target: Hapi, stores: list[Store]) -> None:
    releases = [release(store, measures=MEASURES, reporters=["A99084", "A99085"]) for store in stores]

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        manifests = list(pool.map(published, stores, releases, [target] * PUBLISHERS))

    assert [manifest.sent for manifest in manifests] == [12] * PUBLISHERS
    ours = {report.identifier for report in releases[0].reports}
    found = [report for report in target.search("MeasureReport") if report["identifier"][0]["value"] in ours]
    assert len(found) == 12
    assert {report["meta"]["versionId"] for report in found} == {"1"}


def test_hapi_tells_what_it_has_and_what_it_lost_is_sent_again(target: Hapi, stores: list[Store]) -> None:
    released = release(stores[0], reporters=["A99086"])
    published(stores[0], released, target)
    unchanged = published(stores[0], released, target)
    ours = {report.identifier for report in released.reports}
    lost, *_ = [one for one in target.search("MeasureReport") if one["identifier"][0]["value"] in ours]
    requests.delete(f"{target.base_url}/MeasureReport/{lost['id']}", timeout=60).raise_for_status()

    restored = published(stores[0], released, target)

    assert (unchanged.sent, unchanged.unchanged, unchanged.measures) == (0, 2, 0)
    assert (restored.sent, restored.restored, restored.unchanged) == (1, 1, 1)

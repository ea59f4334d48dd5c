"""Publishing released reports: what is sent, what is sent again, and what is kept of the answers."""

import re
from pathlib import Path

import pytest
import requests
import responses
from sqlalchemy import select

from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.measures import registry
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.publish import PublishManifest, publish
from hi_fhir.pipeline.retract import retract
from hi_fhir.reports.definitions import definitions
from hi_fhir.sandbox.server import serve
from hi_fhir.store.deliveries import last_deliveries
from hi_fhir.store.models import Delivery
from hi_fhir.store.notices import Notice
from hi_fhir.store.session import Store, open_store
from hi_fhir.store.withdrawing import ReportChoice
from tests.support.publishing import Watching, a_server, found, published, versions
from tests.support.released import BASE, CLOCK, DAY, ODS, release

MEASURES = tuple(f"measure-{letter}" for letter in "abcdef")


def test_reports_measures_and_reporters_arrive(store: Store) -> None:
    released = release(store)

    with a_server() as url:
        manifest = published(store, released, url + "/")
        reports, organisations = found(url, "MeasureReport"), found(url, "Organization")
        measures = found(url, "Measure")

    told = {"sent": 4, "restored": 0, "unchanged": 0, "withheld": 0, "measures": 2}
    of_our_own = len(definitions(BASE, registry.load()))
    assert manifest == PublishManifest(target=url, audience="icb", definitions=of_our_own, **told)
    assert len(reports) == 4
    assert len(measures) == 2
    ids = {one["identifier"][0]["value"]: one["id"] for one in organisations}
    assert set(ids) == {"A99001", "A99002"}
    for report in reports:
        code = report["reporter"]["identifier"]["value"]
        assert report["reporter"] == {
            "reference": f"Organization/{ids[code]}",
            "identifier": {"system": ODS, "value": code},
        }


def test_what_was_withdrawn_is_sent_as_that_to_whoever_had_its_numbers(store: Store) -> None:
    released = release(store, reporters=("A99001",))
    choice, notice = ReportChoice(measure="ethnicity-recorded"), Notice("Counted twice", "A. Analyst")
    context = RunContext(Config(tries=3, retry_after_cap_s=0), CLOCK, opened=store)

    with a_server() as url:
        published(store, released, url)
        assert retract(context, choice, notice, url + "/").sent == 1
        reports = found(url, "MeasureReport")
        assert retract(context, choice, notice, url).sent == 0

    assert sorted(one["status"] for one in reports) == ["complete", "error"]
    assert [one["measure"] for one in reports if "group" not in one] == [f"{BASE}/Measure/ethnicity-recorded|2026.1"]

    with a_server() as url:  # which was sent nothing before
        assert retract(context, choice, notice, url).sent == 0
        assert published(store, released, url).sent == 2
        assert sorted(one["status"] for one in found(url, "MeasureReport")) == ["complete", "error"]


@pytest.mark.parametrize("faults", ["", "no-transactions"])
def test_a_name_that_has_what_separates_search_values_is_published_under(store: Store, faults: str) -> None:
    released = release(store, system="urn:x$y,z|\\")

    with a_server(faults) as url:
        published(store, released, url)
        published(store, release(store, system="urn:x$y,z|\\", count=101), url)
        seen = found(url, "MeasureReport")

    assert [one["identifier"][0]["system"] for one in seen] == ["urn:x$y,z|\\"] * 4
    assert {one["meta"]["versionId"] for one in seen} == {"2"}


def test_what_is_there_unchanged_is_not_sent_again(store: Store) -> None:
    released = release(store)

    with a_server() as url:
        published(store, released, url)
        watching = Watching()
        manifest = published(store, released, url, watching)
        seen = versions(url)

    assert (manifest.sent, manifest.restored, manifest.unchanged, manifest.measures) == (0, 0, 4, 0)
    assert set(seen.values()) == {"1"}
    assert watching.summaries == ["0 sent, 4 there unchanged"]


def test_a_server_that_was_emptied_is_sent_everything_again(store: Store) -> None:
    released = release(store)
    with a_server() as url:
        published(store, released, url)
        port = int(url.rpartition(":")[2].partition("/")[0])

    with serve((), port=port, data_date=DAY):
        watching = Watching()
        manifest = published(store, released, url, watching)
        seen = versions(url)

    assert (manifest.sent, manifest.restored, manifest.unchanged, manifest.measures) == (4, 4, 0, 2)
    assert len(seen) == 4
    assert watching.summaries == ["4 sent (4 of them again: gone there, or changed by others), 0 there unchanged"]


def test_a_report_that_others_changed_or_removed_is_sent_again_and_no_other(store: Store) -> None:
    released = release(store)

    with a_server() as url:
        published(store, released, url)
        changed, removed, *_ = found(url, "MeasureReport")
        place = f"{url}/MeasureReport/{changed['id']}"
        requests.put(place, json={**changed, "status": "error"}, timeout=10).raise_for_status()
        requests.delete(f"{url}/MeasureReport/{removed['id']}", timeout=10).raise_for_status()
        manifest = published(store, released, url)
        reports = found(url, "MeasureReport")
        after = published(store, released, url)

    assert (manifest.sent, manifest.restored, manifest.unchanged) == (2, 2, 2)
    assert [report["status"] for report in reports] == ["complete"] * 4
    assert (after.sent, after.unchanged) == (0, 4)


def test_a_reporter_that_is_gone_is_made_again_with_its_reports(store: Store) -> None:
    released = release(store)

    with a_server() as url:
        published(store, released, url)
        [gone] = [one for one in found(url, "Organization") if one["identifier"][0]["value"] == "A99001"]
        requests.delete(f"{url}/Organization/{gone['id']}", timeout=10).raise_for_status()
        manifest = published(store, released, url)
        there = {f"Organization/{one['id']}" for one in found(url, "Organization")}
        referred = {report["reporter"]["reference"] for report in found(url, "MeasureReport")}

    assert (manifest.sent, manifest.restored, manifest.unchanged) == (2, 2, 2)
    assert len(there) == 2
    assert referred == there


def test_a_measure_that_is_gone_or_says_something_else_is_sent_again(store: Store) -> None:
    released = release(store, measures=MEASURES)

    with a_server() as url:
        published(store, released, url)
        gone, changed, *_ = found(url, "Measure")
        requests.delete(f"{url}/Measure/{gone['id']}", timeout=10).raise_for_status()
        requests.put(f"{url}/Measure/{changed['id']}", json={**changed, "status": "retired"}, timeout=10)
        manifest = published(store, released, url)
        measures = found(url, "Measure")

    assert (manifest.sent, manifest.unchanged, manifest.measures) == (0, 12, 2)
    assert [one["status"] for one in measures] == ["active"] * 6


def test_all_are_sent_again_where_that_is_asked_for_and_make_no_new_version(store: Store) -> None:
    released = release(store)

    with a_server() as url:
        published(store, released, url)
        manifest = publish(RunContext(Config(tries=1), CLOCK, opened=store), released, url, again=True)
        seen = versions(url)

    assert (manifest.sent, manifest.restored, manifest.unchanged, manifest.measures) == (4, 0, 0, 2)
    assert set(seen.values()) == {"1"}


@responses.activate
def test_a_server_that_answers_no_search_is_sent_everything_each_time(store: Store) -> None:
    released = release(store)
    url = "http://localhost:8080/fhir"
    responses.get(f"{url}/MeasureReport", status=403)
    responses.get(f"{url}/Measure", status=403)
    responses.put(re.compile(f"{url}/.*"), status=200, headers={"ETag": 'W/"1"'})
    responses.post(f"{url}/Organization", status=403)
    responses.post(url, status=405)

    first, second = published(store, released, url), published(store, released, url)

    assert (first.sent, second.sent, second.restored, second.unchanged) == (4, 4, 4, 0)


def test_a_server_that_does_not_say_what_it_has_is_named_and_sent_nothing(store: Store) -> None:
    released = release(store)
    with a_server() as url:
        published(store, released, url)

    with pytest.raises(SourceError, match="does not say which of 4 reports it still has, and nothing was sent"):
        published(store, released, url)


def test_a_correction_is_sent_and_becomes_a_new_version(store: Store) -> None:
    with a_server() as url:
        published(store, release(store), url)
        manifest = published(store, release(store, count=101), url)
        seen = versions(url)

    assert (manifest.sent, manifest.unchanged) == (4, 0)
    assert set(seen.values()) == {"2"}


def test_another_server_gets_everything(store: Store) -> None:
    released = release(store)

    with a_server() as first, a_server() as second:
        published(store, released, first)
        manifest = published(store, released, second)

    assert (manifest.sent, manifest.unchanged) == (4, 0)


def test_a_fresh_store_makes_no_new_version(store: Store, tmp_path: Path) -> None:
    fresh = open_store(f"sqlite:///{tmp_path / 'fresh.sqlite'}")

    with a_server() as url:
        published(store, release(store), url)
        before = found(url, "MeasureReport")
        published(fresh, release(fresh), url)
        assert found(url, "MeasureReport") == before
    fresh.close()


def test_an_organisation_that_is_there_is_not_touched(store: Store) -> None:
    theirs = {
        "resourceType": "Organization",
        "id": "elm",
        "identifier": [{"system": ODS, "value": "A99001"}],
        "telecom": [{"system": "phone", "value": "01632 960000"}],
    }

    with a_server(resources=(theirs,)) as url:
        published(store, release(store), url)
        organisations = {one["id"]: one for one in found(url, "Organization")}
        reports = found(url, "MeasureReport")

    assert organisations["elm"]["telecom"] == theirs["telecom"]
    assert len(organisations) == 2
    assert "Organization/elm" in {report["reporter"]["reference"] for report in reports}


def test_a_reporter_that_is_there_twice_is_named_by_identifier_alone(store: Store) -> None:
    twice = tuple(
        {"resourceType": "Organization", "id": id_, "identifier": [{"system": ODS, "value": "A99001"}]}
        for id_ in ("elm-1", "elm-2")
    )

    with a_server(resources=twice) as url:
        published(store, release(store), url)
        reports = found(url, "MeasureReport")

    told = {report["reporter"]["identifier"]["value"]: "reference" in report["reporter"] for report in reports}
    assert told == {"A99001": False, "A99002": True}


@pytest.mark.parametrize("faults", ["409:1", "412:1", "413", "no-transactions", "429:1,503:1", "truncated-body:1"])
def test_a_server_that_misbehaves_has_every_report_once_in_the_end(store: Store, faults: str) -> None:
    released = release(store, measures=MEASURES)

    with a_server(faults) as url:
        manifest = published(store, released, url)
        seen = versions(url)

    assert (manifest.sent, manifest.measures) == (12, 6)
    assert len(seen) == 12
    assert set(seen.values()) == {"1"}


def test_what_came_back_is_kept_for_every_report(store: Store) -> None:
    released = release(store)

    with a_server() as url:
        published(store, released, url)
        ids = {one["identifier"][0]["value"]: one["id"] for one in found(url, "MeasureReport")}

    with store.read() as session:
        kept = last_deliveries(session, url)
    assert {key: (one.status, one.http_status) for key, one in kept.items()} == dict.fromkeys(ids, ("sent", 201))
    assert {key: one.location for key, one in kept.items()} == {
        key: f"MeasureReport/{id_}/_history/1" for key, id_ in ids.items()
    }


def test_an_interrupted_publish_sends_what_is_missing(store: Store) -> None:
    released = release(store, measures=MEASURES)

    with a_server() as url:
        with pytest.raises(KeyboardInterrupt):
            published(store, released, url, Watching(stop_after=8), publish_batch=4)
        manifest = published(store, released, url, publish_batch=4)
        seen = versions(url)

    assert (manifest.sent, manifest.unchanged) == (4, 8)
    assert len(seen) == 12
    assert set(seen.values()) == {"1"}


def test_a_server_that_is_away_is_named_with_what_was_not_sent(store: Store) -> None:
    released = release(store)
    with a_server() as url:
        pass

    with pytest.raises(SourceError, match="4 of 4 reports are not published") as failed:
        published(store, released, url)

    assert failed.value.exit_code == 3
    with store.read() as session:
        assert session.scalars(select(Delivery)).all() == []


def test_refused_reports_are_counted_kept_as_failed_and_sent_again(store: Store) -> None:
    several = ({"resourceType": "MeasureReport", "id": id_} for id_ in ("one", "two"))
    released = release(store)
    identifier = [{"system": "urn:hi-fhir:measure-report", "value": released.reports[0].identifier}]

    with a_server(resources=tuple({**one, "identifier": identifier} for one in several)) as url:
        with pytest.raises(SourceError, match="refused 1 of 4 reports: 1 with 412"):
            published(store, released, url)
        requests.delete(f"{url}/MeasureReport/two", timeout=10).raise_for_status()
        manifest = published(store, released, url)

    assert (manifest.sent, manifest.unchanged) == (1, 3)
    with store.read() as session:
        kept = session.scalars(select(Delivery).where(Delivery.status == "failed")).one()
        assert (kept.http_status, kept.report.identifier) == (412, released.reports[0].identifier)


def test_progress_tells_how_many_were_sent(store: Store) -> None:
    watching = Watching()

    with a_server() as url:
        published(store, release(store), url, watching)

    assert watching.advanced == 4
    assert watching.summaries == ["4 sent, 0 there unchanged"]

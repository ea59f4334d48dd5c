"""Publishing released reports: where they may go, what is sent again, and what is kept of the answers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from sqlalchemy import select

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, GateError, SourceError
from hi_fhir.core.progress import Silent
from hi_fhir.measures import registry
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.publish import PublishManifest, publish
from hi_fhir.pipeline.report import ReportManifest
from hi_fhir.reports.definitions import definitions
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.server import serve
from hi_fhir.store.deliveries import last_deliveries
from hi_fhir.store.models import Delivery
from hi_fhir.store.session import Store, open_store
from tests.support.released import BASE, CLOCK, DAY, ODS, release

NAMES = {"identifier_system": "urn:example:reports", "canonical_base": "https://example.invalid/fhir"}
"""A deployment's own."""
MEASURES = tuple(f"measure-{letter}" for letter in "abcdef")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'hi_fhir.sqlite'}")
    yield opened
    opened.close()


@dataclass
class Watching(Silent):
    """Counts what is told, and can stop the work as an interruption would."""

    stop_after: int | None = None
    advanced: int = 0
    summaries: list[str] = field(default_factory=list)

    def advance(self, amount: int = 1) -> None:
        self.advanced += amount
        if self.stop_after is not None and self.advanced >= self.stop_after:
            raise KeyboardInterrupt

    def finish(self, summary: str) -> None:
        self.summaries.append(summary)


@contextmanager
def a_server(faults: str = "", resources: tuple[dict[str, Any], ...] = ()) -> Iterator[str]:
    with serve(resources, port=0, faults=parse(faults) if faults else None, data_date=DAY) as running:
        yield running.base_url


def published(
    store: Store, released: ReportManifest, url: str, progress: Silent | None = None, **settings: Any
) -> PublishManifest:
    config = Config(tries=3, retry_after_cap_s=0, **settings)
    return publish(RunContext(config, CLOCK, progress=progress or Silent(), opened=store), released, url)


def found(url: str, type_: str) -> list[dict[str, Any]]:
    """All of a type that the server has, asked as patiently as its faults demand."""
    for _ in range(4):
        try:
            answer = requests.get(f"{url}/{type_}", params={"_count": "200"}, timeout=10)
            answer.raise_for_status()
            return [entry["resource"] for entry in answer.json().get("entry", ())]
        except requests.RequestException as error:
            failure = error
    raise failure


def versions(url: str) -> dict[str, str]:
    return {one["identifier"][0]["value"]: one["meta"]["versionId"] for one in found(url, "MeasureReport")}


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


def test_demonstration_reports_stay_on_this_machine(store: Store) -> None:
    released = release(store, demonstrations=["ethnicity-recorded"])

    with a_server() as url:
        assert published(store, released, url).sent == 4


def test_demonstration_reports_are_refused_elsewhere_after_the_others_are_sent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = release(store, demonstrations=["ethnicity-recorded"])

    with a_server() as url:
        monkeypatch.setattr("hi_fhir.reports.sending.targets.Target.is_loopback", False)
        with pytest.raises(GateError, match="2 reports were made with demonstration code lists") as stopped:
            published(store, released, url, **NAMES)
        sent = {report["measure"] for report in found(url, "MeasureReport")}

    assert stopped.value.exit_code == 4
    assert sent == {"https://hi-fhir.example/fhir/Measure/smoking-status-recorded|2026.1"}


def test_exact_reports_of_several_practices_go_to_no_one_server(store: Store) -> None:
    released = release(store, audience="practice")

    with a_server() as url:
        with pytest.raises(GateError, match="of 2 practices"):
            published(store, released, url)
        assert found(url, "MeasureReport") == []


def test_a_practice_gets_its_own_reports_only(store: Store) -> None:
    released = release(store, audience="practice")

    with a_server() as url:
        manifest = published(store, released, url, publish_practice="A99002")
        reports = found(url, "MeasureReport")

    assert (manifest.sent, manifest.withheld) == (2, 2)
    assert {report["reporter"]["identifier"]["value"] for report in reports} == {"A99002"}


def test_a_practice_is_named_in_any_case(store: Store) -> None:
    with a_server() as url:
        assert published(store, release(store, audience="practice"), url, publish_practice=" a99002").sent == 2


def test_a_practice_of_which_there_is_no_report_is_a_setting_to_mend(store: Store) -> None:
    with a_server() as url:
        with pytest.raises(
            ConfigError, match=r"publish_practice: no report is of A99\. These have one: A99001, A99002"
        ):
            published(store, release(store, audience="practice"), url, publish_practice="A99")
        assert found(url, "MeasureReport") == []


@pytest.mark.parametrize(
    ("own", "lacking"),
    [
        ({}, "identifier_system and canonical_base"),
        ({"identifier_system": NAMES["identifier_system"]}, "canonical_base"),
        ({"canonical_base": NAMES["canonical_base"]}, "identifier_system"),
    ],
)
def test_reports_without_names_of_their_own_go_to_no_other_machine(
    store: Store, own: dict[str, str], lacking: str
) -> None:
    with pytest.raises(ConfigError, match=f"Set {lacking} to"):
        published(store, release(store), "http://example.invalid/fhir", **own)


def test_exact_reports_of_one_practice_need_no_word_about_whose_server_it_is(store: Store) -> None:
    with a_server() as url:
        assert published(store, release(store, reporters=["A99001"], audience="practice"), url).sent == 2


def test_an_address_with_credentials_is_refused_before_anything_is_sent(store: Store) -> None:
    with pytest.raises(ConfigError):
        published(store, release(store), "http://me:secret@example.invalid/fhir")


def test_progress_tells_how_many_were_sent(store: Store) -> None:
    watching = Watching()

    with a_server() as url:
        published(store, release(store), url, watching)

    assert watching.advanced == 4
    assert watching.summaries == ["4 sent, 0 there unchanged"]


@responses.activate
@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"publish_url": "http://localhost:8080/"}, "Bearer secret"),
        ({"publish_url": "http://localhost:8081/fhir"}, None),
        ({"publish_url": "https://localhost:8080/fhir"}, None),
        ({}, None),
    ],
)
def test_the_token_goes_to_the_server_that_it_is_for_alone(
    store: Store, settings: dict[str, str], sent: str | None
) -> None:
    url = "http://localhost:8080/fhir"
    responses.post(url, status=401)

    with pytest.raises(SourceError):
        published(store, release(store), url, publish_token="secret", **settings)

    assert [call.request.headers.get("Authorization") for call in responses.calls] == [sent]

"""An export is asked for, waited for and fetched whole."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
import responses

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, SourceError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.server import Running, serve
from hi_fhir.tables.scope import Scope
from tests.support.calling import BASE, NOW
from tests.support.exporting import NOW_DATE, SCOPE, STATUS, STORE, a_file, a_line, an_export, asked, pull_from
from tests.support.landing import config_in
from tests.support.pulling import landed_lines


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, pull_method="export", slices=2, tries=2, retry_after_cap_s=0.01, export_poll_cap_s=0.01)


RECORDINGS = Path(__file__).parents[4] / "shared" / "corpora" / "bulk-recordings"


@responses.activate
def test_the_files_of_an_export_are_landed(config: Config) -> None:
    files = [a_file("1", a_line("p1") + a_line("p2")), a_file("2", a_line("p3").rstrip()), a_file("3", b"")]
    an_export({"output": files}, waits=2)
    manifest = pull_from(config, token="secret")
    assert landed_lines(config, manifest) == {"Patient": [a_line("p1"), a_line("p2"), a_line("p3")]}
    assert manifest.data_date == "2025-03-31"  # in London
    assert manifest.server_counts == {"Patient": None, "Organization": None}
    [kick_off] = asked("$export")
    assert kick_off.headers["Prefer"] == "respond-async"
    assert kick_off.headers["Accept"] == "application/fhir+json"
    assert dict(parse_qsl(urlsplit(kick_off.url).query))["_type"] == "Patient,Organization"
    assert [request.headers["Accept"] for request in asked("/files/1")] == ["application/fhir+ndjson"]


@responses.activate
@pytest.mark.parametrize(("required", "sent"), [(True, "Bearer secret"), (None, "Bearer secret"), (False, None)])
def test_the_token_is_sent_to_the_servers_own_files_unless_it_says_not_to(
    config: Config, required: bool | None, sent: str | None
) -> None:
    needs = {} if required is None else {"requiresAccessToken": required}
    an_export({"output": [a_file("1", a_line("p1"))], **needs})
    pull_from(config, token="secret")
    assert asked("/files/1")[0].headers.get("Authorization") == sent


@responses.activate
def test_files_on_another_host_are_fetched_without_the_token(config: Config) -> None:
    responses.get(f"{STORE}/1", body=a_line("p1"))
    an_export({"requiresAccessToken": True, "output": [{"type": "Patient", "url": f"{STORE}/1"}]})
    assert landed_lines(config, pull_from(config, token="secret")) == {"Patient": [a_line("p1")]}
    assert "Authorization" not in asked("/store/1")[0].headers


@responses.activate
@pytest.mark.parametrize("content_type", ["application/fhir+json", "application/fhir+ndjson"])
def test_a_file_in_a_binary_is_taken_out_of_it(config: Config, content_type: str) -> None:
    data = base64.b64encode(a_line("p1") + a_line("p2")).decode()
    envelope = orjson.dumps({"resourceType": "Binary", "contentType": "application/fhir+ndjson", "data": data})
    responses.get(f"{BASE}/Binary/1", body=envelope, content_type=content_type)
    an_export({"output": [{"type": "Patient", "url": f"{BASE}/Binary/1"}]})
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1"), a_line("p2")]}


@responses.activate
@pytest.mark.parametrize("said", [202, 429])
def test_an_export_that_is_never_done_is_given_up(config: Config, said: int) -> None:
    an_export({"output": []})
    responses.remove(responses.GET, STATUS)
    responses.get(STATUS, status=said, headers={"Retry-After": "120"})
    with pytest.raises(SourceError, match=r"not done.*export_limit_s") as given_up:
        pull_from(replace(config, export_limit_s=0.1))
    assert (given_up.value.kind, given_up.value.exit_code) == ("export-unfinished", 3)
    assert not list(config.data_dir.rglob("export.json"))  # the next run begins another


@responses.activate
def test_data_of_a_day_to_come_is_refused_unless_the_day_is_named(config: Config) -> None:
    an_export({"output": [a_file("1", a_line("p1"))], "transactionTime": "2025-04-03T00:30:00Z"})
    with pytest.raises(ConfigError, match=r"its data is of 2025-04-03 by its own account.*--extract-date"):
        pull_from(config)
    settings = SourceSettings("elm", BASE)
    assert pull(RunContext(config, NOW), settings, SCOPE, date(2025, 4, 2), 2).data_date == "2025-04-02"


@responses.activate
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"json": {"resourceType": "OperationOutcome", "issue": [{"code": "exception"}]}}, "operation-outcome"),
        ({"json": {"resourceType": "Bundle", "type": "batch-response", "entry": []}}, "not-a-manifest"),
        ({"json": {"resourceType": "Parameters", "output": []}}, "not-a-manifest"),
        ({"json": {"status": "in progress"}}, "not-a-manifest"),
        ({"json": []}, "not-a-manifest"),
        ({"json": {"output": [{"type": "Patient"}]}}, "not-a-manifest"),
        ({"json": {"output": {"type": "Patient", "url": "x"}}}, "not-a-manifest"),
        ({"body": b"in progress"}, "not-a-manifest"),
        ({"body": b'"in progress"'}, "not-a-manifest"),
        ({"body": b"<html>Sign in</html>"}, "html-body"),
        ({"body": b""}, "empty-body"),
        ({"body": b'{"output": [{"ty'}, "truncated-body"),
    ],
)
def test_an_answer_to_a_look_that_is_no_manifest_is_the_servers_error(
    config: Config, content: dict[str, Any], kind: str
) -> None:
    responses.get(STATUS, **content)
    responses.get(STATUS, **content)
    an_export({"output": [a_file("1", a_line("p1"))]})
    with pytest.raises(SourceError, match="export status: the response is") as error:
        pull_from(config)
    assert error.value.kind == kind
    assert error.value.exit_code == 3


@responses.activate
def test_a_later_page_of_a_manifest_that_is_none_is_the_servers_error_too(config: Config) -> None:
    responses.get(f"{STATUS}/2", json={"resourceType": "OperationOutcome", "issue": [{"code": "exception"}]})
    an_export({"output": [a_file("1", a_line("p1"))], "link": [{"relation": "next", "url": f"{STATUS}/2"}]})
    with pytest.raises(SourceError) as error:
        pull_from(config)
    assert error.value.kind == "operation-outcome"


@responses.activate
def test_a_server_that_was_asked_too_often_is_waited_for(config: Config) -> None:
    for _ in range(config.tries + 3):
        responses.get(STATUS, status=429, headers={"Retry-After": "120"})
    an_export({"output": [a_file("1", a_line("p1"))]})
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1")]}
    assert len(asked("$export")) == 1


@responses.activate
def test_manifest_pages_are_all_read(config: Config) -> None:
    more = {"output": [a_file("2", a_line("p2"))]}
    responses.get(f"{STATUS}/2", json=more)
    an_export({"output": [a_file("1", a_line("p1"))], "link": [{"relation": "next", "url": f"{STATUS}/2"}]})
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1"), a_line("p2")]}


@responses.activate
@pytest.mark.parametrize("type_", ["../../escaped", "", "Nonsense"])
def test_a_type_that_is_none_names_no_folder(config: Config, type_: str) -> None:
    an_export({"output": [{**a_file("1", a_line("p1")), "type": type_}]})
    assert [chunk.type for chunk in pull_from(config).chunks] == ["Resource"]


@responses.activate
def test_a_failure_that_may_pass_is_asked_about_again(config: Config) -> None:
    issue = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "transient"}]}
    responses.get(STATUS, status=500, json=issue)
    an_export({"output": [a_file("1", a_line("p1"))]})
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1")]}


@responses.activate
def test_an_export_of_a_server_that_has_no_people_is_refused(config: Config) -> None:
    statement = {"rest": [{"resource": [{"type": "Organization"}]}]}
    responses.get(f"{BASE}/metadata", json=statement, headers={"Date": NOW_DATE})
    an_export({"output": [{**a_file("o", a_line("o1", "Organization")), "type": "Organization"}]})

    with pytest.raises(SourceError) as error:
        pull_from(config)
    assert error.value.kind == "not-offered"


@responses.activate
def test_codes_are_sent_as_filters_and_left_out_where_they_are_refused(config: Config) -> None:
    scope = Scope(types={"Patient": None, "Condition": ("http://snomed.info/sct|1", "http://snomed.info/sct|2")})
    responses.get(f"{BASE}/$export", status=400, json={"resourceType": "OperationOutcome"})
    an_export({"output": [a_file("1", a_line("p1"))]})
    pull_from(config, scope=scope)
    first, second = (dict(parse_qsl(urlsplit(request.url).query)) for request in asked("$export"))
    assert first["_typeFilter"] == "Condition?code=1%2C2"
    assert "_typeFilter" not in second


@responses.activate
def test_a_kick_off_that_is_not_accepted_is_named(config: Config) -> None:
    responses.get(f"{BASE}/metadata", status=404)
    responses.get(f"{BASE}/$export", body=b"<html></html>")
    with pytest.raises(SourceError) as error:
        pull_from(config)
    assert error.value.kind == "html-body"


@pytest.mark.parametrize("method", ["exports", "export-group:", "bulk"])
def test_a_method_that_is_none_is_named(config: Config, method: str) -> None:
    with pytest.raises(ConfigError, match="pull_method"):
        pull_from(replace(config, pull_method=method))


def recorded(name: str) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads((RECORDINGS / f"{name}.json").read_bytes())
    return content


@responses.activate
@pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of a bulk server are not here")
def test_an_export_of_a_group_as_a_bulk_server_answered_it(config: Config) -> None:
    kick_off = recorded("partial-kickoff")
    root, _, _ = kick_off["request"]["url"].partition("/Group/")
    responses.get(f"{root}/metadata", status=404)
    responses.get(f"{root}/Organization", json={"resourceType": "Bundle", "total": 0})
    responses.get(f"{root}/Group/BMCHealthNet/$export", status=202, headers=kick_off["headers"], json=kick_off["body"])
    counts = {"Encounter": 0, "Patient": 0}
    for name in ("status-01", "status-02", "page-2", "page-3", "page-4"):
        page = recorded(f"partial-{name}")
        responses.get(page["request"]["url"], status=page["status"], json=page.get("body"))
        for file in (page.get("body") or {}).get("output", []):
            responses.get(file["url"], body=a_line("x", file["type"]) * file["count"])
            counts[file["type"]] += file["count"]
    scope = Scope(types={"Encounter": None, "Patient": None, "Organization": None})
    manifest = pull_from(
        replace(config, pull_method="export-group:BMCHealthNet"),
        root,
        scope,
        FixedClock(datetime(2026, 11, 22, tzinfo=UTC)),
    )
    assert manifest.server_counts == {**counts, "Organization": 0}
    assert {type_: came.received for type_, came in manifest.counts.items()} == counts
    assert manifest.data_date == "2026-11-21"


@contextmanager
def serving(faults: str = "") -> Iterator[Running]:
    people = [{"resourceType": "Patient", "id": f"p{n}"} for n in range(40)]
    practice = [{"resourceType": "Organization", "id": "practice"}]
    with serve(
        [*people, *practice], port=0, faults=parse(faults) if faults else None, data_date=date(2025, 4, 2)
    ) as on:
        yield on


@pytest.mark.parametrize("method", ["export", "export-patient"])
@pytest.mark.parametrize("faults", ["", "expired-links:1,truncated-body:0.5,429:0.3"])
def test_an_export_of_a_server_is_what_it_has(config: Config, method: str, faults: str) -> None:
    with serving(faults) as server:
        manifest = pull_from(replace(config, pull_method=method, tries=5), server.base_url)
    assert {type_: len(lines) for type_, lines in landed_lines(config, manifest).items()} == {
        "Organization": 1,
        "Patient": 40,
    }

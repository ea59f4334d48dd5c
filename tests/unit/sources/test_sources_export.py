"""An export is waited for, fetched whole, and taken up again after a restart without asking for a second one."""

import base64
import gzip
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
from hi_fhir.core.config import Config, SourceSettings
from hi_fhir.core.errors import ConfigError, GateError, SourceError
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.server import Running, serve
from hi_fhir.sources.chunks import Lane
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.tables.scope import Scope
from tests.support.calling import BASE, NOW
from tests.support.landing import config_in
from tests.support.pulling import KilledError, kill_after, landed_lines

SCOPE = Scope(types={"Patient": None, "Organization": None})
RECORDINGS = Path(__file__).parents[4] / "shared" / "corpora" / "bulk-recordings"
STATUS = f"{BASE}/status/1"
STORE = "http://files.invalid/store"


def a_line(id_: str, type_: str = "Patient") -> bytes:
    return orjson.dumps({"resourceType": type_, "id": id_}) + b"\n"


def pull_from(
    config: Config, address: str = BASE, scope: Scope = SCOPE, clock: FixedClock = NOW, **source: Any
) -> PullManifest:
    settings = replace(SourceSettings("elm", address), **source)
    return pull(RunContext(config, clock), settings, scope, None, 1)


def an_export(manifest: dict[str, Any], *, waits: int = 0, counts: dict[str, list[int]] | None = None) -> None:
    """A server that has an export with this manifest, after it was asked `waits` times in vain.

    counts: what it answers when asked how many there are of a type, the first and every other time; without, 404.
    """
    for method, path in (("GET", "Patient"), ("GET", "Organization"), ("POST", "Condition/_search")):
        for count in (counts or {}).get(path.partition("/")[0], [None]):
            answer = {"status": 404} if count is None else {"json": {"resourceType": "Bundle", "total": count}}
            responses.add(method, f"{BASE}/{path}", **answer)
    types = [{"type": type_, "searchParam": [{"name": "code"}]} for type_ in ("Patient", "Organization", "Condition")]
    responses.get(f"{BASE}/metadata", json={"rest": [{"resource": types}]}, headers={"Date": NOW_DATE})
    responses.get(f"{BASE}/$export", status=202, headers={"Content-Location": STATUS})
    for _ in range(waits):
        responses.get(STATUS, status=202, headers={"Retry-After": "120", "X-Progress": "1%"})
    responses.get(STATUS, json={"transactionTime": "2025-03-30T23:30:00Z", **manifest})


NOW_DATE = "Wed, 02 Apr 2025 12:00:00 GMT"


def a_file(name: str, body: bytes, **more: Any) -> dict[str, Any]:
    announced = {"auto_calculate_content_length": True, **more}
    responses.get(f"{BASE}/files/{name}", body=body, content_type="application/fhir+ndjson", **announced)
    return {"type": "Patient", "url": f"{BASE}/files/{name}"}


def asked(path: str) -> list[Any]:
    return [call.request for call in responses.calls if urlsplit(call.request.url).path.endswith(path)]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, pull_method="export", slices=2, tries=2, retry_after_cap_s=0.01, export_poll_cap_s=0.01)


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
def test_deletions_and_messages_are_kept_apart(config: Config) -> None:
    gone = b'{"resourceType":"Bundle","type":"transaction","entry":[]}\n'
    warning = orjson.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}) + b"\n"
    an_export(
        {
            "output": [a_file("1", a_line("p1"))],
            "deleted": [a_file("2", gone)],
            "error": [a_file("3", warning + b"\n" + warning), a_file("4", warning)],
        }
    )
    manifest = pull_from(config)
    assert landed_lines(config, manifest) == {"Patient": [a_line("p1")], "_deleted": [gone]}
    assert manifest.counts["OperationOutcome"].outcomes == 3


@responses.activate
def test_an_export_with_failed_parts_is_not_taken_for_a_whole_one(config: Config) -> None:
    failure = orjson.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}) + b"\n"
    an_export({"output": [a_file("1", a_line("p1"))], "error": [a_file("2", failure)]})
    with pytest.raises(GateError, match="1 parts of the export"):
        pull_from(config)
    with pytest.raises(GateError, match="1 parts of the export"):
        pull_from(replace(config, count_tolerance=1))


@responses.activate
@pytest.mark.parametrize(("severity", "failed"), [("error", 1), ("fatal", 1), ("warning", 0), ("information", 0)])
def test_a_message_among_records_stops_the_export_where_it_tells_of_a_failure(
    config: Config, severity: str, failed: int
) -> None:
    message = orjson.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": severity}]}) + b"\n"
    an_export({"output": [{**a_file("1", a_line("p1") + message), "count": 1}]})
    if failed:
        with pytest.raises(GateError, match="1 parts of the export"):
            pull_from(config)
    else:
        manifest = pull_from(config)
        assert landed_lines(config, manifest) == {"Patient": [a_line("p1")]}
        assert manifest.counts["OperationOutcome"].outcomes == 1


@responses.activate
def test_the_messages_of_a_manifest_of_version_3_are_its_outcomes(config: Config) -> None:
    failure = orjson.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}) + b"\n"
    an_export({"output": [a_file("1", a_line("p1"))], "outcome": [a_file("2", failure)]})
    with pytest.raises(GateError, match="1 parts of the export"):
        pull_from(config)


@responses.activate
@pytest.mark.parametrize("end", [b"\n", b"\n\r\n", b"  \n\t"])
def test_blank_lines_and_a_byte_order_mark_are_no_records(config: Config, end: bytes) -> None:
    body = b"\xef\xbb\xbf" + a_line("p1") + b"\n" + a_line("p2") + end
    an_export({"output": [{**a_file("1", body), "count": 2}]})
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1"), a_line("p2")]}


@responses.activate
def test_a_byte_order_mark_before_json_is_no_part_of_it(config: Config) -> None:
    file = {"output": [a_file("1", a_line("p1"))]}
    responses.get(f"{BASE}/metadata", body=b"\xef\xbb\xbf" + orjson.dumps({"rest": [{"resource": []}]}))
    responses.get(STATUS, body=b"\xef\xbb\xbf" + orjson.dumps(file))
    an_export(file)
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1")]}


@responses.activate
def test_a_file_that_is_gzip_and_does_not_say_so_is_unpacked(config: Config) -> None:
    packed = gzip.compress(a_line("p1")) + gzip.compress(a_line("p2"))
    an_export({"output": [{**a_file("1", packed), "count": 2}]})
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1"), a_line("p2")]}


@responses.activate
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (gzip.compress(a_line("p1") * 1_000)[:-9], "truncated-body"),
        (gzip.compress(bytes(64 << 20)), "unpacked-too-large"),
        (b"PK\x03\x04" + a_line("p1"), "unreadable-body"),
    ],
)
def test_packed_files_that_cannot_be_taken_are_named(config: Config, body: bytes, kind: str) -> None:
    an_export({"output": [a_file("1", body)]})
    with pytest.raises(SourceError, match="export file of Patient") as error:
        pull_from(config)
    assert error.value.kind == kind


@responses.activate
def test_a_file_that_comes_to_more_than_may_be_unpacked_is_refused(config: Config) -> None:
    noise = b"".join(a_line(f"p{n * 7919 % 100_003}") for n in range(50_000))
    an_export({"output": [a_file("1", gzip.compress(noise))]})
    with pytest.raises(SourceError, match=r"more than 1 MB when unpacked \(unpacked_limit_mb\)"):
        pull_from(replace(config, unpacked_limit_mb=1))


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
    with pytest.raises(SourceError, match="export status: the answer is") as error:
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
@pytest.mark.parametrize(
    ("count", "told"), [("1", 1), (" 1 ", 1), (1.0, 1), (None, None), ("many", None), (-1, None), (True, None)]
)
def test_a_count_is_read_as_the_number_that_it_means(config: Config, count: object, told: int | None) -> None:
    file = {**a_file("1", a_line("p1")), "count": count}
    an_export({"output": [file, None], "deleted": None, "error": None, "requiresAccessToken": "false"})
    manifest = pull_from(config, token="secret")
    assert manifest.server_counts["Patient"] == told
    assert "Authorization" not in asked("/files/1")[0].headers


@responses.activate
def test_the_counts_of_the_manifest_are_compared(config: Config) -> None:
    file = a_file("1", a_line("p1") + a_line("p2"))
    an_export({"output": [{**file, "count": 3}]})
    with pytest.raises(GateError, match="tells of 3 Patient, 2 came"):
        pull_from(config)
    assert pull_from(replace(config, count_tolerance=0.5)).server_counts["Patient"] == 3


@responses.activate
@pytest.mark.parametrize("came", [1, 3])
@pytest.mark.parametrize("method", ["export", "export-patient"])
def test_an_export_without_counts_is_held_against_those_of_a_search(config: Config, method: str, came: int) -> None:
    config = replace(config, pull_method=method)
    responses.get(f"{BASE}/Patient/$export", status=202, headers={"Content-Location": STATUS})
    file = a_file("1", b"".join(a_line(f"p{n}") for n in range(came)) + b"\n")
    an_export({"output": [file]}, counts={"Patient": [2], "Organization": [0]})
    with pytest.raises(GateError, match=f"there are 2 Patient, {came} came"):
        pull_from(config)
    assert not list(config.data_dir.rglob("*.zst"))
    assert pull_from(replace(config, count_tolerance=0.5)).server_counts == {"Patient": 2, "Organization": 0}


@responses.activate
def test_a_record_that_an_export_has_twice_is_one(config: Config) -> None:
    an_export({"output": [a_file("1", a_line("p1") * 2)]}, counts={"Patient": [2]})
    with pytest.raises(GateError, match="there are 2 Patient, 1 came"):
        pull_from(config)


@responses.activate
def test_what_was_written_during_an_export_is_no_difference(config: Config) -> None:
    an_export({"output": [a_file("1", a_line("p1") + a_line("p2"))]}, counts={"Patient": [1, 3]})
    assert pull_from(config).server_counts["Patient"] == 1


@responses.activate
@pytest.mark.parametrize(("came", "is_taken"), [(1, False), (2, True), (3, True)])
def test_of_what_is_asked_for_by_code_more_may_come_and_not_less(config: Config, came: int, is_taken: bool) -> None:
    scope = Scope(types={"Condition": ("http://snomed.info/sct|1",)})
    file = a_file("1", b"".join(a_line(f"c{n}", "Condition") for n in range(came)))
    an_export({"output": [{**file, "type": "Condition"}]}, counts={"Condition": [2]})
    if is_taken:
        assert pull_from(config, scope=scope).server_counts == {"Condition": 2}
    else:
        with pytest.raises(GateError, match="there are 2 Condition, 1 came"):
            pull_from(config, scope=scope)


@responses.activate
def test_receipts_account_for_every_line(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    an_export({"output": [a_file("1", a_line("p1"))]})
    with monkeypatch.context() as patch:
        patch.setattr(Lane, "receipts", lambda lane: [])
        with pytest.raises(GateError, match="1 lines were landed, and the receipts are for 0"):
            pull_from(config)
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1")]}


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
def test_an_export_that_failed_is_begun_anew_by_the_next_try(config: Config) -> None:
    responses.get(STATUS, status=500, json={"resourceType": "OperationOutcome", "issue": [{"code": "exception"}]})
    an_export({"output": [a_file("1", a_line("p1"))]})
    with pytest.raises(SourceError, match="export status: the answer is 500"):
        pull_from(config)
    pull_from(config)
    assert len(asked("$export")) == 2


@responses.activate
def test_a_link_that_expired_is_renewed_from_the_manifest(config: Config) -> None:
    responses.get(f"{BASE}/files/2", status=410)
    an_export({"output": [a_file("1", a_line("p1")), a_file("2", a_line("p2"))]})
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1"), a_line("p2")]}
    assert len(asked("/files/1")) == 1
    assert len(asked("$export")) == 1


def signed(number: int, signature: str) -> dict[str, Any]:
    return {"type": "Patient", "url": f"{STORE}/{number}?signature={signature}"}


@responses.activate
def test_links_that_are_signed_anew_lead_to_the_same_files(config: Config) -> None:
    responses.get(f"{STORE}/1", body=a_line("p1"))
    responses.get(f"{STORE}/2", status=403)
    responses.get(f"{STORE}/2", body=a_line("p2"))
    responses.get(STATUS, json={"transactionTime": "2025-03-30T23:30:00Z", "output": [signed(1, "a"), signed(2, "a")]})
    an_export({"output": [signed(1, "b"), signed(2, "b")]})
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1"), a_line("p2")]}
    assert len(asked("/store/1")) == 1


@responses.activate
@pytest.mark.parametrize("method", [None, "reset"])
def test_files_that_a_renewed_manifest_has_in_another_order_are_begun_with_again(
    config: Config, monkeypatch: pytest.MonkeyPatch, method: str | None
) -> None:
    config = replace(config, slices=1)
    for number in (1, 2):
        responses.get(f"{STORE}/{number}?signature=b", body=a_line(f"p{number}"))
    responses.get(f"{STORE}/1?signature=a", body=a_line("p1"))
    responses.get(f"{STORE}/2?signature=a", status=410)
    responses.get(STATUS, json={"transactionTime": "2025-03-30T23:30:00Z", "output": [signed(1, "a"), signed(2, "a")]})
    an_export({"output": [signed(2, "b"), signed(1, "b")]})
    if method:
        with monkeypatch.context() as patch:
            kill_after(patch, method, 1)
            with pytest.raises(KilledError):
                pull_from(config)
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line("p1"), a_line("p2")]}
    assert len(asked("$export")) == 1


@responses.activate
def test_files_that_are_forbidden_from_the_first_are_named_and_cost_no_new_export(config: Config) -> None:
    responses.get(f"{BASE}/files/1", status=403)
    an_export({"output": [{"type": "Patient", "url": f"{BASE}/files/1"}]})
    with pytest.raises(SourceError, match="export file of Patient: the answer is 403") as error:
        pull_from(config)
    assert error.value.kind == "forbidden"
    assert len(asked("$export")) == 1
    with pytest.raises(SourceError):
        pull_from(config)
    assert len(asked("$export")) == 2  # the next try asks for one of its own


@responses.activate
def test_links_that_stay_expired_cost_a_new_export_but_not_for_ever(config: Config) -> None:
    responses.get(f"{BASE}/files/1", status=410)
    an_export({"output": [{"type": "Patient", "url": f"{BASE}/files/1"}]})
    with pytest.raises(SourceError) as error:
        pull_from(config)
    assert error.value.kind == "export-gone"
    assert len(asked("$export")) == 3


@responses.activate
def test_a_restart_goes_on_polling_and_fetches_only_what_is_left(config: Config) -> None:
    config = replace(config, slices=1)
    an_export({"output": [a_file(str(n), a_line(f"p{n}")) for n in range(4)]}, waits=1)
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, "checkpoint", 2)
        with pytest.raises(KilledError):
            pull_from(config)
    assert landed_lines(config, pull_from(config)) == {"Patient": [a_line(f"p{n}") for n in range(4)]}
    assert len(asked("$export")) == 1
    assert [len(asked(f"/files/{n}")) for n in range(4)] == [1, 1, 1, 1]


@responses.activate
@pytest.mark.parametrize("method", ["append", "checkpoint", "finish", "_close_chunk"])
def test_an_export_killed_anywhere_lands_the_same_lines(config: Config, method: str) -> None:
    config = replace(config, slices=1, chunk_mb=0)
    an_export({"output": [a_file(str(n), a_line(f"p{n}") * 3) for n in range(4)]})
    for tries in range(1, 20):
        with pytest.MonkeyPatch.context() as patch:
            kill_after(patch, method, tries)
            try:
                manifest = pull_from(config)
            except KilledError:
                continue
        break
    assert tries > 1
    assert landed_lines(config, manifest) == {"Patient": sorted([a_line(f"p{n}") for n in range(4)] * 3)}


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
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Sign in</html>", "html-body"),
        (b'{"resourceType":"OperationOutcome","issue":[{"code":"exception"}]}\n', "operation-outcome"),
    ],
)
def test_a_file_that_is_none_is_named(config: Config, body: bytes, kind: str) -> None:
    an_export({"output": [a_file("1", body)]})
    with pytest.raises(SourceError, match="export file of Patient") as error:
        pull_from(config)
    assert error.value.kind == kind


@responses.activate
def test_a_file_of_no_announced_length_that_ends_within_a_line_was_cut(config: Config) -> None:
    an_export({"output": [a_file("1", a_line("p1") + b'{"resou', auto_calculate_content_length=False)]})
    with pytest.raises(SourceError) as error:
        pull_from(config)
    assert error.value.kind == "truncated-body"
    assert len(asked("/files/1")) == 2


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

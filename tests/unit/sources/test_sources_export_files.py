"""What the files of an export hold: records, deletions, messages, packed or not, and what is none of these."""

import gzip
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import responses

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError, SourceError
from tests.support.calling import BASE
from tests.support.exporting import STATUS, a_file, a_line, an_export, asked, pull_from
from tests.support.landing import config_in
from tests.support.pulling import landed_lines


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, pull_method="export", slices=2, tries=2, retry_after_cap_s=0.01, export_poll_cap_s=0.01)


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

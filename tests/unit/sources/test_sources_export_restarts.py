"""An export that stopped is taken up again without asking for a second one, whatever became of its links."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import responses

from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from tests.support.calling import BASE
from tests.support.exporting import STATUS, STORE, a_file, a_line, an_export, asked, pull_from
from tests.support.landing import config_in
from tests.support.pulling import KilledError, kill_after, landed_lines


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, pull_method="export", slices=2, tries=2, retry_after_cap_s=0.01, export_poll_cap_s=0.01)


@responses.activate
def test_an_export_that_failed_is_begun_anew_by_the_next_try(config: Config) -> None:
    responses.get(STATUS, status=500, json={"resourceType": "OperationOutcome", "issue": [{"code": "exception"}]})
    an_export({"output": [a_file("1", a_line("p1"))]})
    with pytest.raises(SourceError, match="export status: the response is 500"):
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
    with pytest.raises(SourceError, match="export file of Patient: the response is 403") as error:
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

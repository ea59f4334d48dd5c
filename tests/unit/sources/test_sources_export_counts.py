"""How many records an export brought is held against what its server says there are."""

from dataclasses import replace
from pathlib import Path

import pytest
import responses

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError
from hi_fhir.sources.chunks import Lane
from hi_fhir.tables.scope import Scope
from tests.support.calling import BASE
from tests.support.exporting import STATUS, a_file, a_line, an_export, asked, pull_from
from tests.support.landing import config_in
from tests.support.pulling import landed_lines


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, pull_method="export", slices=2, tries=2, retry_after_cap_s=0.01, export_poll_cap_s=0.01)


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

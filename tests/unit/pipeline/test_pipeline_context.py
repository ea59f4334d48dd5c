"""Work that is cancelled ends where nothing is half done, and goes on from there."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import CancelledError
from hi_fhir.core.progress import Silent
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.core.stopping import Cancellation
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.run import RunRequest, run
from hi_fhir.sandbox.server import serve
from tests.support.landing import config_in

CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
STEPS = ("pull", "flatten", "resolve", "evaluate", "report")


@dataclass
class CancelledDuring(Silent):
    """Asks for the end of the work as soon as a unit of `step` is done."""

    step: str
    cancel: Cancellation
    now: str = ""

    def start(self, step: str, total: int | None, unit: str) -> None:
        self.now = step

    def advance(self, amount: int = 1) -> None:
        if self.now == self.step:
            self.cancel.ask()


@pytest.fixture
def request_of_one(tmp_path: Path) -> RunRequest:
    practice = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99001"}}
    patient: dict[str, Any] = {"resourceType": "Patient", "id": "one", "birthDate": "1960-05-03"}
    patient |= {"meta": {"lastUpdated": "2025-04-02T10:00:00Z"}, "managingOrganization": practice}
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "Patient.ndjson").write_bytes(orjson.dumps(patient))
    return RunRequest(
        sources=(SourceSettings("elm", str(folder)),),
        period=Period(date(2024, 4, 1), date(2025, 3, 31)),
        measures=("nhs-number-verified",),
    )


def contents(config: Config) -> dict[str, bytes]:
    """Every report, by its path in the data folder."""
    return {
        str(path.relative_to(config.data_dir)): path.read_bytes()
        for path in config.data_dir.glob("runs/*/reports/**/*.json")
    }


@pytest.mark.slow
def test_a_run_that_is_cancelled_in_every_step_in_turn_ends_with_the_same_reports(
    tmp_path: Path, request_of_one: RunRequest
) -> None:
    config, undisturbed = config_in(tmp_path / "cancelled"), config_in(tmp_path / "undisturbed")
    run(RunContext(undisturbed, CLOCK), request_of_one)
    for step in STEPS:
        cancel = Cancellation()
        with pytest.raises(CancelledError):
            run(RunContext(config, CLOCK, CancelledDuring(step, cancel), cancel), request_of_one)
        assert [one["state"] for one in history.runs(config.data_dir)] == ["unfinished"]
        assert contents(config) == {}
    run(RunContext(config, CLOCK), request_of_one)

    assert contents(config) == contents(undisturbed) != {}
    assert [one["state"] for one in history.runs(config.data_dir)] == ["done"]


def test_a_pull_by_search_that_is_cancelled_ends_at_its_next_page(tmp_path: Path, request_of_one: RunRequest) -> None:
    config, cancel = config_in(tmp_path), Cancellation()
    patients = [{"resourceType": "Patient", "id": f"p{number}"} for number in range(3)]
    with serve(patients, port=0, data_date=date(2025, 4, 2)) as server:
        request = RunRequest((SourceSettings("elm", server.base_url),), request_of_one.period)
        with pytest.raises(CancelledError):
            run(RunContext(config, CLOCK, CancelledDuring("pull", cancel), cancel), request)

    assert not list(config.data_dir.glob("sources/elm/raw/*/pull.json"))
    assert [one["state"] for one in history.runs(config.data_dir)] == ["unfinished"]


def test_the_store_is_opened_once_and_only_when_it_is_asked_for(tmp_path: Path) -> None:
    context = RunContext(Config(data_dir=tmp_path))
    before = context.config.store_place.exists()
    store = context.store

    assert not before
    assert context.store is store
    assert context.config.store_place.exists()
    store.close()

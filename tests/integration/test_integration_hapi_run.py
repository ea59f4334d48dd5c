"""The main job on real servers: people on one HAPI become MeasureReports on another, and the same ones each time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from tests.support.crowd import Crowd
from tests.support.hapi import Hapi
from tests.support.processes import environment, run_hi_fhir

pytestmark = pytest.mark.real

MEASURES = (
    "ethnicity-recorded",
    "blood-pressure-recorded",
    "hypertension-treated-to-target-under-80",
    "smoking-status-recorded",
    "encounter-reason-coded",
)
"""Of patients, observations, conditions and encounters. The truth of all is held against evaluations elsewhere."""


@dataclass(frozen=True)
class Job:
    """`hi-fhir run` as its user types it, into a data folder of its own each time."""

    source: Hapi
    target: Hapi
    crowd: Crowd
    key_file: Path

    def run(self, data_dir: Path) -> dict[str, Any]:
        """The printed manifest of a run that publishes for boards."""
        env = environment(self.key_file)
        for kind in ("postcodes", "organisations"):
            file = self.crowd.folder / f"{kind}.csv"
            assert run_hi_fhir(["mappings", f"import-{kind}", file, "--data-dir", data_dir], env).returncode == 0
        arguments = ["--source", f"elm={self.source.base_url}", "--period", "2024-04-01..2025-03-31"]
        arguments += ["--overlay", str(self.crowd.folder / "overlay"), "--data-dir", str(data_dir), "--json"]
        arguments += ["--audience", "icb", "--publish", self.target.base_url, "--measures", ",".join(MEASURES)]
        done = run_hi_fhir(["run", *arguments], env)
        assert done.returncode == 0, done.stderr
        manifest: dict[str, Any] = orjson.loads(done.stdout)
        return manifest

    def on_server(self) -> dict[str, dict[str, Any]]:
        """Every MeasureReport on the target, by identifier."""
        return {report["identifier"][0]["value"]: report for report in self.target.search("MeasureReport")}


@pytest.fixture(scope="module")
def job(source: Hapi, target: Hapi, crowd: Crowd, tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(source, target, crowd, tmp_path_factory.mktemp("keys") / "identity.key")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first")


@pytest.fixture(scope="module")
def manifest(job: Job, data_dir: Path) -> dict[str, Any]:
    return job.run(data_dir)


def test_the_counts_are_those_that_the_people_were_made_with(
    manifest: dict[str, Any], crowd: Crowd, data_dir: Path
) -> None:
    table = pq.read_table(data_dir / "evaluations" / manifest["evaluation"] / "counts.parquet")
    columns = (column.to_pylist() for column in table.itercolumns())
    found = {tuple(cell): count for *cell, count in zip(*columns, strict=True)}
    counted = {cell: count for cell, count in found.items() if count}
    assert {measure for measure, *_ in counted} == {*MEASURES}
    assert counted == {cell: count for cell, count in crowd.counts.items() if cell[0] in MEASURES}


def test_reports_read_back_are_those_that_were_sent(manifest: dict[str, Any], job: Job) -> None:
    on_server = job.on_server()
    organisations = {f"Organization/{one['id']}": one for one in job.target.search("Organization")}

    written = [orjson.loads(Path(path).read_bytes()) for path in manifest["reports"]]
    assert manifest["published"]["sent"] == len(written) == len(on_server)
    for report in written:
        stored = on_server[report["identifier"][0]["value"]]
        organisation = organisations[stored["reporter"].pop("reference")]
        assert organisation["identifier"] == [report["reporter"]["identifier"]]
        assert _without(stored, "id", "meta") == _without(report, "id", "meta")


def test_measures_that_the_reports_name_are_there_too(manifest: dict[str, Any], job: Job) -> None:
    measures = {f"{one['url']}|{one['version']}" for one in job.target.search("Measure")}

    assert measures == {report["measure"] for report in job.on_server().values()}


def test_a_second_run_from_a_fresh_data_folder_makes_no_new_version(
    manifest: dict[str, Any], job: Job, tmp_path: Path
) -> None:
    before = job.on_server()
    organisations = job.target.search("Organization")

    again = job.run(tmp_path)

    assert again["published"] == manifest["published"]
    assert job.on_server() == before
    assert job.target.search("Organization") == organisations
    assert {report["meta"]["versionId"] for report in before.values()} == {"1"}


def _without(resource: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in names}

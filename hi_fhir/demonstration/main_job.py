"""The whole job on the sandbox, over real HTTP to a second server, held against what the sandbox knew beforehand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pyarrow.parquet as pq

from hi_fhir.cohorts.imports import import_organisations, import_postcodes
from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.files import read_json
from hi_fhir.core.progress import Progress
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.demonstration.corrected import Correction, find_correction, put_right
from hi_fhir.demonstration.subscriber import Received, Subscriber, subscribed
from hi_fhir.fhir.auth import NoAuth
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.settings import server_client
from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest, read_evaluation
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.run import RunRequest, run
from hi_fhir.pipeline.run_folder import RunManifest
from hi_fhir.reports.reporters import organisation_id
from hi_fhir.sandbox import render, server
from hi_fhir.sandbox.folder import write_beside
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.model import DATA_DATE, PERIOD_END, PERIOD_START, SyntheticPerson
from hi_fhir.sandbox.people.places import NORTH
from hi_fhir.sandbox.truth import MEASURES, Cell, expected

AUDIENCE = Audience.ICB
BOARD = NORTH
"""Who subscribes."""
SHOWN_MEASURE, SHOWN_STRATIFIER = "smoking-status-recorded", "ethnic-group-5"


@dataclass(frozen=True)
class Stratum:
    """A line of a report as its reader gets it: counts and score are text, since they may be `masked` or `withheld`."""

    name: str
    denominator: str
    numerator: str
    score: str


@dataclass(frozen=True)
class Demonstration:
    """What happened. target_reports: MeasureReports that the target says it has.

    cells: counts of the evaluation that were compared with the sandbox's own; differing: those that are not the same.
    shown: SHOWN_MEASURE by SHOWN_STRATIFIER for one PCN, as the target gives it back. demonstrated: measures with code
    lists of the sandbox's own. board: who subscribed. correction: of one record between two runs; None where there was
    nothing to correct. first, again: what was received of either; changed: reports of the second that are new.
    """

    people: int
    registered: int
    run: RunManifest
    target_reports: int
    cells: int
    differing: int
    title: str
    reporter: str
    shown: tuple[Stratum, ...]
    demonstrated: tuple[str, ...]
    board: str
    correction: Correction | None
    first: Received
    again: Received
    changed: int

    @property
    def is_sound(self) -> bool:
        """Whether every count is the sandbox's own, and the subscriber has what it may see."""
        return not self.differing and not self.first.differing and not self.again.differing


def demonstrate(context: RunContext, beside: Path, count: int, seed: int) -> Demonstration:
    """Do the main job for `count` synthetic people, from a FHIR server in this process to another, both on loopback.

    beside: where the postcodes, memberships and code lists that go with the people are written; the code lists are
    used if `config.overlays` names its `overlay`. Nothing else outside `config.data_dir` is written but the key.
    """
    config, progress = context.config, context.progress
    write_beside(beside)
    import_postcodes(beside / "postcodes.csv", config.data_dir / "imports")
    import_organisations(beside / "organisations.csv", config.data_dir / "imports")
    people = make_people(count, seed)
    resources = _resources(people, progress)
    with (
        server.serve(resources, port=0, data_date=DATA_DATE) as source,
        server.serve((), port=0, data_date=DATA_DATE) as target,
        subscribed(context, BOARD, beside.parent / "subscriber") as subscriber,
    ):
        manifest = run(context, _request(source.base_url, target.base_url))
        first = _told(subscriber, progress)
        evaluated = config.data_dir / "evaluations" / manifest.evaluation
        evaluation = read_evaluation(evaluated)
        reports, shown = _read_back(context, target.base_url, _shown_file(config, manifest, evaluation))
        correction = find_correction(people)
        if correction:
            put_right(context, source.base_url, correction)
            progress.start("correct", None, "")
            progress.finish(f"one Observation: a blood pressure of {correction.was:g} was {correction.is_now:g} mmHg")
        second = run(context, _request(source.base_url, target.base_url))
        again = _told(subscriber, progress)
    progress.start("check", None, "cells")
    cells, differing = _compare(pq.read_table(evaluated / COUNTS_FILE).to_pylist(), expected(people).counts)
    progress.finish(f"{cells:,} counts compared with the sandbox's own")
    return Demonstration(
        people=count,
        registered=evaluation.people.registered,
        run=manifest,
        target_reports=reports,
        cells=cells,
        differing=differing,
        title=next(measure.title for measure in evaluation.measures if measure.id == SHOWN_MEASURE),
        reporter=shown["reporter"].get("display") or "a PCN",
        shown=tuple(_strata(shown)),
        demonstrated=tuple(measure.id for measure in evaluation.measures if measure.is_demonstration),
        board=BOARD.name,
        correction=correction,
        first=first,
        again=again,
        changed=second.published["sent"] if second.published else 0,
    )


def _told(subscriber: Subscriber, progress: Progress) -> Received:
    progress.start("subscriber", None, "reports")
    received = subscriber.received()
    progress.finish(f"told of {received.events} reports, has {received.held}: {received.differing or 'none'} differ")
    return received


def _resources(people: Sequence[SyntheticPerson], progress: Progress) -> Iterator[dict[str, Any]]:
    """Every resource of the sandbox, with progress by person."""
    progress.start("sandbox", len(people), "people")
    resources = 0
    for resource in render.organisation_resources():
        resources += 1
        yield resource
    for person in people:
        for resource in render.resources(person):
            resources += 1
            yield resource
        progress.advance()
    progress.finish(f"{len(people):,} people in {resources:,} resources on a FHIR server")


def _request(source: str, target: str) -> RunRequest:
    return RunRequest(
        sources=(SourceSettings(name="main", address=source),),
        period=Period(PERIOD_START, PERIOD_END),
        measures=MEASURES,
        audience=AUDIENCE,
        publish_url=target,
    )


def _shown_file(config: Config, manifest: RunManifest, evaluation: EvaluationManifest) -> Path:
    """The run's copy of the report that is shown."""
    pcn = min(area.pcn_id for area in evaluation.areas if area.pcn_id)
    folder = config.data_dir / "runs" / manifest.run / "reports" / AUDIENCE
    return folder / organisation_id(pcn) / f"{SHOWN_MEASURE}.json"


def _read_back(context: RunContext, target: str, file: Path) -> tuple[int, dict[str, Any]]:
    """How many MeasureReports the target has, and what it has under the identifier of the report in `file`."""
    [identifier] = read_json(file)["identifier"]
    token = urlencode({"identifier": f"{identifier['system']}|{identifier['value']}"})
    with FhirClient(server_client(context.config, "target", target, NoAuth()), context.clock) as client:
        total = _search(client, "_summary=count")["total"]
        return total, _search(client, token)["entry"][0]["resource"]


def _search(client: FhirClient, query: str) -> dict[str, Any]:
    request = Request("search of MeasureReport", f"{client.base}/MeasureReport?{query}")
    bundle, _ = client.resource(request, lambda body: msgspec.json.decode(body, type=dict[str, Any]))
    return bundle


def _compare(rows: Sequence[Mapping[str, Any]], truth: Mapping[Cell, int]) -> tuple[int, int]:
    """How many cells there are, and in how many the counts are not those of `truth`, which has no zeros."""
    found: dict[Cell, int] = {
        (row["measure_id"], row["practice_id"], row["stratifier"], row["stratum"], row["population"]): row["count"]
        for row in rows
    }
    cells = found.keys() | truth.keys()
    return len(cells), sum(found.get(cell) != truth.get(cell, 0) for cell in cells)


def _strata(report: Mapping[str, Any]) -> Iterator[Stratum]:
    """The lines of SHOWN_STRATIFIER in a report."""
    for stratifier in report["group"][0]["stratifier"]:
        codings = [coding["code"] for concept in stratifier.get("code", ()) for coding in concept["coding"]]
        if codings == [SHOWN_STRATIFIER]:
            yield from map(_stratum, stratifier["stratum"])


def _stratum(stratum: Mapping[str, Any]) -> Stratum:
    counts = {one["code"]["coding"][0]["code"]: _count(one) for one in stratum["population"]}
    score = stratum.get("measureScore", {}).get("value")
    return Stratum(
        name=stratum["value"]["text"],
        denominator=counts["denominator"],
        numerator=counts.get("numerator", "absent"),
        score="withheld" if score is None else f"{score:.0%}",
    )


def _count(population: Mapping[str, Any]) -> str:
    """The number, or the reason why there is none."""
    if "count" in population:
        return f"{population['count']:,}"
    return str(population["_count"]["extension"][0]["valueCode"])

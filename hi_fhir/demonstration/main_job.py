"""The whole job on the sandbox, period by period, to a second server over real HTTP, held against what was known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
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
from hi_fhir.demonstration.bay_people import bay_people
from hi_fhir.demonstration.corrected import Correction, find_correction, put_right
from hi_fhir.demonstration.subscriber import Received, Subscriber, subscribed
from hi_fhir.fhir.auth import NoAuth
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.settings import server_client
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest, read_evaluation
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluate import evaluate
from hi_fhir.pipeline.release import release_evaluation
from hi_fhir.pipeline.run import RunRequest, run
from hi_fhir.pipeline.run_folder import RunManifest, read_run
from hi_fhir.reports.reporters import organisation_id
from hi_fhir.sandbox import render, server
from hi_fhir.sandbox.folder import write_beside
from hi_fhir.sandbox.people.model import DATA_DATE, PERIOD_END, PERIOD_START, SyntheticPerson
from hi_fhir.sandbox.people.places import BAYS, COAST
from hi_fhir.sandbox.truth import MEASURES, Cell, expected
from hi_fhir.sandbox.truth.setting import TruthSetting
from hi_fhir.terminology.catalogue import load as load_terminology

AUDIENCE = Audience.ICB
BOARD = COAST
"""Who subscribes."""
SHOWN_MEASURE, SHOWN_STRATIFIER = "smoking-status-recorded", "ethnic-group-5"
PERIODS = (
    Period(date(2023, 7, 1), date(2024, 6, 30)),
    Period(date(2023, 10, 1), date(2024, 9, 30)),
    Period(date(2024, 1, 1), date(2024, 12, 31)),
    Period(PERIOD_START, PERIOD_END),
)
"""The year to the end of each quarter, the earliest first."""


@dataclass(frozen=True)
class Stratum:
    """A line of a report as its reader gets it: counts and score are text, since they may be `masked` or `withheld`."""

    name: str
    denominator: str
    numerator: str
    score: str


@dataclass(frozen=True)
class Demonstration:
    """What happened. run: of the latest of the periods. target_reports: MeasureReports that the target says it has.

    cells: counts of all periods that were compared with the sandbox's own; differing: those that are not the same.
    shown: SHOWN_MEASURE by SHOWN_STRATIFIER for one PCN in the latest period, as the target gives it back.
    demonstrated: measures with code lists of the sandbox's own. board: who subscribed, by name, and board_code.
    correction: of one record between two runs of the latest period; None where there was nothing to correct. first,
    again: what was received of the periods and of that; changed: reports of the second run that are new.
    """

    people: int
    registered: int
    periods: tuple[str, ...]
    run: RunManifest
    target_reports: int
    cells: int
    differing: int
    measure: str
    title: str
    reporter: str
    shown: tuple[Stratum, ...]
    demonstrated: tuple[str, ...]
    board: str
    board_code: str
    correction: Correction | None
    first: Received
    again: Received
    changed: int

    @property
    def is_sound(self) -> bool:
        """Whether every count is the sandbox's own, and the subscriber has what it may see."""
        return not self.differing and not self.first.differing and not self.again.differing


def demonstrate(
    context: RunContext, beside: Path, count: int, seed: int, periods: int, measures: Sequence[str] | None = None
) -> Demonstration:
    """Do the main job for `count` synthetic people, from a FHIR server in this process to another, both on loopback.

    periods: how many of PERIODS, the last ones. measures: ids of some, with which SHOWN_MEASURE goes; None: all.

    beside: where the postcodes, memberships and code lists that go with the people are written; the code lists are
    used if `config.overlays` names its `overlay`. Nothing else outside `config.data_dir` is written but the key.
    """
    config, progress = context.config, context.progress
    write_beside(beside, BAYS)
    import_postcodes(beside / "postcodes.csv", config.data_dir / "imports")
    import_organisations(beside / "organisations.csv", config.data_dir / "imports")
    asked = PERIODS[-periods:]
    chosen = MEASURES if measures is None else tuple(sorted({*measures, SHOWN_MEASURE}))
    people = bay_people(count, seed)
    resources = _resources(people, progress)
    with (
        server.serve(resources, port=0, data_date=DATA_DATE) as source,
        server.serve((), port=0, data_date=DATA_DATE) as target,
        subscribed(context, BOARD, beside.parent / "subscriber") as subscriber,
    ):
        runs = _runs(context, asked, chosen, source.base_url, target.base_url)
        done = zip(asked, runs, strict=True)
        checked = [_checked(context, people, chosen, period, manifest) for period, manifest in done]
        manifest = checked[-1].manifest
        first = _told(subscriber, progress)
        evaluation = read_evaluation(_evaluated(config, manifest))
        reports, shown = _read_back(context, target.base_url, _shown_file(config, manifest, evaluation))
        correction = find_correction(people)
        if correction:
            put_right(context, source.base_url, correction)
            progress.start("correct", None, "")
            progress.finish(f"one Observation: a blood pressure of {correction.was:g} was {correction.is_now:g} mmHg")
        second = run(context, _request(source.base_url, target.base_url, asked[-1], chosen))
        again = _told(subscriber, progress)
    return Demonstration(
        people=count,
        registered=evaluation.people.registered,
        periods=tuple(f"{period.start}..{period.end}" for period in asked),
        run=manifest,
        target_reports=reports,
        cells=sum(one.cells for one in checked),
        differing=sum(one.differing for one in checked),
        measure=SHOWN_MEASURE,
        title=next(measure.title for measure in evaluation.measures if measure.id == SHOWN_MEASURE),
        reporter=shown["reporter"].get("display") or "a PCN",
        shown=tuple(_strata(shown)),
        demonstrated=tuple(measure.id for measure in evaluation.measures if measure.is_demonstration),
        board=BOARD.name,
        board_code=BOARD.ods_code,
        correction=correction,
        first=first,
        again=again,
        changed=second.published["sent"] if second.published else 0,
    )


def _runs(
    context: RunContext, periods: Sequence[Period], chosen: tuple[str, ...], source: str, target: str
) -> Iterator[RunManifest]:
    """A whole run for the first period; what it pulled serves the others, each evaluated, reported and published."""
    config, [first, *others] = context.config, periods
    _tell_period(context.progress, first)
    pulled = run(context, _request(source, target, first, chosen))
    yield pulled
    snapshots = tuple(config.data_dir / "sources" / name / "snapshots" / id_ for name, id_ in pulled.snapshots.items())
    measures, terminology = registry.load(chosen, config.overlays), load_terminology(config.overlays)
    for period in others:
        _tell_period(context.progress, period)
        evaluation = evaluate(context, snapshots, measures, period, None, terminology)
        folder = config.data_dir / "evaluations" / evaluation.id
        yield read_run(release_evaluation(context, folder, AUDIENCE, target).folder)


def _tell_period(progress: Progress, period: Period) -> None:
    progress.start("period", None, "")
    progress.finish(f"{period.start} to {period.end}")


class _Checked(NamedTuple):
    """A run, the counts behind it that were compared with the sandbox's own, and how many are not the same."""

    manifest: RunManifest
    cells: int
    differing: int


def _checked(
    context: RunContext,
    people: Sequence[SyntheticPerson],
    chosen: Sequence[str],
    period: Period,
    manifest: RunManifest,
) -> _Checked:
    context.progress.start("check", None, "cells")
    rows = pq.read_table(_evaluated(context.config, manifest) / COUNTS_FILE).to_pylist()
    truth = expected(people, TruthSetting((period.start, period.end), period.end, region=BAYS))
    of_these = {cell: count for cell, count in truth.counts.items() if cell[0] in chosen}
    cells, differing = _compare(rows, of_these)
    context.progress.finish(f"{cells:,} counts compared with the sandbox's own: {differing or 'none'} differ")
    return _Checked(manifest, cells, differing)


def _evaluated(config: Config, manifest: RunManifest) -> Path:
    return config.data_dir / "evaluations" / manifest.evaluation


def _told(subscriber: Subscriber, progress: Progress) -> Received:
    progress.start("subscriber", None, "reports")
    received = subscriber.received()
    progress.finish(
        f"told of {received.events:,} reports, has {received.held:,}: {received.differing or 'none'} differ"
    )
    return received


def _resources(people: Sequence[SyntheticPerson], progress: Progress) -> Iterator[dict[str, Any]]:
    """Every resource of the sandbox, with progress by person."""
    progress.start("sandbox", len(people), "people")
    resources = 0
    for resource in render.organisation_resources(BAYS):
        resources += 1
        yield resource
    for person in people:
        for resource in render.resources(person):
            resources += 1
            yield resource
        progress.advance()
    progress.finish(f"{len(people):,} people in {resources:,} resources on a FHIR server")


def _request(source: str, target: str, period: Period, measures: tuple[str, ...]) -> RunRequest:
    return RunRequest(
        sources=(SourceSettings(name="main", address=source),),
        period=period,
        measures=measures,
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

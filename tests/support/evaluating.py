"""Evaluations of a village, done or only asked for."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluate import evaluate
from hi_fhir.pipeline.evaluation_job import job_of
from hi_fhir.terminology.catalogue import load
from tests.support.tables import SnapshotBuilder

PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
SMOKER, SYSTOLIC, HYPERTENSION = "77176002", "271649006", "38341003"
TERMINOLOGY = load()
TWO = ("nhs-number-verified", "smoking-status-recorded")


def evaluated(config: Config, *snapshots: Path, measures: tuple[str, ...] = TWO, **named: Any) -> EvaluationManifest:
    wanted = {"period": PERIOD, "as_of": None, "terminology": TERMINOLOGY, **named}
    return evaluate(RunContext(config, CLOCK), snapshots, registry.load(measures), **wanted)


def job(config: Config, *snapshots: Path, measures: tuple[str, ...] = TWO[:1], **named: Any) -> Any:
    """What an evaluation would hold fixed, without doing it."""
    wanted = {"period": PERIOD, "as_of": None, "terminology": TERMINOLOGY, **named}
    return job_of(config, snapshots, registry.load(measures), **wanted)


def a_village(people: int = 40) -> SnapshotBuilder:
    """People of two practices, every third with a smoking status in the period."""
    main = SnapshotBuilder()
    for number in range(people):
        name = f"villager {number}"
        main.patient(name, practice=f"A0000{number % 2 + 1}", birth_date=date(1940 + number, 5, 5))
        if number % 3 == 0:
            main.observation(name, SMOKER, date(2024, 6, 1))
    return main

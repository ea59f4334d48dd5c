"""People per CPU-second of evaluate, all measures by all strata, from tables of 35 resources a person; peak memory.

Run: python -m tests.bench.bench_evaluate [people] [workers]
"""

import hashlib
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from hi_fhir.cohorts import resolve as resolving
from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.measures import registry
from hi_fhir.pipeline import evaluate as evaluating
from hi_fhir.pipeline.context import RunContext
from hi_fhir.tables.partial import TABLES
from hi_fhir.terminology.catalogue import Terminology, load
from tests.support.snapshots import write_snapshot

PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
PRACTICES = 20
GOAL = 45_000
_SNOMED = "http://snomed.info/sct"
_FIRST_DAY = (date(2015, 1, 1) - date(1970, 1, 1)).days
_DAYS = 3_740


def main(people: int = 100_000, workers: int = 1) -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), people, workers)))  # noqa: T201  a bench prints


def measure(folder: Path, people: int, workers: int) -> dict[str, float]:
    """Of a first evaluation in a data folder, and of another one there, for which the SQL is compiled already."""
    snapshot = folder / "snapshots" / "bench"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:  # whose memory is not evaluate's
        other.submit(write_tables, snapshot, people).result()
    config = Config(data_dir=folder / "data", key_file=folder / "key" / "identity.key", workers=workers)
    first, in_resolve = _evaluated(config, snapshot)
    shutil.rmtree(config.data_dir / "evaluations")
    again, _ = _evaluated(config, snapshot)
    return {
        "people": people,
        "workers": workers,
        "cpu_s": round(first, 2),
        "of_which_resolve_s": round(in_resolve, 2),
        "cpu_s_again": round(again, 2),
        "people_per_cpu_s": round(people / first),
        "people_per_cpu_s_without_resolve": round(people / (first - in_resolve)),
        "people_per_cpu_s_again": round(people / again),
        "goal": GOAL,
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def write_tables(snapshot: Path, people: int) -> None:
    write_snapshot(snapshot, dict(_tables(people, load())))


def _evaluated(config: Config, snapshot: Path) -> tuple[float, float]:
    """CPU-seconds of one evaluation, and those of them in resolve."""
    terminology, measures = load(), registry.load()
    context = RunContext(config, FixedClock(datetime(2025, 4, 2, tzinfo=UTC)))
    start = time.process_time()
    with _timed_resolve() as in_resolve:
        evaluating.evaluate(context, (snapshot,), measures, PERIOD, None, terminology)
    return time.process_time() - start, sum(in_resolve)


@contextmanager
def _timed_resolve() -> Iterator[list[float]]:
    spent: list[float] = []

    def timed(*arguments: object) -> object:
        start = time.process_time()
        found = resolving.resolve(*arguments)  # type: ignore[arg-type]
        spent.append(time.process_time() - start)
        return found

    evaluating.resolve = timed  # type: ignore[assignment]
    try:
        yield spent
    finally:
        evaluating.resolve = resolving.resolve


def _tables(people: int, terminology: Terminology) -> Iterator[tuple[str, pa.Table]]:
    """20 Observations, 5 Encounters, 4 Conditions, 4 Procedures, a registration and a Patient each."""
    random = np.random.default_rng(1)
    patients = np.array([hashlib.blake2b(str(i).encode(), digest_size=16).hexdigest() for i in range(people)])
    patients.sort()
    yield "patient", _patients(random, patients)
    yield "registration", _registrations(random, patients)
    for table, each, sets, share in (
        ("observation", 20, _OBSERVED, 0.6),
        ("condition", 4, ("hypertension", "severe-mental-illness", "learning-disability"), 0.15),
        ("procedure", 4, ("hypertension-invitation", "hypertension-unsuitable"), 0.1),
        ("encounter", 5, (), 0.0),
    ):
        yield table, _events(random, patients, table, each, [_codes(terminology, name) for name in sets], share)


_OBSERVED = (
    "systolic-blood-pressure",
    "diastolic-blood-pressure",
    "systolic-blood-pressure-home",
    "diastolic-blood-pressure-home",
    "smoking-status",
    "bmi",
    "alcohol",
    "lipids",
    "hba1c-or-glucose",
    "hypertension-resolved",
)


def _codes(terminology: Terminology, name: str) -> list[str]:
    return sorted(code for system, code in terminology.value_set(name).codes if system == _SNOMED)


def _patients(random: np.random.Generator, patients: np.ndarray) -> pa.Table:
    count = len(patients)
    born = pa.array(random.integers(-14_000, 19_000, count).astype("int32")).cast(pa.date32())
    columns = {
        "source_id": pa.repeat("main", count),
        "patient_id": pa.array(patients),
        "nhs_key": pa.nulls(count, pa.string()),
        "nhs_number": pa.array(random.choice(["verified", "present", "absent"], count, p=[0.9, 0.08, 0.02])),
        "birth_date": born,
        "birth_date_last": born,
        "sex": pa.array(random.choice(["female", "male"], count)),
        "active": pa.repeat(True, count),
        "dead": pa.repeat(False, count),
        "death_date": pa.nulls(count, pa.date32()),
        "postcode": pa.nulls(count, pa.string()),
        "lsoa11": pa.nulls(count, pa.string()),
        "lsoa21": pa.nulls(count, pa.string()),
        "home_from": pa.nulls(count, pa.date32()),
        "home_until": pa.nulls(count, pa.date32()),
        "restricted": pa.repeat(False, count),
        "language_recorded": pa.repeat(True, count),
        "interpreter": pa.nulls(count, pa.string()),
    }
    return pa.table(columns, schema=TABLES["patient"])


def _registrations(random: np.random.Generator, patients: np.ndarray) -> pa.Table:
    count = len(patients)
    columns = {
        "source_id": pa.repeat("main", count),
        "patient_id": pa.array(patients),
        "kind": pa.repeat("general-practitioner", count),
        "organization_id": pa.nulls(count, pa.string()),
        "ods_code": pa.array([f"X{number:05}" for number in range(PRACTICES)]).take(
            pa.array(random.integers(0, PRACTICES, count))
        ),
        "start_date": pa.array(random.integers(10_000, 20_000, count).astype("int32")).cast(pa.date32()),
        "end_date": pa.nulls(count, pa.date32()),
        "regular": pa.nulls(count, pa.bool_()),
        "ended_on_unknown_date": pa.repeat(False, count),
        "organization_kind": pa.nulls(count, pa.string()),
        "resource_id": pa.nulls(count, pa.string()),
    }
    return pa.table(columns, schema=TABLES["registration"])


def _events(
    random: np.random.Generator,
    patients: np.ndarray,
    table: str,
    each: int,
    sets: Sequence[Sequence[str]],
    share: float,
) -> pa.Table:
    """Rows of one table, ordered by patient; `share` of them carry a code of one of `sets`, the rest other codes."""
    count = len(patients) * each
    other = [str(9_000_000 + number) for number in range(2_000)]
    codes = pa.array([*other, *(code for one in sets for code in one)])
    place = random.integers(0, len(other), count)
    start = len(other)
    which = random.integers(0, max(len(sets), 1), count)
    counted = random.random(count) < share
    for number, one in enumerate(sets):
        mine = counted & (which == number)
        place[mine] = start + random.integers(0, len(one), int(mine.sum()))
        start += len(one)
    days = random.integers(_FIRST_DAY, _FIRST_DAY + _DAYS, count).astype("int32")
    columns = {
        "source_id": pa.repeat("main", count),
        "patient_id": pa.array(np.repeat(patients, each)),
        "resource_id": pa.array(np.arange(count)).cast(pa.string()),
        "component": pa.repeat("", count),
        "system": pa.repeat(_SNOMED, count),
        "code": codes.take(pa.array(place)),
        "start_date": pa.array(days).cast(pa.date32()),
        "end_date": pa.array(days).cast(pa.date32()),
        "value": pa.array(random.uniform(60, 180, count).round(0)),
        "unit": pa.repeat("mm[Hg]", count),
        "status": pa.repeat({"condition": "active", "procedure": "completed"}.get(table, "final"), count),
        "at": pa.array(days.astype("int64") * 86_400_000_000 + 36_000_000_000).cast(TABLES[table].field("at").type),
        "dated_by": pa.repeat("effective", count),
        "comparator": pa.nulls(count, pa.string()),
        "negation": pa.nulls(count, pa.string()),
    }
    return pa.table(columns, schema=TABLES[table])


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))

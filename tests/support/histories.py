"""Releases of a few hundred made-up people, one after the other, as they come over a year: in a store, by real code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hi_fhir.attack.attacking import attack
from hi_fhir.attack.findings import Findings
from hi_fhir.attack.reading.definitions import same_people
from hi_fhir.attack.reading.followed import with_predecessors
from hi_fhir.attack.reading.ledger import read_ledger, read_practice
from hi_fhir.attack.relations.sums import Kind
from hi_fhir.cohorts.inputs import Area
from hi_fhir.core.audiences import Audience
from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.files import sha256_file
from hi_fhir.core.progress import Silent
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import COUNTS_FILE, FORMAT, MANIFEST, SnapshotReference
from hi_fhir.measures.model import Measure
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.store.session import Store
from hi_fhir.tables.schema import COUNTS
from tests.support.evaluations import a_reference, an_area, an_evaluation, made_up_counts

Homes = Mapping[str, tuple[str, str]]
"""Practices with their network and board."""


@dataclass
class History:
    """A deployment over time. people: of each practice. policy: what is told above the practice."""

    store: Store
    folder: Path
    people: dict[str, int]
    measures: Sequence[str] = ("ethnicity-recorded",)
    evaluations: int = 0
    policy: str = "suppressed"

    def evaluate(
        self,
        homes: Homes,
        ends: date,
        *,
        begins: date | None = None,
        measures: Sequence[str] = (),
        within: Mapping[str, str] | None = None,
    ) -> Path:
        """Count everybody by a day and in areas as they are then. The same practice has the same people, and more.

        within: practices that are no more, and whose people are counted within which.
        """
        self.evaluations += 1
        folder = self.folder / "evaluations" / f"e{self.evaluations}"
        folder.mkdir(parents=True)
        chosen = registry.load(measures or self.measures)
        areas = [an_area(practice, *home) for practice, home in homes.items()]
        gone = within or {}
        counted = [*areas, *(an_area(practice, *homes[place]) for practice, place in gone.items())]
        pq.write_table(_joined(self._counts(counted, chosen, ends), gone), folder / COUNTS_FILE)
        tables = {COUNTS_FILE: sha256_file(folder / COUNTS_FILE)}
        total = sum(self.people[practice] for practice in (*homes, *gone))
        manifest = an_evaluation([a_reference(one) for one in chosen], areas, total, name=folder.name, tables=tables)
        begins = begins or date(ends.year, ends.month - 2, 1)
        snapshots = [SnapshotReference("main", f"{self.evaluations:016}", ends)]
        manifest = msgspec.structs.replace(
            manifest, period=Period(begins, ends), as_of=ends, data_date=ends, snapshots=snapshots
        )
        FORMAT.commit(folder / MANIFEST, manifest)
        return folder

    def _counts(self, areas: Sequence[Area], measures: Sequence[Measure], ends: date) -> pa.Table:
        """Each practice's own people, of whom a few changed since the day before."""
        tables = [
            made_up_counts([measure], [area], self.people[area.practice_id], int(area.practice_id[1:]) + ends.month)
            for measure in measures
            for area in areas
        ]
        return pa.concat_tables(tables)

    def release(self, evaluation: Path, *audiences: str) -> list[ReportManifest]:
        context = RunContext(Config(data_dir=self.folder, disclosure_policy=self.policy), CLOCK, opened=self.store)
        return [report(context, evaluation, one, self.folder / "runs" / "1") for one in audiences]

    def attacked(
        self, audience: str, *, knows: Sequence[str] = (), without: frozenset[Kind] = frozenset(), seconds: float = 0
    ) -> Findings:
        """What can be worked out of everything that an audience ever had. knows: practices that know their own."""
        with self.store.read() as session:
            told = read_ledger(session, Audience(audience), ever=True)
            for practice in knows:
                told = told.joined(read_practice(session, practice, ever=True))
            told = with_predecessors(session, told)
        told = replace(told, same=same_people(told.reports))
        return attack(told, Silent(), without=without, limit_s=seconds)


def _joined(counts: pa.Table, within: Mapping[str, str]) -> pa.Table:
    """The counts with those of some practices added to others'."""
    practices = [within.get(one, one) for one in counts["practice_id"].to_pylist()]
    keys = [name for name in COUNTS.names if name != "count"]
    place = counts.schema.get_field_index("practice_id")
    moved = counts.set_column(place, COUNTS.field("practice_id"), pa.array(practices, pa.string()))
    summed = moved.group_by(keys, use_threads=False).aggregate([("count", "sum")])
    return summed.rename_columns([*keys, "count"]).select(COUNTS.names).cast(COUNTS)


CLOCK = FixedClock(datetime(2027, 1, 3, tzinfo=UTC))

"""Resolving small snapshots in tests: one call from builders to rows of people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyarrow.parquet as pq

from hi_fhir.cohorts.imports import AreaFile, PostcodeDirectory
from hi_fhir.cohorts.inputs import Resolution
from hi_fhir.cohorts.list_tally import PublishedLists
from hi_fhir.cohorts.opt_outs import OptOuts
from hi_fhir.cohorts.people import LINK_FILE
from hi_fhir.cohorts.registration import COUNTS, REGISTERED
from hi_fhir.cohorts.resolve import resolve
from hi_fhir.cohorts.resolve_inputs import ResolveInputs
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.progress import Silent
from hi_fhir.engine.connect import connect
from hi_fhir.engine.protocol import Engine
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables.identity import load_key
from hi_fhir.terminology.catalogue import Terminology, load
from tests.support.landing import SOURCE, config_in, land
from tests.support.tables import SnapshotBuilder

Name = TypeVar("Name")
PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
_TERMINOLOGY = load()


@dataclass(frozen=True)
class Resolved:
    """people: rows of `person` by person_id. links: patient_id to person_id. found: the counts."""

    people: dict[str, dict[str, Any]]
    links: dict[str, str]
    found: Resolution
    snapshots: tuple[Path, ...]
    out: Path

    def __getitem__(self, patient_id: str) -> dict[str, Any]:
        """The person that a patient is."""
        return self.people[self.links[patient_id]]


class Told(NamedTuple):
    """What became of the patient p1 of one case: the row of `person`, why it is not registered (None: it is), and what
    its records state of registrations that does not count, by why."""

    person: dict[str, Any]
    reason: str | None
    left_out: dict[str, int]


def resolve_snapshots(
    root: Path,
    *builders: SnapshotBuilder,
    as_of: date = PERIOD.end,
    directory: PostcodeDirectory | None = None,
    areas: AreaFile | None = None,
    opt_out: OptOuts | None = None,
    imd_year: int = 2025,
    terminology: Terminology = _TERMINOLOGY,
    lists: PublishedLists | None = None,
) -> Resolved:
    snapshots = tuple(builder.write(root / "snapshots") for builder in builders)
    return _resolve(root, snapshots, as_of, directory, areas, opt_out, imd_year, terminology, lists=lists)


def resolve_records(
    root: Path,
    *records: dict[str, Any],
    practice: str | None = None,
    data_date: date = date(2025, 4, 2),
    as_of: date = PERIOD.end,
    directory: PostcodeDirectory | None = None,
    areas: AreaFile | None = None,
) -> dict[str, Any]:
    """FHIR records of one source, flattened and resolved: people by the id of their patient, and the counts as "found".

    practice: that the source is declared to be.
    """
    config, snapshot = _flattened(root, records, practice, data_date)
    resolved = _resolve(root, (snapshot,), as_of, directory, areas)
    key = load_key(config.key_file)
    patients = [record["id"] for record in records if record["resourceType"] == "Patient"]
    people = {id_: resolved[key.patient_id(SOURCE.name, id_)] for id_ in patients}
    return {**people, "found": resolved.found}


def resolve_cases(root: Path, cases: Mapping[Name, Sequence[dict[str, Any]]]) -> dict[Name, Told]:
    """Cases of one patient p1 each, resolved together: in one source, where each has ids of its own.

    What a source says of an ODS code holds for all its records: two cases may not say it differently of one code.
    """
    records = [_of_case(record, number) for number, case in enumerate(cases.values()) for record in case]
    config, snapshot = _flattened(root, records)
    engine = connect(root / "spill")
    resolved = _resolve(root, (snapshot,), PERIOD.end, None, None, engine=engine)
    rows = engine.rows_of("SELECT person_id, reason FROM placed").to_pylist()
    reasons = {row["person_id"]: row["reason"] for row in rows}
    stated = engine.rows_of("SELECT patient_id, worth FROM stated").to_pylist()
    key = load_key(config.key_file)
    told = {}
    for number, name in enumerate(cases):
        id_ = key.patient_id(SOURCE.name, _id_in("p1", number))
        reason = reasons[resolved.links[id_]]
        left_out = Counter(row["worth"] for row in stated if row["patient_id"] == id_ and row["worth"] != COUNTS)
        told[name] = Told(resolved[id_], None if reason == REGISTERED else reason, dict(left_out))
    counted = sum((Counter(one.left_out) for one in told.values()), Counter())
    assert resolved.found.registrations_left_out == counted
    assert resolved.found.not_registered_by_reason == Counter(one.reason for one in told.values() if one.reason)
    return told


def _id_in(id_: str, case: int) -> str:
    return f"case-{case}-{id_}"


def _of_case(record: dict[str, Any], case: int) -> dict[str, Any]:
    """The record with an id of its own, which references to it follow."""

    def following(content: Any) -> Any:
        if isinstance(content, list):
            return [following(one) for one in content]
        if not isinstance(content, dict):
            return content
        return {name: renamed(value) if name == "reference" else following(value) for name, value in content.items()}

    def renamed(reference: str) -> str:
        type_, slash, id_ = reference.rpartition("/")
        return f"{type_}/{_id_in(id_, case)}" if slash else reference

    return following(record) | {"id": _id_in(record["id"], case)}


def _flattened(
    root: Path, records: Sequence[dict[str, Any]], practice: str | None = None, data_date: date = date(2025, 4, 2)
) -> tuple[Config, Path]:
    """The records as a snapshot of one source, of which none is refused."""
    config = config_in(root)
    chunks: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        chunks.setdefault(f"{record['resourceType']}/000", []).append(record)
    pull = land(config, chunks, data_date=data_date.isoformat())
    source = replace(SOURCE, practice=practice)
    manifest = flatten(RunContext(config), source, pull)
    assert not manifest.quarantine
    return config, config.data_dir / "sources" / SOURCE.name / "snapshots" / manifest.id


def _resolve(
    root: Path,
    snapshots: tuple[Path, ...],
    as_of: date,
    directory: PostcodeDirectory | None,
    areas: AreaFile | None,
    opt_out: OptOuts | None = None,
    imd_year: int = 2025,
    terminology: Terminology = _TERMINOLOGY,
    engine: Engine | None = None,
    lists: PublishedLists | None = None,
) -> Resolved:
    inputs = ResolveInputs(
        snapshots, terminology, PERIOD, as_of, directory, areas, opt_out or OptOuts(), lists, imd_year
    )
    out = root / "evaluation"
    found = resolve(engine or connect(root / "spill"), inputs, out, Silent())
    people = {row["person_id"]: row for row in _rows(out / "person")}
    linked = pq.ParquetFile(out / LINK_FILE).read().to_pylist()
    links = {id_: id_ for id_ in people} | {row["patient_id"]: row["person_id"] for row in linked if row["person_id"]}
    return Resolved(people, links, found, snapshots, out)


def _rows(folder: Path) -> Sequence[dict[str, Any]]:
    return [row for path in sorted(folder.glob("*.parquet")) for row in pq.ParquetFile(path).read().to_pylist()]

"""Small snapshots as Parquet, built row by row: only what a test names, the rest as a record without it would have."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hi_fhir.core.files import sha256_file
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.flatten import KERNEL_VERSION
from hi_fhir.tables.identity import NAMED
from hi_fhir.tables.reconcile import Reconciliation
from hi_fhir.tables.schema import (
    BUCKETS,
    CLINICAL,
    ORGANIZATION,
    OTHER_HOME,
    PATIENT,
    PATIENT_IDENTIFIER,
    PATIENT_LINK,
    REGISTRATION,
    SCHEMA_VERSION,
)
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.snapshot import FORMAT, MANIFEST, SnapshotManifest
from hi_fhir.tables.views.registry import VIEWS

SNOMED = "http://snomed.info/sct"
WHOLE = Scope(types=dict.fromkeys(VIEWS))
SCHEMAS = {
    **dict.fromkeys(CLINICAL_TABLES.values(), CLINICAL),
    "ethnic_category": CLINICAL,
    "other_home": OTHER_HOME,
    "patient": PATIENT,
    "patient_identifier": PATIENT_IDENTIFIER,
    "patient_link": PATIENT_LINK,
    "registration": REGISTRATION,
}


def patient_id(name: str, source: str = "main") -> str:
    """A stand-in for the keyed hash: 32 hex digits, spread over the buckets."""
    return hashlib.blake2b(f"{source}/{name}".encode(), digest_size=16).hexdigest()


def named(value: str, source: str = "main") -> str:
    """A stand-in for the patient_id of a record that has an identifier of this value alone."""
    return hashlib.blake2b(f"{source}|{value}".encode(), digest_size=16).hexdigest() + NAMED


def nhs_key(name: str) -> str:
    return hashlib.blake2b(f"nhs/{name}".encode(), digest_size=16).hexdigest()


@dataclass
class SnapshotBuilder:
    """The tables of one source. Methods take a patient's name and return the patient_id that stands for it."""

    source: str = "main"
    practice: str | None = None
    data_date: date = date(2025, 4, 2)
    scope: Scope = WHOLE
    key_id: str = "00"
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def patient(self, name: str, *, practice: str | None = "A00001", **fields: Any) -> str:
        """A living, active patient, registered with `practice` by generalPractitioner since 2010 (None: no row)."""
        id_ = patient_id(name, self.source)
        row = {
            "nhs_number": "verified",
            "birth_date": date(1970, 1, 1),
            "sex": "female",
            "active": True,
            "dead": False,
            "restricted": False,
            "language_recorded": False,
            **fields,
        }
        row.setdefault("birth_date_last", row["birth_date"])
        self.rows["patient"].append({"source_id": self.source, "patient_id": id_, **row})
        if practice:
            self.registration(name, "general-practitioner", practice, date(2010, 1, 1))
        return id_

    def link(self, name: str, other: str | None, kind: str = "replaced-by") -> None:
        """A patient's link to another of the source, who may not be there; None: to what cannot be read."""
        other_id = patient_id(other, self.source) if other else None
        self.rows["patient_link"].append({**self._of(name), "kind": kind, "other_id": other_id})

    def identifier(self, name: str, value: str) -> None:
        """An identifier by which records may name the patient: see `named`."""
        self.rows["patient_identifier"].append({**self._of(name), "named_id": named(value, self.source)})

    def registration(
        self,
        name: str,
        kind: str,
        practice: str | None,
        start: date | None = None,
        end: date | None = None,
        **fields: Any,
    ) -> None:
        row = {
            "kind": kind,
            "ods_code": practice,
            "start_date": start,
            "end_date": end,
            "ended_on_unknown_date": False,
            **fields,
        }
        self.rows["registration"].append(self._of(name) | row)

    def organization(
        self, id_: str, ods_code: str | None, *, name: str | None = None, part_of: str | None = None, **fields: Any
    ) -> None:
        self.rows["organization"].append(
            {
                "source_id": self.source,
                "organization_id": id_,
                "ods_code": ods_code,
                "name": name,
                "part_of_id": part_of,
                **fields,
            }
        )

    def other_home(self, name: str, place: int, **fields: Any) -> None:
        """A home beside the one of `patient`."""
        self.rows["other_home"].append(self._of(name) | {"place": place, **fields})

    def ethnic_category(self, name: str, system: str | None, code: str | None) -> None:
        """A coding of the UK Core extension of the patient."""
        self._clinical("ethnic_category", name, system=system, code=code, resource_id=patient_id(name, self.source))

    def observation(self, name: str, code: str | None, on: date | None = None, **fields: Any) -> None:
        self._clinical("observation", name, **{"status": "final", **fields}, code=code, start_date=on)

    def condition(self, name: str, code: str | None, on: date | None = None, **fields: Any) -> None:
        self._clinical("condition", name, **{"status": "active", **fields}, code=code, start_date=on)

    def procedure(self, name: str, code: str | None, on: date | None = None, **fields: Any) -> None:
        self._clinical("procedure", name, **{"status": "completed", **fields}, code=code, start_date=on)

    def encounter(self, name: str, code: str | None, on: date | None = None, **fields: Any) -> None:
        self._clinical("encounter", name, **{"status": "finished", **fields}, code=code, start_date=on)

    def write(self, root: Path) -> Path:
        """The folder of the finished snapshot."""
        folder = root / self.source
        for table, schema in SCHEMAS.items():
            (folder / table).mkdir(parents=True)
            for bucket in BUCKETS:
                rows = [row for row in self.rows[table] if row["patient_id"][0] == bucket]
                path = folder / table / f"{bucket}.parquet"
                pq.write_table(_table(rows, schema), path) if rows else path.write_bytes(_empty(table))
        (folder / "organization").mkdir()
        pq.write_table(_table(self.rows["organization"], ORGANIZATION), folder / "organization" / "all.parquet")
        FORMAT.commit(folder / MANIFEST, self._manifest(folder))
        return folder

    def _of(self, name: str) -> dict[str, Any]:
        """name: of a patient, or what `named` gives."""
        is_named = name.endswith(NAMED) and len(name) > len(patient_id(name))
        return {"source_id": self.source, "patient_id": name if is_named else patient_id(name, self.source)}

    def _clinical(self, table: str, name: str, **fields: Any) -> None:
        row = {"resource_id": f"{table}-{len(self.rows[table])}", "component": "", "system": SNOMED, **fields}
        row.setdefault("end_date", row.get("start_date"))
        self.rows[table].append(self._of(name) | row)

    def _manifest(self, folder: Path) -> SnapshotManifest:
        return SnapshotManifest(
            id=self.source,
            source_id=self.source,
            schema_version=SCHEMA_VERSION,
            kernel_version=KERNEL_VERSION,
            key_id=self.key_id,
            parents=(),
            pulls=(),
            data_date=self.data_date.isoformat(),
            scope=self.scope,
            practice=self.practice,
            tables={str(path.relative_to(folder)): sha256_file(path) for path in sorted(folder.rglob("*.parquet"))},
            rows={table: len(self.rows[table]) for table in (*SCHEMAS, "organization")},
            reconciliation={
                "Patient": Reconciliation(received=len(self.rows["patient"]), kept=len(self.rows["patient"]))
            },
            quarantine={},
            dated_by={},
            not_offered={},
            lost={},
        )


@cache
def _empty(table: str) -> bytes:
    """The Parquet file of a table without rows, of which a snapshot has nearly two hundred."""
    file = BytesIO()
    pq.write_table(SCHEMAS[table].empty_table(), file)
    return file.getvalue()


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    whole = [{name: row.get(name) for name in schema.names} for row in rows]
    order = sorted(whole, key=lambda row: [str(value) for value in row.values()])
    return pa.Table.from_pylist(order, schema=schema)

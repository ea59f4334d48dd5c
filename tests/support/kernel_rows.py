"""Keeps what the kernel makes of a few people's records: `make fix` calls it, and it refuses rows under an old number.

tests/data/rows.json has a digest of the rows of each table and of what the snapshot tells, with the numbers of kernel
and schema by which they were made. The records are those in tests/data, which stay as they are.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.files import commit_json, content_name, read_json
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.tables import flatten as kernel
from hi_fhir.tables import schema
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.views.registry import VIEWS
from tests.support.data_folder import CLOCK, DATA, RECORDS, SOURCE, settings_in

ROWS = DATA / "rows.json"
_TOLD = ("rows", "reconciliation", "quarantine", "dated_by")


def rows_now(home: Path, clock: FixedClock = CLOCK) -> dict[str, Any]:
    """The numbers and digests of today, made in the folder `home`."""
    config, source = settings_in(home), SourceSettings(name=SOURCE, address=str(RECORDS))
    landed = pull(RunContext(config, clock), source, Scope(types=dict.fromkeys(VIEWS)), None, 1)
    made = flatten(RunContext(config, clock), source, landed.id)
    folder = config.data_dir / "sources" / SOURCE / "snapshots" / made.id
    tables = sorted({Path(name).parent.name for name in made.tables})
    told = msgspec.to_builtins(made)
    return {
        "kernel": kernel.KERNEL_VERSION,
        "schema": schema.SCHEMA_VERSION,
        "tables": {table: _digest(folder / table) for table in [*tables, "keys"]},
        "told": content_name([told[name] for name in _TOLD]),
    }


def fault(now: dict[str, Any], kept: dict[str, Any]) -> str | None:
    """What is wrong with today's rows: None where they are those that are kept."""
    if now == kept:
        return None
    if (now["kernel"], now["schema"]) != (kept["kernel"], kept["schema"]):
        return "tests/data/rows.json is of another KERNEL_VERSION or SCHEMA_VERSION. Run: make fix"
    parts = {**now["tables"], "what the snapshot tells": now["told"]}
    before = {**kept["tables"], "what the snapshot tells": kept["told"]}
    changed = sorted(name for name in parts.keys() | before.keys() if parts.get(name) != before.get(name))
    return (
        f"the same records give other rows than before ({', '.join(changed)}), and KERNEL_VERSION is the same. Raise "
        "it in hi_fhir/tables/flatten.py, so that snapshots of before are not taken for these. Then run: make fix"
    )


def _digest(folder: Path) -> str:
    return content_name([pq.read_table(path).to_pylist() for path in sorted(folder.glob("*.parquet"))])


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        now = rows_now(Path(home))
    told = fault(now, read_json(ROWS)) if ROWS.exists() else None
    if told and (now["kernel"], now["schema"]) == tuple(read_json(ROWS)[name] for name in ("kernel", "schema")):
        sys.stderr.write(f"{told}\n")
        return 2
    commit_json(ROWS, now)
    return 0


if __name__ == "__main__":
    sys.exit(main())

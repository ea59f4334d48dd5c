"""Resources through the kernel to the rows of its table."""

from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables.clinical import CLINICAL_TABLES
from tests.support.landing import SOURCE, land


def rows_of(config: Config, *resources: Mapping[str, Any], **landing: Any) -> list[dict[str, Any]]:
    """The rows of clinical resources of one type, in order; none of them may be refused."""
    [type_] = {resource["resourceType"] for resource in resources}
    manifest = flatten(RunContext(config), SOURCE, land(config, {f"{type_}/000": [*resources]}, **landing))
    assert not manifest.quarantine
    folder = config.data_dir / "sources" / SOURCE.name / "snapshots" / manifest.id / CLINICAL_TABLES[type_]
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]

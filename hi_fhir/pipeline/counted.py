"""The exact counts of evaluations that are in the data folder still."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hi_fhir.core.errors import UserError
from hi_fhir.core.files import sha256_file
from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest, read_evaluation
from hi_fhir.pipeline.history import find_evaluation


def read_counts(folder: Path, evaluation: EvaluationManifest) -> pa.Table:
    """The exact counts, as COUNTS.

    Raises:
        UserError: they are not those that were evaluated.
    """
    path = folder / COUNTS_FILE
    if sha256_file(path) != evaluation.tables[COUNTS_FILE]:
        raise UserError(f"evaluation {evaluation.id}: its counts were changed. Remove its folder and evaluate anew.")
    return pq.read_table(path)


def counts_kept(data_dir: Path, evaluations: Iterable[str]) -> dict[str, pa.Table]:
    """The exact counts of those of the evaluations, by id, that are there still and as they were made."""
    found = {}
    for name in sorted(set(evaluations)):
        try:
            folder = find_evaluation(data_dir, name)
            found[name] = read_counts(folder, read_evaluation(folder))
        except (UserError, OSError):
            continue
    return found

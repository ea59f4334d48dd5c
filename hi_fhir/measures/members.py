"""Who of a practice is in which population of a measure: the facts of an evaluation, person by person."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hi_fhir.cohorts.people import LINK_FILE
from hi_fhir.measures.facts import fact_columns, fact_name
from hi_fhir.measures.model import Measure
from hi_fhir.tables.schema import BUCKETS

PERSON_ID = "person_id"


def members(evaluation: Path, measure: Measure, practice: str) -> pa.Table:
    """The facts of a measure about a practice's people. evaluation: the folder of one that has the measure.

    Columns: person_id, and each population that the measure counts: booleans, and how often of a ratio. Grain: one row
    per person registered there, in order of person_id.
    """
    columns = fact_columns(measure)
    names = [PERSON_ID, *(fact_name(measure.id, column) for column in columns)]
    files = [evaluation / "fact" / f"{bucket}.parquet" for bucket in BUCKETS]
    parts = [pq.read_table(file, columns=names, filters=[("practice_id", "==", practice)]) for file in files]
    found = pa.concat_tables(parts).rename_columns([PERSON_ID, *columns])
    for name in measure.counted:
        if name not in columns:  # without a denominator of its own it is the initial population; others are empty
            of_all = found["initial_population"] if name == "denominator" else pa.repeat(False, found.num_rows)
            found = found.append_column(name, of_all)
    return found


def patients_of(evaluation: Path, identities: Iterable[Path], people: Sequence[str]) -> dict[str, list[str]]:
    """The ids that servers have for people: person_id to ids of Patients, in order; none for who has none there.

    identities: the files of IDENTITY of the sources whose ids are told.
    """
    link = pq.read_table(evaluation / LINK_FILE)
    wanted = pa.array(people, pa.string())
    found: dict[str, list[str]] = {}
    for file in identities:
        known = pq.read_table(file)
        place = pc.index_in(known["patient_id"], value_set=link["patient_id"])
        person = pc.if_else(place.is_valid(), link["person_id"].take(place), known["patient_id"])
        rows = pa.table({"person": person, "id": known["source_patient_id"]}).filter(pc.is_in(person, wanted))
        for row in rows.to_pylist():
            found.setdefault(row["person"], []).append(row["id"])
    return {one: sorted(ids) for one, ids in found.items()}

"""Reports about a practice's single patients, from the evaluation that its released report counts.

They are made when they are asked for, and kept nowhere.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.core.errors import NotFoundError, UserError
from hi_fhir.measures import registry
from hi_fhir.measures.digests import definition_digest
from hi_fhir.measures.evaluation import EvaluationManifest, read_evaluation
from hi_fhir.measures.members import members, patients_of
from hi_fhir.measures.model import Measure
from hi_fhir.pipeline import history
from hi_fhir.reports.concepts import Json
from hi_fhir.reports.patient_reports import counts_alike, individual_report, subject_list
from hi_fhir.tables.snapshot import read_snapshot


class SeveralPatientsError(UserError):
    """More than one of the practice's people go by the id, each in another source."""


class _Counted(NamedTuple):
    """The people behind a released report. evaluation: its folder."""

    evaluation: Path
    manifest: EvaluationManifest
    people: pa.Table
    practice: str


class AboutPatients:
    """Whose reports can be made from a data folder. base: of the deployment's canonical URLs."""

    def __init__(self, data_dir: Path, base: str, overlays: Sequence[Path] = ()) -> None:
        self._data_dir = data_dir
        self._base = base
        self._measures = {id_: one.measure for id_, one in registry.defined(overlays).items()}

    def individual(self, released: Json, patient: str) -> Json:
        """The report about the patient that the practice's server has under this id. released: the practice's own.

        Raises:
            NotFoundError: nobody who is registered there goes by it, or the evaluation is not there any more.
            SeveralPatientsError: several do.
        """
        counted = self._counted(released)
        ids = self._patients(counted)
        named = {person for person, known in ids.items() if patient in known}
        if len(named) > 1:
            raise SeveralPatientsError(f"{len(named)} people go by that id, each in another source.")
        if not named:
            raise NotFoundError("nobody who is registered with the practice goes by that id.")
        rows = counted.people.filter(pc.equal(counted.people["person_id"], named.pop()))
        return individual_report(self._base, released, rows.to_pylist()[0], patient)

    def subject_list(self, released: Json) -> Json:
        """The report that names who is in each population.

        Raises:
            NotFoundError: the evaluation is not there any more.
        """
        counted = self._counted(released)
        return subject_list(released, counted.people, self._patients(counted))

    def _counted(self, released: Json) -> _Counted:
        """The newest evaluation whose people are those that the report counts."""
        measure = self._measures.get(released["group"][0]["code"]["coding"][0]["code"])
        practice = released["reporter"]["identifier"]["value"]
        found = [] if measure is None else [(measure, *one) for one in self._evaluations(released, measure)]
        for own, folder, manifest in found:
            people = members(folder, own, practice)
            if counts_alike(released, people):
                return _Counted(folder, manifest, people, practice)
        raise NotFoundError(
            "the evaluation that the report was released from is not here any more, or its measure was changed since."
        )

    def _evaluations(self, released: Json, measure: Measure) -> Iterator[tuple[Path, EvaluationManifest]]:
        period, version = released["period"], released["measure"].rpartition("|")[2]
        digest = definition_digest(measure)
        for told in reversed(history.evaluations(self._data_dir)):
            if told["period"] != period or told["data_date"] != released["date"]:
                continue
            folder = self._data_dir / "evaluations" / told["id"]
            manifest = read_evaluation(folder)
            if any((one.id, one.version, one.definition) == (measure.id, version, digest) for one in manifest.measures):
                yield folder, manifest

    def _patients(self, counted: _Counted) -> dict[str, list[str]]:
        """Ids of the people in the sources that are the practice's own or are not said to be another practice's."""
        sources = self._data_dir / "sources"
        own = [
            one.source_id
            for one in counted.manifest.snapshots
            if read_snapshot(sources / one.source_id / "snapshots" / one.id).practice in (None, counted.practice)
        ]
        files = [self._data_dir / "identity" / f"{source}.parquet" for source in own]
        people = counted.people["person_id"].to_pylist()
        return patients_of(counted.evaluation, [file for file in files if file.exists()], people)

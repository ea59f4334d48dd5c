"""Words that no shipped measure uses yet, from FHIR records to counts: prescriptions, vaccinations, coded answers."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.measures.render.requirements import value_sets
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluate import evaluate
from hi_fhir.pipeline.evaluation_job import scope_of
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.terminology.catalogue import load
from tests.spec.test_spec_try_outs import MEASURES
from tests.support.fhir_records import a_concept
from tests.support.landing import SOURCE, config_in, land
from tests.support.made_up_codes import SYSTEM, overlay_of

pytestmark = pytest.mark.slow
PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
BY_ID = {measure.id: measure for measure in MEASURES}


def a_patient(id_: str) -> dict[str, Any]:
    practice = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99001"}}
    return {"resourceType": "Patient", "id": id_, "birthDate": "1960-05-05", "generalPractitioner": [practice]}


def a_record(type_: str, of: str, code: str, on: str, **more: Any) -> dict[str, Any]:
    subject, coded, dated, status = {
        "Condition": ("subject", "code", "onsetDateTime", {}),
        "Observation": ("subject", "code", "effectiveDateTime", {"status": "final"}),
        "Immunization": ("patient", "vaccineCode", "occurrenceDateTime", {"status": "completed"}),
        "MedicationRequest": (
            "subject",
            "medicationCodeableConcept",
            "authoredOn",
            {"status": "active", "intent": "order"},
        ),
    }[type_]
    return {
        "resourceType": type_,
        "id": f"{of}-{code}-{on}",
        subject: {"reference": f"Patient/{of}"},
        coded: a_concept(code, SYSTEM),
        dated: on,
        **status,
        **more,
    }


def counted(config: Config, measure_id: str, records: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Population to people of one measure over these records, which were asked for by its codes alone."""
    measure = BY_ID[measure_id]
    terminology = load([overlay_of(config.data_dir.parent / "overlay", value_sets(measure))])
    of_people = {"Patient/0": [a_patient(name) for name in ("ann", "bea", "cy", "dot", "eve")]}
    chunks: dict[str, list[dict[str, Any]]] = of_people
    for record in records:
        chunks.setdefault(f"{record['resourceType']}/0", []).append(record)
    landed = land(config, chunks, scope=scope_of(config, [measure], terminology))
    snapshot = flatten(RunContext(config, CLOCK), SOURCE, landed)
    folder = config.data_dir / "sources" / SOURCE.name / "snapshots" / snapshot.id
    manifest = evaluate(RunContext(config, CLOCK), (folder,), [measure], PERIOD, None, terminology)
    rows = pq.read_table(config.data_dir / "evaluations" / manifest.id / "counts.parquet").to_pylist()
    return {row["population"]: row["count"] for row in rows if row["stratifier"] == "all"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def test_grades_are_read_from_codes_of_their_own_and_from_answers_and_vaccines_in_season(config: Config) -> None:
    people = ("ann", "bea", "cy", "dot")
    answer = {"valueCodeableConcept": a_concept("mrc-4", SYSTEM)}
    part = {"component": [{"code": a_concept("mrc-grade", SYSTEM), **answer}]}
    found = counted(
        config,
        "copd-breathlessness-and-influenza",
        [
            *(a_record("Condition", one, "copd", "2015-01-01") for one in people),
            *(a_record("Immunization", one, "influenza-vaccine", "2024-10-01") for one in people[:3]),
            a_record("Immunization", "dot", "influenza-vaccine", "2024-08-31"),
            a_record("Observation", "ann", "mrc-3", "2024-06-01"),
            a_record("Observation", "bea", "mrc-grade", "2024-06-01", **answer),
            a_record("Observation", "cy", "another-question", "2024-06-01", **part),
            a_record("Observation", "dot", "mrc-3", "2024-06-01"),
        ],
    )

    assert (found["initial_population"], found["numerator"], found["undetermined"]) == (4, 3, 0)


def test_levels_are_read_of_those_who_are_prescribed_the_medicine(config: Config) -> None:
    level = {"valueQuantity": {"value": 0.6, "unit": "mmol/L"}}
    found = counted(
        config,
        "lithium-level-in-range",
        [
            a_record("MedicationRequest", "ann", "lithium", "2025-01-10"),
            a_record("MedicationRequest", "bea", "lithium", "2025-01-10"),
            a_record("MedicationRequest", "cy", "lithium", "2025-01-10", intent="plan"),
            a_record("MedicationRequest", "dot", "lithium", "2025-01-10", doNotPerform=True),
            *(a_record("Observation", one, "lithium-level", "2025-01-20", **level) for one in ("ann", "cy", "dot")),
        ],
    )

    assert (found["initial_population"], found["numerator"]) == (2, 1)


def test_the_denominator_is_those_on_the_medicine(config: Config) -> None:
    low = {"valueQuantity": {"value": 1.8, "unit": "mmol/L"}}
    found = counted(
        config,
        "cholesterol-to-target-on-a-statin",
        [
            *(a_record("Condition", one, "cardiovascular-disease", "2015-01-01") for one in ("ann", "bea", "cy")),
            *(a_record("MedicationRequest", one, "statin", "2025-01-10") for one in ("ann", "bea")),
            *(a_record("Observation", one, "ldl-cholesterol", "2025-01-20", **low) for one in ("ann", "cy")),
        ],
    )

    assert [found[name] for name in ("initial_population", "denominator", "numerator")] == [3, 2, 1]


def test_a_ratio_counts_days_and_the_people_of_whom_there_are_any(config: Config) -> None:
    found = counted(
        config,
        "antibiotics-per-person",
        [
            *(a_record("MedicationRequest", "ann", "antibiotic", f"2024-06-{day:02}") for day in range(1, 13)),
            *(a_record("MedicationRequest", "bea", "antibiotic", on) for on in ("2024-05-01", "2024-07-01")),
            a_record("MedicationRequest", "bea", "antibiotic", "2024-07-01", id="again-that-day"),
            a_record("MedicationRequest", "cy", "antibiotic", "2024-03-31"),
            a_record("MedicationRequest", "dot", "antibiotic", "2024-05-01"),
            a_record("Condition", "dot", "cystic-fibrosis", "2024-05-01"),
        ],
    )

    assert found == {
        "initial_population": 5,
        "denominator": 5,
        "denominator_exclusion": 1,
        "numerator": 2,
        "occasions": 10 + 2,
        "undetermined": 0,
    }

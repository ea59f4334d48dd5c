"""What the sandbox's truth says of one person with a few records."""

from hi_fhir.sandbox.people import codes
from hi_fhir.sandbox.people.model import (
    Patient,
    Record,
)
from hi_fhir.sandbox.truth import Truth, expected
from tests.support.sandbox_people import a_patient, a_person, a_record, on

UNDER_80 = "hypertension-treated-to-target-under-80"


DIAGNOSIS = a_record("Condition", codes.HYPERTENSION[0], when=on("2015-01-01"))


def truth_of(*records: Record, patient: Patient | None = None) -> Truth:
    return expected([a_person(patient or a_patient(), records=records)])


def populations_of(measure: str, truth: Truth) -> set[str]:
    return {population for id_, _, stratifier, _, population in truth.counts if id_ == measure and stratifier == "all"}


def is_met(measure: str, *records: Record, patient: Patient | None = None) -> bool:
    return "numerator" in populations_of(measure, truth_of(*records, patient=patient))

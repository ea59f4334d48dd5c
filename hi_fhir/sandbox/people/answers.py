"""What records answer to what their code asks, and what it says; a test holds it to the shipped list of answers."""

from hi_fhir.sandbox.people.codes import LOINC, OWN, SNOMED
from hi_fhir.sandbox.people.model import CodedAnswer

_HL7 = "http://terminology.hl7.org/CodeSystem"


def _coded(system: str, code: str, text: str, says: str | None = None) -> CodedAnswer:
    return CodedAnswer("concept", ((system, code),), text, says)


DENIED = (
    CodedAnswer("boolean", text="false", says="denied"),
    _coded(SNOMED, "373067005", "No", "denied"),
    _coded(LOINC, "LA32-8", "No", "denied"),
    _coded(f"{_HL7}/v2-0136", "N", "No", "denied"),
    _coded(f"{OWN}:answer", "0", "No", "denied"),
    CodedAnswer("words", text="Not present.", says="denied"),
)
NONE = (
    _coded(SNOMED, "260413007", "None", "none"),
    CodedAnswer("words", text="Nil", says="none"),
)
ABSENT = (
    _coded(f"{_HL7}/v3-NullFlavor", "UNK", "Unknown", "absent"),
    CodedAnswer("concept", text="Not known", says="absent"),
    CodedAnswer("words", text="Not asked", says="absent"),
    CodedAnswer("absent-reason", ((f"{_HL7}/data-absent-reason", "not-performed"),), says="absent"),
    CodedAnswer("absent-reason", text="The machine was broken", says="absent"),
    CodedAnswer("quantity", says="absent"),
)
NEITHER = (
    CodedAnswer("boolean", text="true"),
    CodedAnswer("words", text="Negative"),
    _coded(SNOMED, "266919005", "No"),
    _coded(f"{OWN}:answer", "7", "As before"),
)
"""Answers that leave what is recorded as it is: words beside a code that is understood, or the result of a test."""

"""Other names of the same code systems and other codes of the same meaning, as real systems send them.

Which record has which goes by its id, so that its people stay as they are. What is said stays the same.
"""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

_SNOMED, _LOINC = "http://snomed.info/sct", "http://loinc.org"
_ENGLAND = "fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"
_NAMES = {
    _SNOMED: (
        "https://snomed.info/sct",
        "http://snomed.info/sct/",
        "http://snomed.info/sct/83821000000107/version/20230412",
        "http://snomed.info/sct|http://snomed.info/sct/83821000000107",
        "urn:oid:2.16.840.1.113883.6.96",
        "SNOMED-CT",
    ),
    _LOINC: ("https://loinc.org", "urn:oid:2.16.840.1.113883.6.1"),
    "http://terminology.hl7.org/CodeSystem/v3-ActCode": (
        "http://hl7.org/fhir/v3/ActCode",
        "urn:oid:2.16.840.1.113883.5.4",
    ),
    "http://read.info/readv2": ("urn:oid:2.16.840.1.113883.2.1.6.2", "READV2"),
    "http://read.info/ctv3": ("http://read.info/ctv3/", "CTV3"),
    f"https://{_ENGLAND}": (f"http://{_ENGLAND}", f"https://{_ENGLAND}|1.1.1"),
}
_SAME_IN_LOINC = {
    "75367002": "85354-9",
    "72313002": "8480-6",
    "1091811000000102": "8462-4",
    "60621009": "39156-5",
}
"""SNOMED CT codes of UK Core's vital signs and what LOINC has for them. Source: UK Core, vital signs profiles."""
_RESPELLED, _RECODED = 12, 9


def respelled(concept: dict[str, Any], id_: str) -> dict[str, Any]:
    """The concept as the record of this id has it: one in so many with another name or another code."""
    turn = crc32(f"{id_}/spelling".encode())
    codings = concept.get("coding")
    if not codings:
        return concept
    if turn % _RECODED == 1:
        return {**concept, "coding": [_in_loinc(coding) for coding in codings]}
    if turn % _RESPELLED == 0:
        return {**concept, "coding": [_renamed(coding, turn // _RESPELLED) for coding in codings]}
    return concept


def _renamed(coding: Mapping[str, str], turn: int) -> dict[str, str]:
    names = _NAMES.get(coding["system"], (coding["system"],))
    return {**coding, "system": names[turn % len(names)]}


def _in_loinc(coding: Mapping[str, str]) -> dict[str, str]:
    code = _SAME_IN_LOINC.get(coding["code"]) if coding["system"] == _SNOMED else None
    return {**coding, "system": _LOINC, "code": code} if code else dict(coding)

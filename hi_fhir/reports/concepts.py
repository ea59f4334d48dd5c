"""The codes, labels and extensions that a report is spelt in: populations, measures, stratifiers and their strata.

A concept is made once and shared by all that use it, so none is changed.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from hi_fhir.disclosure.counts import MASKED, SUPPRESSED, UNSUPPORTED, Cell
from hi_fhir.measures.model import OCCASIONS, POPULATIONS, Measure
from hi_fhir.measures.stratifiers import (
    ETHNIC_CATEGORY_16,
    ETHNIC_GROUP_5,
    PCN,
    PRACTICE,
    SEX,
    UNKNOWN,
    Crossing,
    Stratifier,
)
from hi_fhir.tables.views.elements import ODS_SYSTEM
from hi_fhir.terminology.systems import ETHNICITY_ENGLAND

POPULATION_SYSTEM = "http://terminology.hl7.org/CodeSystem/measure-population"
IMPROVEMENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
SCORING_SYSTEM = "http://terminology.hl7.org/CodeSystem/measure-scoring"
GENDER_SYSTEM = "http://hl7.org/fhir/administrative-gender"

Concept = dict[str, Any]

_LABELS = {
    ETHNIC_GROUP_5.id: {
        "white": "White",
        "mixed": "Mixed or multiple ethnic groups",
        "asian": "Asian or Asian British",
        "black": "Black, Black British, Caribbean or African",
        "other": "Other ethnic group",
    },
    ETHNIC_CATEGORY_16.id: {
        "A": "White British",
        "B": "White Irish",
        "C": "Other White",
        "D": "Mixed White and Black Caribbean",
        "E": "Mixed White and Black African",
        "F": "Mixed White and Asian",
        "G": "Other Mixed",
        "H": "Indian",
        "J": "Pakistani",
        "K": "Bangladeshi",
        "L": "Other Asian",
        "M": "Caribbean",
        "N": "African",
        "P": "Other Black",
        "R": "Chinese",
        "S": "Other ethnic category",
    },
}
AREAS = {PCN: "Primary care network", PRACTICE: "Practice"}
"""Stratifiers of a reporter that has several, with their titles, in the order in which a report gives them."""
ORDER = tuple(name for name in POPULATIONS if name not in (OCCASIONS, "undetermined"))
"""Populations that FHIR knows, in the order in which a report gives them."""


def concept(system: str, code: str, text: str | None = None) -> Concept:
    coding = {"coding": [{"system": system, "code": code}]}
    return coding | {"text": text} if text else coding


@cache
def population(name: str) -> Concept:
    """The concept of one of our populations, such as denominator_exception."""
    return concept(POPULATION_SYSTEM, name.replace("_", "-"))


def defined_populations(measure: Measure) -> tuple[str, ...]:
    """Names of the populations that a measure has, in the order in which a report gives them."""
    defined = {name for name, _ in measure.populations()} | ({"denominator"} & {*measure.counted})
    return tuple(name for name in ORDER if name in defined)


def improvement(measure: Measure) -> Concept:
    return concept(IMPROVEMENT_SYSTEM, measure.improvement)


def measure_group(base: str, measure: Measure) -> Concept:
    return concept(f"{base}/CodeSystem/measure", measure.id, measure.title)


@cache
def stratifier(base: str, one: Stratifier) -> Concept:
    return concept(f"{base}/CodeSystem/stratifier", one.id, one.title)


def area_stratifier(base: str, id_: str) -> Concept:
    """The concept of the stratifier `practice` or `pcn`."""
    return concept(f"{base}/CodeSystem/stratifier", id_, AREAS[id_])


@cache
def stratum(base: str, one: Stratifier, code: str) -> Concept:
    """The concept of a stratum of one stratifier."""
    return concept(_system(base, one.id, code), code, stratum_label(one, code))


def stratum_label(one: Stratifier, code: str) -> str:
    """What a stratum of one stratifier is called."""
    return _LABELS.get(one.id, {}).get(code, code.replace("-", " ") if not code[0].isdigit() else code)


def area(base: str, id_: str, code: str, names: Mapping[str, str]) -> Concept:
    """The concept of a stratum of `practice` or `pcn`. names: by ODS code."""
    if code == UNKNOWN:
        return concept(f"{base}/CodeSystem/{id_}", code, code)
    return concept(ODS_SYSTEM, code, names.get(code, code))


def components(base: str, crossing: Crossing, code: str) -> list[dict[str, Concept]]:
    """The parts of a crossing's stratum, each with its own code and value."""
    return [
        {"code": stratifier(base, part), "value": stratum(base, part, value)}
        for part, value in zip(crossing.parts, code.split("*"), strict=True)
    ]


def _system(base: str, id_: str, code: str) -> str:
    """The published code system of a stratum's code, where there is one, else our own of that stratifier."""
    if id_ == SEX.id:
        return GENDER_SYSTEM
    if id_ == ETHNIC_CATEGORY_16.id and len(code) == 1:
        return ETHNICITY_ENGLAND
    return f"{base}/CodeSystem/{id_}"


DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_REASONS = {MASKED: "masked", SUPPRESSED: "masked", UNSUPPORTED: "unsupported"}

Json = dict[str, Any]


def absent(cell: Cell) -> Json:
    """The extension that says why a count is not given."""
    return {"url": DATA_ABSENT, "valueCode": _REASONS[cell.state]}


def valued(url: str, kind: str, value: Any) -> Json:
    """An extension with a value; kind: String, Code, Date, ..."""
    return {"url": url, f"value{kind}": value}


def counted(url: str, cell: Cell) -> Json:
    """An extension with a count of the run, or with the reason why there is none."""
    if cell.value is not None:
        return valued(url, "Integer", cell.value)
    return nested(url, [absent(cell)])


def nested(url: str, parts: Iterable[Json]) -> Json:
    return {"url": url, "extension": list(parts)}


def definition(base: str, name: str) -> str:
    """The URL of one of our own extensions."""
    return f"{base}/StructureDefinition/{name}"

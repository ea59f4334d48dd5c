"""What an Observation or a component of one has for a value: a quantity, an integer, an answer or why there is none."""

from zlib import crc32

from hi_fhir.sandbox.people.model import CodedAnswer, Component, Record
from hi_fhir.sandbox.render.elements import UCUM, Resource, concept
from hi_fhir.sandbox.spellings import respelled

_AS_INTEGER = 3
"""One value in so many that is whole and without a unit is no quantity."""
_UCUM_UNITS = frozenset(
    {"mm[Hg]", "kPa", "kg/m2", "mmol/mol", "mmol/L", "kg", "cm", "/min", "g/L", "mL/min", "Pa", "cm[H2O]"}
)
_CODED_OTHERWISE = {
    "mm Hg": {"system": "http://snomed.info/sct", "code": "259018001"},  # the words say the unit
    "mmhg": {"system": "https://unitsofmeasure.org/", "code": "mm[Hg]"},
}


def answered(answer: CodedAnswer | None) -> Resource:
    if answer is None:
        return {}
    match answer.way:
        case "boolean":
            return {"valueBoolean": answer.text == "true"}
        case "words":
            return {"valueString": answer.text}
        case "quantity":
            return {"valueQuantity": {"unit": "of what was asked"}}
    element = {"concept": "valueCodeableConcept", "absent-reason": "dataAbsentReason"}[answer.way]
    said: Resource = {"text": answer.text} if answer.text else {}
    if answer.codings:
        said["coding"] = [{"system": system, "code": code} for system, code in answer.codings]
    return {element: said}


def component(part: Component, id_: str) -> Resource:
    return {"code": respelled(concept(part.code), id_)} | answered(part.answer) | valued(part, id_)


def valued(one: Record | Component, id_: str) -> Resource:
    """The value of a record of this id or of its component."""
    if one.value is None:
        return {}
    quantity: Resource = {"value": one.value}
    if one.comparator:
        quantity["comparator"] = one.comparator
    elif one.unit is None and one.value == int(one.value) and crc32(id_.encode()) % _AS_INTEGER == 0:
        return {"valueInteger": int(one.value)}
    if one.unit in _UCUM_UNITS:
        quantity |= {"unit": one.unit, "system": UCUM, "code": one.unit}
    elif one.unit:
        quantity |= {"unit": one.unit} | _CODED_OTHERWISE.get(one.unit, {})
    return {"valueQuantity": quantity}

"""Which records count, and of what each of them is a record, by the rule `records`."""

from collections.abc import Iterator

from hi_fhir.sandbox.people.model import Code, CodedAnswer, Component, Record

_MEASURED = frozenset({"alcohol", "bmi", "hba1c-or-glucose", "lipids", "smoking-status"})
"""What is measured or asked: "none" is an answer to it, and it is looked for in Observation alone."""
_SAY_SOMETHING = frozenset({"boolean", "concept", "words"})


def counts(record: Record) -> bool:
    """Whether a record's status lets it count."""
    status = record.status
    if status == "entered-in-error":
        return False
    match record.type:
        case "Observation":
            return status not in ("cancelled", "registered", "preliminary")
        case "Procedure":
            return status == "completed"
        case "Condition":
            return status not in ("refuted", "resolved")
        case "Encounter":
            return status not in ("planned", "cancelled")
    return True


def recorded(record: Record) -> Iterator[Code]:
    """The codes that a record which counts is a record of: its own and its components', unless their answer denies it.

    What a coded answer names is none of them.
    """
    own = None if any(map(_has_value, record.components)) and _is_absent(record.answer) else record.answer
    if record.code and _is_so(record.type, record.code, own):
        yield record.code
    for part in record.components:
        if _is_so(record.type, part.code, part.answer):
            yield part.code


def _is_so(type_: str, code: Code, answer: CodedAnswer | None) -> bool:
    says = answer.says if answer else None
    if code.means in _MEASURED:
        return type_ == "Observation" and says in (None, "none")
    return says is None


def _is_absent(answer: CodedAnswer | None) -> bool:
    return answer is not None and answer.says == "absent"


def _has_value(part: Component) -> bool:
    return part.value is not None or (part.answer is not None and part.answer.way in _SAY_SOMETHING)

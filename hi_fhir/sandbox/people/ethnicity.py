"""What is recorded of a person's ethnicity: in the extension of the patient, in clinical records, both or neither."""

from datetime import timedelta
from random import Random

from hi_fhir.sandbox.people import codes
from hi_fhir.sandbox.people.choices import Weighted, before_period
from hi_fhir.sandbox.people.model import AS_OF, Code, When
from hi_fhir.sandbox.people.notes import Notes

_DAY = timedelta(days=1)
_WEIGHTS = (46, 2, 6, 2, 2, 3, 2, 5, 5, 3, 3, 4, 6, 3, 3, 5)
_LETTERS = Weighted(dict(zip(codes.LETTERS, _WEIGHTS, strict=True)))

_EXTENSIONS = Weighted(
    {
        "england": 40,
        "wales": 3,
        "scotland": 3,
        "retired": 3,
        "snomed": 3,
        "twice": 2,
        "not-stated": 4,
        "refused": 1.5,
        "not-known": 2.5,
        "": 38,
    }
)
_NATIONAL = {
    "wales": tuple(code for code in codes.CATEGORY_WALES.values() if code.says != "not-stated"),
    "scotland": tuple(code for code in codes.CATEGORY_SCOTLAND.values() if code.says != "refused"),
    "retired": tuple(codes.CATEGORY_RETIRED.values()),
}
_BY_LETTER = {code.says: code for code in codes.CATEGORY_SNOMED.values()}


def extension(random: Random) -> Code | None:
    """What the UK Core extension says; None where the patient has none."""
    way = _EXTENSIONS.pick(random)
    letter = _LETTERS.pick(random)
    match way:
        case "england":
            return codes.CATEGORY_ENGLAND[letter]
        case "wales" | "scotland" | "retired":
            return random.choice(_NATIONAL[way])
        case "snomed":
            return _BY_LETTER[letter]
        case "twice":
            return codes.ETHNICITY_TWICE[letter]
        case "not-stated":
            return random.choice((codes.CATEGORY_ENGLAND["Z"], codes.CATEGORY_WALES["Z"]))
        case "refused":
            return codes.CATEGORY_SCOTLAND["98"]
        case "not-known":
            return codes.ETHNICITY_NOT_KNOWN if letter == "A" else codes.ETHNICITY_UNMAPPED
    return None


_RECORDS = Weighted(
    {
        "once": 22,
        "old-code": 4,
        "unreadable": 4,
        "not-stated": 6,
        "refused": 6,
        "refused-and-not-stated": 3,
        "not-stated-after-refused": 3,
        "stated-before-refused": 3,
        "disagree-on-a-day": 5,
        "disagree-over-time": 5,
        "after-as-of": 3,
        "undated": 3,
        "undated-and-dated": 3,
        "condition-or-procedure": 4,
        "not-counted": 3,
        "": 23,
    }
)
_WITH_EXTENSION = 0.12


def write_ethnicity(notes: Notes, stated: Code | None) -> None:
    """Records of ethnicity: usual where the extension is silent, a few where it is not."""
    random = notes.random
    if stated is not None and stated.says in codes.LETTERS and random.random() > _WITH_EXTENSION:
        return
    way = _RECORDS.pick(random)
    code = _BY_LETTER[_LETTERS.pick(random)]
    other = random.choice([one for one in _BY_LETTER.values() if one.says != code.says])
    day = before_period(random)
    match way:
        case "once":
            _say(notes, code, When(day))
        case "old-code":
            _say(notes, codes.ETHNICITY_OLD, When(day))
        case "unreadable":
            _say(notes, random.choice(codes.ETHNICITY_UNREADABLE), When(day))
        case "not-stated":
            _say(notes, codes.NOT_STATED, When(day))
        case "refused":
            _say(notes, codes.REFUSED, When(day))
        case "after-as-of":
            _say(notes, code, When(AS_OF + _DAY))
        case "undated":
            _say(notes, code, None)
        case "condition-or-procedure":
            type_ = random.choice(("Condition", "Procedure"))
            notes.add(type_, code, When(day), status={"Condition": "active", "Procedure": "completed"}[type_])
        case "not-counted":
            notes.add("Observation", code, When(day), status=random.choice(("preliminary", "entered-in-error")))
        case "":
            return
        case _:
            _write_two(notes, way, When(day), code, other)


def _write_two(notes: Notes, way: str, when: When, code: Code, other: Code) -> None:
    later = When(when.day + 40 * _DAY)
    pair: tuple[tuple[Code, When | None], tuple[Code, When | None]]
    match way:
        case "refused-and-not-stated":
            pair = ((codes.REFUSED, when), (codes.NOT_STATED, when))
        case "not-stated-after-refused":
            pair = ((codes.REFUSED, when), (codes.NOT_STATED, later))
        case "stated-before-refused":
            pair = ((code, when), (codes.REFUSED, later))
        case "disagree-on-a-day":
            pair = ((code, when), (other, when))
        case "disagree-over-time":
            pair = ((code, when), (other, later))
        case _:
            pair = ((code, when), (other, None))
    for said, day in pair:
        _say(notes, said, day)


def _say(notes: Notes, code: Code, when: When | None) -> None:
    notes.add("Observation", code, when, status="final")

"""The tables that say in text what a word is true for: `tests/spec/words/<word>.md`, which the reference shows too.

A table has an expression above it, indented, and below that, where it is another than the period's end, the reference
date. Each row is a person: records (and what is known of the patient) with semicolons between them, whether the word
holds (yes, no or unknown) and, where it does not go without saying, why. What is written in capitals is a value set.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Generic, TypeVar

import hi_fhir.measures as language
from hi_fhir.measures import Person, Stratifier, registered, registry, value_set
from hi_fhir.measures.examples import EXAMPLE_PERIOD, Event
from hi_fhir.measures.model import Measure
from hi_fhir.measures.words.base import Word

FOLDER = Path(__file__).parents[1] / "spec" / "words"
OF_STRATA = FOLDER.with_name("strata")
HOLDS = {"numerator": "yes", "denominator": "no", "outside": "no", "undetermined": "unknown"}
"""Where a measure of registered people puts one whose numerator is the word, to what a row says of that."""

_STATUS = {
    "Condition": "active",
    "Encounter": "finished",
    "Immunization": "completed",
    "MedicationRequest": "active",
    "Observation": "final",
    "Procedure": "completed",
}
_RECORD = re.compile(
    r"(?P<type>[A-Z][A-Za-z]+) (?P<set>[A-Z0-9_]+|uncoded) (?P<day>\d{4}-\d\d-\d\d|undated)(?: at (?P<time>\d\d:\d\d))?"
    r"(?: (?P<sign>[<>]=?)?(?P<value>\d+(?:\.\d+)?)(?: (?P<unit>[^\s()=]+))?)?(?: \((?P<status>[a-z-]+)\))?"
    r"(?P<refers> refers)?(?: of type (?P<kind>[A-Z0-9_]+))?(?: of class (?P<class>[A-Z0-9_]+|uncoded))?"
)
_AS_WRITTEN = (
    "sex",
    "ethnicity",
    "ethnic_category_2001",
    "ethnic_category_2021",
    "ethnic_group_2021",
    "nhs_number",
    "unlinked",
    "interpreter",
)
"""What a patient has the text of a row for."""
_NEGATIONS = ("denied", "none", "absent")


@dataclass(frozen=True)
class Row:
    text: str
    person: Person
    holds: str
    why: str


Said = TypeVar("Said", Word, Stratifier)


@dataclass(frozen=True)
class Table(Generic[Said]):
    """What an expression holds for. name: of the file, which is that of the word."""

    name: str
    expression: str
    word: Said
    as_of: date
    rows: tuple[Row, ...]


def tables(name: str) -> list[Table[Word]]:
    """The tables of one word, in order."""
    return [*_tables(FOLDER / f"{name}.md", read_word)]


def every_table() -> list[Table[Word]]:
    """The tables of all words."""
    return [table for name in names() for table in tables(name)]


def days() -> list[date]:
    """The as-of days of tables of words, in order."""
    return sorted({table.as_of for table in every_table()})


def measure_of(table: Table[Word], id_: str) -> Measure:
    """Registered people, and those for whom the word of the table holds as its numerator; by no strata."""
    (plain,) = registry.load(["ethnicity-usable"])
    return replace(plain, id=id_, initial_population=registered(), numerator=table.word, examples=(), stratifiers=())


def strata_tables() -> list[Table[Stratifier]]:
    """The tables of breakdowns by words; `holds` of a row is the stratum."""
    return [*_tables(OF_STRATA / "by_words.md", read_stratifier)]


def _tables(path: Path, read: Callable[[str], Said]) -> Iterator[Table[Said]]:
    parts = re.split(r"^    (?=\S)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return (_table(path.stem, part, read) for part in parts[1:])


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def _table(name: str, text: str, read: Callable[[str], Said]) -> Table[Said]:
    expression, _, rest = text.partition("\n")
    as_of = re.search(r"^As of (\d{4}-\d\d-\d\d)", rest, flags=re.MULTILINE)
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in rest.splitlines() if line[:1] == "|"]
    return Table(
        name=name,
        expression=expression,
        word=read(expression),
        as_of=date.fromisoformat(as_of[1]) if as_of else EXAMPLE_PERIOD.end,
        rows=tuple(Row(text, read_person(text), holds, *why) for text, holds, *why in _padded(cells[2:])),
    )


def _padded(rows: list[list[str]]) -> Iterator[list[str]]:
    yield from ([cell.strip(" |") for cell in row] + [""] * (3 - len(row)) for row in rows)


class _Names(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        if name.isupper():
            return value_set(_kebab(name))
        raise KeyError(name)


def read_word(expression: str) -> Word:
    """A word as a definition would write it, from the names that a definition imports."""
    word = _read(expression)
    assert isinstance(word, Word), expression
    return word


def read_stratifier(expression: str) -> Stratifier:
    one = _read(expression)
    assert isinstance(one, Stratifier), expression
    return one


def _read(expression: str) -> Any:
    known = _Names({name: getattr(language, name) for name in language.__all__})
    return eval(expression, {"__builtins__": {}}, known)  # noqa: S307 our own tables


def read_person(text: str) -> Person:
    """Somebody registered and without records, but for what `text` says."""
    person = Person()
    for part in text.split("; ") if text != "nothing" else ():
        if part.startswith("Patient "):
            person = replace(person, **_of_patient(part.removeprefix("Patient ")))
        else:
            person = replace(person, events=(*person.events, *_events(part)))
    return person


def _of_patient(text: str) -> dict[str, Any]:
    what, _, value = text.partition(" ")
    match what:
        case "unregistered":
            return {"practice": None}
        case "born":
            return {"born": None if value == "unknown" else date.fromisoformat(value)}
        case "registered":
            return {"registered_on": None if value == "undated" else date.fromisoformat(value)}
        case name if name in _AS_WRITTEN:
            return {what: value}
        case "ethnicity_agrees" | "sex_agrees" | "birth_date_exact" | "language_recorded":
            return {what: value == "yes"}
        case "imd_decile":
            return {what: int(value)}
    raise ValueError(f"a patient has no {what!r}")


def _events(text: str) -> Iterator[Event]:
    record, _, answer = text.partition(" = ")
    found = _RECORD.fullmatch(record)
    assert found, f"not a record: {text!r}"
    said = found["status"]
    on = None if found["day"] == "undated" else date.fromisoformat(found["day"])
    own = Event(
        type=found["type"],
        value_set=None if found["set"] == "uncoded" or found["refers"] else _kebab(found["set"]),
        on=on,
        status=said if said and said not in _NEGATIONS else _STATUS[found["type"]],
        value=float(found["value"]) if found["value"] else None,
        unit=found["unit"],
        at=datetime.combine(on, time.fromisoformat(found["time"]), UTC) if on and found["time"] else None,
        comparator=found["sign"],
        negation=said if said in _NEGATIONS else None,
        id=text if answer else None,
        component="reference" if found["refers"] else "",
        refers_to=found["set"] if found["refers"] else None,
        in_snomed=found["set"] == "SNOMED_CT",
    )
    yield own
    for component in ("type", "class"):
        if kind := found["kind" if component == "type" else component]:
            code = None if kind == "uncoded" else _kebab(kind)
            said_of_it = replace(own, value_set=code, component=component, refers_to=None)
            yield replace(said_of_it, in_snomed=kind == "SNOMED_CT")
    if answer:
        yield replace(own, value_set=_kebab(answer), component="value", negation=None)


def _kebab(name: str) -> str:
    return name.lower().replace("_", "-")

"""What commands, reports and tables say in words of our own stands in the glossary, and nothing there is unused."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from hi_fhir.cli import output, people
from hi_fhir.cohorts import lists
from hi_fhir.core.audiences import Audience
from hi_fhir.disclosure import scores
from hi_fhir.disclosure.counts import CellState
from hi_fhir.measures import dropped
from hi_fhir.measures.examples import OUTCOMES
from hi_fhir.measures.model import POPULATIONS
from hi_fhir.measures.words.population import ANSWERED
from hi_fhir.pipeline import history
from hi_fhir.reports.derived.rows import KINDS
from hi_fhir.reports.vocabulary import EXTENSIONS
from hi_fhir.statistics.when_given import REASONS
from hi_fhir.tables import standing
from hi_fhir.terminology.data_files import ListState

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "glossary.md"
ROW = re.compile(r"^\| (?P<words>[^|]+) \| [^|]+ \|$", flags=re.MULTILINE)

PLAIN = frozenset([
    "a", "about", "be", "better", "by", "chunk", "code", "codes", "count", "counts", "do", "ethnic", "example",
    "follows", "found", "from", "group", "host", "in", "is", "kind", "last", "line", "lists", "measures", "path",
    "people", "possible", "published", "raw", "reason", "records", "reports", "run", "seen", "share", "sources",
    "state", "system", "table", "that", "title", "to", "try", "type", "values", "version", "what", "who", "why",
])  # fmt: skip
"""Headings of tables, word by word, that say what they say in everyday English or name what is in the same line."""


def entries(section: str = "") -> list[str]:
    """The words of the glossary's tables, in order. section: of the table under that heading alone."""
    text = PAGE.read_text(encoding="utf-8")
    text = text.split(f"## {section}\n")[1].split("\n## ")[0] if section else text
    cells = (found["words"] for found in ROW.finditer(text) if found["words"] != "word" and "---" not in found["words"])
    return [word for cell in cells for word in cell.split(", ")]


def spelt(names: Iterable[str]) -> set[str]:
    return {name.replace("_", " ") for name in names}


def _column(name: str) -> set[str]:
    """The values that a column of our tables may have, as its comment names them."""
    text = (ROOT / "docs" / "reference" / "tables.md").read_text(encoding="utf-8")
    [told] = {line.split("|")[4] for line in text.splitlines() if line.startswith(f"| `{name}` |") and " or " in line}
    return set(re.findall(r"[a-z][a-z-]+", told.split("(")[0])) - {"or"}


SAID = {
    "populations": spelt(POPULATIONS),
    "outcomes of examples": {*OUTCOMES},
    "audiences": {one.upper() if one in ("pcn", "icb") else one for one in Audience} - {"practice", "public"},
    "what became of a number": {*CellState},
    "why there is no score": {
        scores.EMPTY,
        scores.SMALL,
        scores.MASKED_PART,
        scores.ROUNDED_AWAY,
        scores.NO_CODES,
    },
    "statistics": {*KINDS},
    "why a statistic is not given": {*REASONS},
    "standings": {*standing.TypeState},
    "states of code lists": {*ListState, "code-lists-partial", "code-lists-missing"},
    "terms of the reconciliation": {*output._TERMS.values()},
    "why a reading is none": {people._LEFT_OUT[reason] for reason in dropped.REASONS},
    "what dated a row": {*people._DATED_BY},
    "what a record says against its code": {*people._NEGATED},
    "ethnicity": {*ANSWERED, "not-recorded", "not-known"},
    "NHS numbers": _column("nhs_number"),
    "deprivation": _column("deprivation"),
    "lists of registered patients": {*lists.STATES},
    "states of a run": set(history.RunState),
}
"""What users are shown as codes or names of our own, by what it is of."""


@pytest.mark.parametrize("of", SAID)
def test_every_state_and_reason_that_users_are_shown_has_an_entry(of: str) -> None:
    assert SAID[of]
    assert SAID[of] - {*entries()} == set()


def headings() -> Iterator[tuple[str, str]]:
    """Each heading of a column that a command prints, with the file that says it."""
    for path in sorted((ROOT / "hi_fhir" / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print_table":
                found = (part for part in ast.walk(node.args[1]) if isinstance(part, ast.Constant))
                yield from ((path.name, part.value) for part in found if isinstance(part.value, str))


def is_told(heading: str, known: set[str]) -> bool:
    """Whether a heading is an entry, or all of its words are entries or everyday English."""
    return heading in known or all(word in known | PLAIN for word in re.findall(r"[a-z]+", heading.lower()))


def test_every_heading_of_a_table_is_an_entry_or_everyday_english() -> None:
    known = {*entries(), *(f"{word}s" for word in entries())}
    found = [*headings()]
    assert len(found) > 50
    assert [(path, heading) for path, heading in found if not is_told(heading, known)] == []


def test_a_heading_that_nobody_explained_is_noticed() -> None:
    assert is_told("reference date", {"reference date"})
    assert not is_told("settled leaves", {"reference date"})


@pytest.mark.parametrize("extension", EXTENSIONS, ids=lambda one: one.name)
def test_every_extension_of_a_report_is_explained_on_its_page(extension: object) -> None:
    page = (ROOT / "docs" / "reference" / "measure-report.md").read_text(encoding="utf-8")
    assert f"`{extension.name}`" in page


def test_the_words_are_in_order_and_each_is_explained_once() -> None:
    words = entries("Words")
    assert words == sorted(words, key=str.lower)
    assert len(words) == len({*words})


def test_no_entry_is_of_a_word_that_nothing_says() -> None:
    files = (*(ROOT / "hi_fhir").rglob("*.py"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files if path != PAGE).lower()
    unused = [word for word in entries() if word.lower() not in text and word.lower().replace(" ", "_") not in text]
    assert unused == []

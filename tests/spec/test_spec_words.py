"""Every word says in a table of people what it is true for; the engine and a plain reading agree with each row."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import hi_fhir.measures as language
from hi_fhir.core.errors import DefinitionError
from hi_fhir.engine.connect import connect
from hi_fhir.measures import encounter, occasions, registered, worked
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.examples import EXAMPLE_PERIOD
from hi_fhir.measures.plain.outcome import outcome
from hi_fhir.measures.plain.strata import stratum
from hi_fhir.measures.stratifiers import Stratifier
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.tree import walk
from hi_fhir.terminology.catalogue import load
from tests.house.test_house_words import WORDS
from tests.support import word_tables
from tests.support.evaluations import a_ratio
from tests.support.plain_units import setting_of
from tests.support.word_tables import HOLDS, Row, Table

TABLES = word_tables.every_table()
ROWS = [
    pytest.param(table, row, id=f"{table.expression} [{row.text}]{table.as_of}")
    for table in TABLES
    for row in table.rows
]


def measure_of(table: Table[Word]) -> Any:
    return word_tables.measure_of(table, str(TABLES.index(table)))


def context_of(as_of: date) -> EvaluationContext:
    return EvaluationContext(EXAMPLE_PERIOD, as_of, worked.IMD_YEAR)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, str], str]:
    """Where the engine puts the person of each row, by the number of the table."""
    folder = tmp_path_factory.mktemp("words")
    engine, terminology = connect(folder / "spill"), load()
    found = {}
    for as_of in sorted({table.as_of for table in TABLES}):
        those = [table for table in TABLES if table.as_of == as_of]
        rows = [(table, row) for table in those for row in table.rows]
        people, measures = [row.person for _, row in rows], [measure_of(table) for table in those]
        by_measure = worked.outcomes(engine, folder, measures, people, context_of(as_of), terminology)
        for number, (table, row) in enumerate(rows):
            index = TABLES.index(table)
            found[index, row.text] = by_measure[str(index)][number]
    engine.close()
    return found


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_the_engine_finds_what_a_table_says(places: dict[tuple[int, str], str], table: Table[Word], row: Row) -> None:
    assert HOLDS[places[TABLES.index(table), row.text]] == row.holds


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_a_plain_reading_finds_what_a_table_says(table: Table[Word], row: Row) -> None:
    assert HOLDS[outcome(measure_of(table), row.person, setting_of(context_of(table.as_of)))] == row.holds


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.expression)
def test_a_table_shows_who_it_holds_for_and_who_it_does_not(table: Table[Word]) -> None:
    assert len({row.text for row in table.rows}) == len(table.rows)
    if table is word_tables.tables(table.name)[0]:
        assert {"yes", "no"} <= {row.holds for row in table.rows}


OF_STRATA = word_tables.strata_tables()


@pytest.mark.parametrize("table", OF_STRATA, ids=lambda table: table.word.id)
def test_the_engine_and_a_plain_reading_find_the_strata_that_a_table_says(
    table: Table[Stratifier], tmp_path: Path
) -> None:
    engine, context = connect(tmp_path / "spill"), context_of(table.as_of)
    people = [row.person for row in table.rows]
    told = [row.holds for row in table.rows]

    assert worked.strata_of(engine, tmp_path, table.word, people, context, load()) == told
    assert [stratum(table.word, person, setting_of(context)) for person in people] == told
    engine.close()


def test_a_ratio_counts_occasions_and_nothing_else() -> None:
    with pytest.raises(ValueError, match="the numerator of a ratio is counted"):
        a_ratio(numerator=registered())
    with pytest.raises(ValueError, match="a ratio measure has no denominator_exception"):
        a_ratio(denominator_exception=registered())
    with pytest.raises(DefinitionError, match="0 is too few"):
        occasions(encounter(), at_most=0)


def test_the_tables_of_breakdowns_show_every_stratum() -> None:
    for table in OF_STRATA:
        assert {*table.word.strata[:-1]} <= {row.holds for row in table.rows}
    assert "unknown" in {row.holds for table in OF_STRATA for row in table.rows}


def words_of_the_language() -> Iterator[str]:
    for name in language.__all__:
        returned = getattr(getattr(language, name), "__annotations__", {}).get("return")
        if isinstance(returned, type) and issubclass(returned, Word):
            yield name


@pytest.mark.parametrize("name", [*words_of_the_language()])
def test_every_word_that_a_definition_may_import_has_its_tables(name: str) -> None:
    assert name in word_tables.names()


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.__name__)
def test_every_kind_of_word_stands_in_a_table(word: type[Word]) -> None:
    assert word in {type(inner) for table in TABLES for inner in walk(table.word)}

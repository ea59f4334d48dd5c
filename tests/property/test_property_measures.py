"""What always holds of measures: the engine reads words as a person would, and counts add up, in any order of rows."""

import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.cohorts.people import write_buckets
from hi_fhir.engine.connect import connect
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures import (
    EVER,
    FINANCIAL_YEAR,
    IN_PERIOD,
    ByWords,
    Person,
    Stratifier,
    days,
    months,
    observed,
    registry,
    weeks,
)
from hi_fhir.measures.counts import counts
from hi_fhir.measures.evaluate import Evaluator
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.examples import Event
from hi_fhir.measures.facts import all_leaves
from hi_fhir.measures.model import Measure
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.outcome import outcome
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.plain.strata import stratum
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.worked import IMD_YEAR, event_rows, example_codes, outcomes, person_rows, strata_of, units_of
from hi_fhir.tables.schema import PERSON
from hi_fhir.terminology.catalogue import load
from tests.support.drawn_measures import PERIOD, WINTER, A, B, as_of_days, crowds, some_measures, words
from tests.support.plain_units import convert, setting_of

BUCKET = "0"
TERMINOLOGY = load()

few = settings(max_examples=settings.default.max_examples // 10)
"""Each example costs the engine half a second."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return connect(tmp_path_factory.mktemp("property") / "spill", threads=2)


@few
@given(some_measures(), crowds, as_of_days)
def test_the_engine_puts_everybody_where_a_plain_reading_of_the_words_does(
    engine: Engine, measures: list[Measure], crowd: list[Person], as_of: date
) -> None:
    context = EvaluationContext(PERIOD, as_of, IMD_YEAR)

    with tempfile.TemporaryDirectory() as folder:
        found = outcomes(engine, Path(folder), measures, crowd, context, TERMINOLOGY)

    assert found == {m.id: [outcome(m, person, setting_of(context)) for person in crowd] for m in measures}


@pytest.mark.slow
@few
@given(st.lists(words, min_size=1, max_size=3), crowds, as_of_days)
def test_the_engine_breaks_people_down_as_a_plain_reading_of_the_words_does(
    engine: Engine, deciding: list[Word], crowd: list[Person], as_of: date
) -> None:
    names = (*(f"stratum-{number}" for number in range(len(deciding))), "others", "unknown")
    one, context = (
        Stratifier("by-words", "1", "By words", ByWords(tuple(deciding)), names),
        EvaluationContext(PERIOD, as_of, IMD_YEAR),
    )

    with tempfile.TemporaryDirectory() as folder:
        found = strata_of(engine, Path(folder), one, crowd, context, TERMINOLOGY)

    assert found == [stratum(one, person, setting_of(context)) for person in crowd]


@pytest.mark.slow
@few
@given(crowds)
def test_the_shipped_measures_are_read_alike(engine: Engine, crowd: list[Person]) -> None:
    context = EvaluationContext(PERIOD, PERIOD.end, IMD_YEAR)
    measures = registry.load()

    with tempfile.TemporaryDirectory() as folder:
        found = outcomes(engine, Path(folder), measures, crowd, context, TERMINOLOGY)

    assert found == {m.id: [outcome(m, person, setting_of(context)) for person in crowd] for m in measures}


@few
@given(some_measures(), crowds)
def test_populations_are_nested_and_strata_add_up(engine: Engine, measures: list[Measure], crowd: list[Person]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _, fact = _written(engine, Path(folder), measures, crowd)
        rows = counts(engine, measures, [fact], ["X99009"], {"X99001": "U1", "X99002": None}).to_pylist()

    cells: dict[tuple[str, str, str], dict[str, dict[str, int]]] = {}
    for row in rows:
        place = cells.setdefault((row["measure_id"], row["practice_id"], row["stratifier"]), {})
        place.setdefault(row["stratum"], {})[row["population"]] = row["count"]
    assert {practice for _, practice, _ in cells} >= {"X99009"}
    defined = {one.id: one for one in measures}
    for (measure, practice, _), strata in cells.items():
        for populations in strata.values():
            if not defined[measure].has_score:
                assert populations.keys() == {"initial_population", "undetermined"}
                continue
            assert populations["numerator"] <= populations.get("occasions", populations["numerator"])
            settled = populations["numerator"] + populations["denominator_exclusion"]
            assert 0 <= populations["numerator"] <= settled <= populations["denominator"]
            assert populations["denominator"] <= populations["initial_population"]
            assert defined[measure].denominator or populations["denominator"] == populations["initial_population"]
            assert 0 <= populations.get("numerator_exclusion", 0) <= populations["numerator"]
            assert ("numerator_exclusion" in populations) == (defined[measure].numerator_exclusion is not None)
        whole = cells[measure, practice, "all"]["all"]
        assert {name: sum(one[name] for one in strata.values()) for name in defined[measure].counted} == whole


@pytest.mark.slow
@few
@given(some_measures(), crowds, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_number_of_threads_matters(
    measures: list[Measure], crowd: list[Person], random: Random
) -> None:
    tables = []
    for threads, shuffled in ((1, False), (2, True)):
        with tempfile.TemporaryDirectory() as folder:
            engine = connect(Path(folder) / "spill", threads=threads)
            written = _written(engine, Path(folder), measures, crowd, random if shuffled else None)
            tables.append([pq.ParquetFile(path).read() for path in written])
            engine.close()

    assert tables[0] == tables[1]


def _written(
    engine: Engine,
    folder: Path,
    measures: Sequence[Measure],
    crowd: Sequence[Person],
    random: Random | None = None,
) -> tuple[Path, Path]:
    """The leaf and the fact file of `crowd`, whose rows arrive shuffled where `random` is given."""
    context = EvaluationContext(PERIOD, PERIOD.end, IMD_YEAR)
    tables = {"Person": person_rows(crowd, context), **event_rows(crowd)}
    if random:
        tables = {name: rows.take(_order(random, len(rows))) for name, rows in tables.items()}
    write_buckets(tables.pop("Person"), PERSON, BUCKET, folder / "person")
    events = {t: engine.keep(f"shuffled_{t}", rows) for t, rows in tables.items()}
    evaluator = Evaluator(engine, measures, context, example_codes(all_leaves(measures), TERMINOLOGY), units_of(crowd))
    evaluator.write_leaves(events, BUCKET, folder)
    evaluator.write_facts(BUCKET, folder)
    return folder / "leaf" / f"{BUCKET}.parquet", folder / "fact" / f"{BUCKET}.parquet"


def _order(random: Random, size: int) -> pa.Array:
    return pa.array(random.sample(range(size), size), pa.int64())


def test_the_plain_reading_itself_agrees_with_every_worked_example() -> None:
    wrong = [
        (measure.id, example.name)
        for measure in registry.load()
        for example in measure.examples
        if outcome(measure, example.person, Setting(example.period, example.as_of, convert)) != example.outcome
    ]

    assert wrong == []


def test_windows_of_the_plain_reading_end_where_those_of_the_engine_do() -> None:
    context = EvaluationContext(PERIOD, date(2025, 2, 28), IMD_YEAR)
    for window in (EVER, IN_PERIOD, FINANCIAL_YEAR, WINTER, days(1), weeks(2), months(1), months(12)):
        start, end = context.days(window)
        person = Person(events=(Event("Observation", "a", start, "final"), Event("Observation", "b", end, "final")))
        before = Person(events=(Event("Observation", "a", start - timedelta(days=1), "final"),))
        assert holds(observed(A, window) & observed(B, window), person, setting_of(context))
        assert window == EVER or not holds(observed(A, window), before, setting_of(context))

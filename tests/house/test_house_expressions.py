"""Only operations on which the engines agree value by value may stand in an expression that decides a number.

Filter, equi-join, group-by, any, sum, min, max, count, argmax of what is not null, coalesce, cases, comparisons,
literals and date differences were identical on DuckDB, PySpark and PostgreSQL; much else was not. Product, sum and
rounding touch only the values of readings in another unit than the measure's, and sum and difference those of bounds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime

import ibis
import ibis.expr.operations as ops
import pytest
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.days import Period
from hi_fhir.engine.connect import connect
from hi_fhir.measures import Person, registry
from hi_fhir.measures.counts import counts
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.worked import outcomes
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluate import evaluate
from hi_fhir.terminology.catalogue import load
from tests.support import word_tables
from tests.support.landing import config_in
from tests.support.tables import SnapshotBuilder, named, nhs_key

RELATIONS = {
    ops.Aggregate, ops.DatabaseTable, ops.Distinct, ops.DropColumns, ops.Filter, ops.InMemoryTable, ops.JoinChain,
    ops.JoinLink, ops.JoinReference, ops.Project, ops.Sort, ops.SortKey, ops.UnboundTable, ops.Union,
}  # fmt: skip
VALUES = {
    ops.Add, ops.And, ops.Any, ops.ArgMax, ops.Coalesce, ops.CountStar, ops.DateAdd, ops.DateDelta,
    ops.EndsWith, ops.Equals, ops.ExtractDay, ops.ExtractMonth, ops.ExtractYear,
    ops.Field, ops.Greater, ops.GreaterEqual, ops.IfElse, ops.InValues, ops.IsNull, ops.Less, ops.LessEqual,
    ops.Literal, ops.Max, ops.Min, ops.Multiply, ops.Not, ops.NotEquals, ops.NotNull, ops.Or, ops.Round,
    ops.SearchedCase, ops.StringConcat, ops.Substring, ops.Subtract, ops.Sum,
}  # fmt: skip
IN_COHORTS_ALONE = {ops.RowNumber, ops.WindowFunction}  # identical too; measures group instead, which costs less
PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
pytestmark = pytest.mark.slow


@contextmanager
def recorded_queries() -> Iterator[list[ops.Node]]:
    """Whatever the engine is asked in the block."""
    asked: list[ops.Node] = []
    compiled = DuckDBCompiler.to_sqlglot

    def recording(self: DuckDBCompiler, expression: ibis.Expr, *more: object, **named: object) -> object:
        asked.append(expression.op())
        return compiled(self, expression, *more, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DuckDBCompiler, "to_sqlglot", recording)
        yield asked


def nodes_of(asked: list[ops.Node]) -> set[ops.Node]:
    return {node for expression in asked for node in expression.find(ops.Node)}


@pytest.fixture(scope="module")
def measure_nodes(tmp_path_factory: pytest.TempPathFactory) -> set[ops.Node]:
    """What all measures ask of the engine, and what every word does that one may use."""
    folder = tmp_path_factory.mktemp("measures")
    plain = registry.load(["ethnicity-usable"])[0]
    tried = [table.word for name in word_tables.names() for table in word_tables.tables(name)]
    words = (replace(plain, id=f"word-{number}", numerator=word, examples=()) for number, word in enumerate(tried))
    measures = (*registry.load(), *words)
    engine = connect(folder / "spill")
    with recorded_queries() as asked:
        outcomes(engine, folder, measures, [Person()], EvaluationContext(PERIOD, PERIOD.end, 2025), load())
        counts(engine, measures, [folder / "fact" / "0.parquet"], [], {})
    engine.close()
    return nodes_of(asked)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, measure_nodes: set[ops.Node]) -> set[ops.Node]:
    """What a whole evaluation asks of the engine, resolving people among it."""
    folder = tmp_path_factory.mktemp("run")
    village = SnapshotBuilder()
    village.patient("ann", nhs_key=nhs_key("ann"))
    village.patient("bea")
    village.link("bea", "ann")
    village.identifier("ann", "local")
    village.encounter(named("local"), None)
    config = config_in(folder, opt_out_policy="type-1-by-code")
    clock = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
    with recorded_queries() as asked:
        evaluate(RunContext(config, clock), (village.write(folder),), registry.load(), PERIOD, None, load())
    return measure_nodes | nodes_of(asked)


def test_every_operation_of_a_run_is_on_the_list(nodes: set[ops.Node]) -> None:
    assert {type(node) for node in nodes} - RELATIONS - VALUES - IN_COHORTS_ALONE == set()


def test_measures_use_no_windows(measure_nodes: set[ops.Node]) -> None:
    used = {type(node) for node in measure_nodes}

    assert used - RELATIONS - VALUES == set()
    assert {ops.ArgMax, ops.Sum, ops.Union} <= used


def test_an_argmax_leaves_out_what_is_null(nodes: set[ops.Node]) -> None:
    found = [node for node in nodes if isinstance(node, ops.ArgMax)]

    assert found
    for node in found:
        assert any(part.arg == node.arg for part in node.where.find(ops.NotNull)), node


def test_no_negation_is_asked_whether_it_is_null(nodes: set[ops.Node]) -> None:
    wrong = [node for node in nodes if isinstance(node, ops.IsNull | ops.NotNull) and isinstance(node.arg, ops.Not)]

    assert wrong == []  # it is written as NOT x IS NULL, which engines read as NOT (x IS NULL)


def test_joins_are_by_equality(nodes: set[ops.Node]) -> None:
    links = [node for node in nodes if isinstance(node, ops.JoinLink)]

    assert {link.how for link in links} <= {"inner", "left", "semi", "anti"}
    assert all(isinstance(predicate, ops.Equals) for link in links for predicate in link.predicates)

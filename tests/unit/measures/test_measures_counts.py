"""Facts to counts: every zero is there, strata add up, and counts that do not are refused."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hi_fhir.core.errors import GateError
from hi_fhir.engine.connect import connect
from hi_fhir.measures import registered, registry
from hi_fhir.measures.counts import counts
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import IMD_QUINTILE, SEX, Crossing
from hi_fhir.tables.schema import COUNTS
from tests.support.evaluations import a_count

PLAIN = replace(registry.load(["ethnicity-usable"])[0], id="plain", stratifiers=(SEX, Crossing((SEX, IMD_QUINTILE))))
WITH_EXCEPTIONS = replace(PLAIN, id="with-exceptions", denominator_exception=registered())
NARROWER = replace(PLAIN, id="narrower", denominator=registered(), numerator_exclusion=registered())
FEMALE, MALE = 0, 1
POOREST, UNKNOWN = 0, 5


def a_person(practice: str, sex: int = FEMALE, quintile: int = POOREST, **populations: bool) -> dict[str, Any]:
    """A row of facts: in the initial population of both measures, and in what is named, as `plain_numerator`."""
    row: dict[str, Any] = {"practice_id": practice, "sex": sex, "imd-quintile": quintile}
    further = {"with-exceptions": ("denominator_exception",), "narrower": ("denominator", "numerator_exclusion")}
    for measure, names in {"plain": (), **further}.items():
        for name in ("initial_population", "numerator", *names, "undetermined"):
            row[f"{measure}/{name}"] = populations.get(f"{measure}_{name}".replace("-", "_"), name[0] == "i")
    return row


FACTS = pa.schema([("practice_id", pa.string()), ("sex", pa.int8()), ("imd-quintile", pa.int8())])
for population in list(a_person("X1"))[len(FACTS) :]:
    FACTS = FACTS.append(pa.field(population, pa.bool_()))


def counted(
    folder: Path,
    facts: list[dict[str, Any]],
    measures: tuple[Measure, ...] = (PLAIN,),
    practices: tuple[str, ...] = (),
    pcns: Mapping[str, str | None] | None = None,
) -> pa.Table:
    path = folder / "fact.parquet"
    pq.write_table(pa.Table.from_pylist(facts, schema=FACTS), path)
    engine = connect(folder / "spill")
    try:
        return counts(engine, measures, [path], practices, pcns or {})
    finally:
        engine.close()


def cells(table: pa.Table, **wanted: str) -> dict[str, int]:
    """Population to count of the one stratum that is wanted."""
    rows = [row for row in table.to_pylist() if all(row[name] == value for name, value in wanted.items())]
    assert len({row["population"] for row in rows}) == len(rows) > 0
    return {row["population"]: row["count"] for row in rows}


def test_people_are_counted_for_each_practice_and_stratum(tmp_path: Path) -> None:
    facts = [
        a_person("X1", FEMALE, plain_numerator=True),
        a_person("X1", MALE, plain_numerator=True),
        a_person("X1", MALE, UNKNOWN),
        a_person("X2", MALE, plain_initial_population=False, plain_undetermined=True),
    ]

    table = counted(tmp_path, facts, pcns={"X1": "U1"})

    of_x1 = cells(table, practice_id="X1", stratifier="all")
    assert (of_x1["initial_population"], of_x1["denominator"], of_x1["numerator"]) == (3, 3, 2)
    assert cells(table, practice_id="X1", stratifier="sex", stratum="male")["denominator"] == 2
    assert cells(table, practice_id="X1", stratifier="sex*imd-quintile", stratum="male*unknown")["denominator"] == 1
    assert cells(table, practice_id="X2", stratifier="all") == dict.fromkeys(PLAIN.counted, 0) | {"undetermined": 1}


def test_practice_and_pcn_are_strata_of_the_whole(tmp_path: Path) -> None:
    table = counted(tmp_path, [a_person("X1"), a_person("X2")], pcns={"X1": "U1", "X2": None})

    for practice, pcn in (("X1", "U1"), ("X2", "unknown")):
        whole = cells(table, practice_id=practice, stratifier="all", stratum="all")
        assert cells(table, practice_id=practice, stratifier="practice", stratum=practice) == whole
        assert cells(table, practice_id=practice, stratifier="pcn", stratum=pcn) == whole


def test_every_zero_is_there_also_of_a_practice_without_people(tmp_path: Path) -> None:
    table = counted(tmp_path, [a_person("X1")], practices=("X9",))

    assert table.schema.equals(COUNTS)
    assert table["count"].null_count == 0
    strata = 1 + 1 + 1 + len(SEX.strata) + len(SEX.strata) * len(IMD_QUINTILE.strata)
    assert table.num_rows == 2 * strata * len(PLAIN.counted)
    assert set(cells(table, practice_id="X9", stratifier="sex", stratum="other").values()) == {0}


def test_nobody_at_all_is_counted_as_nobody(tmp_path: Path) -> None:
    table = counted(tmp_path, [], practices=("X9",))

    assert set(table["count"].to_pylist()) == {0}
    assert set(table["practice_id"].to_pylist()) == {"X9"}


def test_a_population_that_a_measure_does_not_define_is_empty(tmp_path: Path) -> None:
    table = counted(tmp_path, [a_person("X1", with_exceptions_denominator_exception=True)], (PLAIN, WITH_EXCEPTIONS))

    assert cells(table, measure_id="plain", stratifier="all")["denominator_exception"] == 0
    assert cells(table, measure_id="with-exceptions", stratifier="all")["denominator_exception"] == 1
    assert cells(table, measure_id="with-exceptions", stratifier="all")["denominator_exclusion"] == 0


def test_a_denominator_may_be_narrower_and_some_of_the_numerator_taken_out_of_it(tmp_path: Path) -> None:
    facts = [
        a_person("X1"),
        a_person("X1", narrower_denominator=True),
        a_person("X1", narrower_denominator=True, narrower_numerator=True),
        a_person("X1", narrower_denominator=True, narrower_numerator=True, narrower_numerator_exclusion=True),
    ]

    table = counted(tmp_path, facts, (PLAIN, NARROWER))

    assert cells(table, measure_id="narrower", stratifier="all") == {
        "initial_population": 4,
        "denominator": 3,
        "denominator_exclusion": 0,
        "denominator_exception": 0,
        "numerator": 2,
        "numerator_exclusion": 1,
        "undetermined": 0,
    }
    assert cells(table, measure_id="plain", stratifier="all")["denominator"] == 4
    assert "numerator_exclusion" not in cells(table, measure_id="plain", stratifier="all")


@pytest.mark.parametrize(
    ("populations", "told"),
    [
        ({"narrower_initial_population": False, "narrower_denominator": True}, "denominator than in the initial"),
        ({"narrower_denominator": True, "narrower_numerator_exclusion": True}, "numerator exclusion than"),
    ],
)
def test_somebody_in_a_population_and_not_in_what_it_is_part_of_stops_the_run(
    tmp_path: Path, populations: dict[str, bool], told: str
) -> None:
    with pytest.raises(GateError, match=f"measure narrower: a practice has more people in the {told}"):
        counted(tmp_path, [a_person("X1", **populations)], (NARROWER,))


def test_rows_stand_in_one_order_whatever_the_order_of_facts_and_practices(tmp_path: Path) -> None:
    facts = [a_person("X2", MALE), a_person("X1", FEMALE), a_person("X1", MALE)]

    one = counted(tmp_path, facts, (PLAIN, WITH_EXCEPTIONS), practices=("X9", "X0"))
    other = counted(tmp_path, facts[::-1], (WITH_EXCEPTIONS, PLAIN), practices=("X0", "X9"))

    assert one.equals(other)
    assert list(dict.fromkeys(one["measure_id"].to_pylist())) == ["plain", "with-exceptions"]
    assert list(dict.fromkeys(one["practice_id"].to_pylist())) == ["X0", "X1", "X2", "X9"]


def test_somebody_in_two_populations_at_once_stops_the_run(tmp_path: Path) -> None:
    both = a_person("X1", with_exceptions_numerator=True, with_exceptions_denominator_exception=True)

    with pytest.raises(GateError, match="measure with-exceptions: a practice has more people in the numerator"):
        counted(tmp_path, [both], (WITH_EXCEPTIONS,))


def test_somebody_in_the_numerator_alone_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="more people in the numerator"):
        counted(tmp_path, [a_person("X1", plain_initial_population=False, plain_numerator=True)])


def test_strata_that_do_not_add_up_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hi_fhir.measures import counts as module

    whole = module.Grouped.rows

    def loses_men(grouped: module.Grouped, fact: Any) -> Any:
        return whole(grouped, fact.filter(fact.sex != MALE) if grouped.stratifier == SEX else fact)

    monkeypatch.setattr(module.Grouped, "rows", loses_men)

    with pytest.raises(GateError, match="measure plain: the strata of sex do not add up to the whole"):
        counted(tmp_path, [a_person("X1", FEMALE), a_person("X1", MALE)])


def test_a_count_has_its_people_and_those_of_whom_it_is_not_known(tmp_path: Path) -> None:
    measure = a_count(id="plain", stratifiers=(SEX,))
    table = counted(tmp_path, [a_person("X1"), a_person("X1", plain_undetermined=True)], (measure,))

    assert cells(table, stratifier="all") == {"initial_population": 2, "undetermined": 1}
    assert cells(table, stratifier="sex", stratum="female") == {"initial_population": 2, "undetermined": 1}

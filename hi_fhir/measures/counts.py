"""Facts to counts: one group-by for each practice and stratifier, every zero present, and strata that add up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hi_fhir.core.errors import GateError
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures.facts import fact_columns, fact_name
from hi_fhir.measures.model import OCCASIONS, Measure
from hi_fhir.measures.stratifiers import ALL, PCN, PRACTICE, UNKNOWN, Crossing, Stratifier
from hi_fhir.tables.schema import COUNTS

Cells = npt.NDArray[np.int64]
"""Shape (practice, stratum, fact column)."""
_COUNTED = "counted"


@dataclass(frozen=True)
class Grouped:
    """One group-by of the facts, without a stratifier or by one. strata: how many. rows: the facts with `stratum`."""

    stratifier: Stratifier | Crossing | None

    @property
    def strata(self) -> int:
        return len(self.stratifier.strata) if self.stratifier else 1

    def rows(self, fact: ibis.Table) -> ibis.Table:
        """The facts with the place of each person's stratum among those of the stratifier, as `stratum`."""
        stratum: Any = ibis.literal(0, "int32")
        for part in self.stratifier.parts if self.stratifier else ():
            stratum = stratum * ibis.literal(len(part.strata), "int32") + fact[part.id]
        return fact.mutate(stratum=stratum)


def count_rows(fact: ibis.Table, columns: Sequence[str]) -> ibis.Table:
    """People for each of `columns`. Grain: one row per practice and stratum that has people. fact: `Grouped.rows`."""
    return fact.group_by("practice_id", "stratum").agg(
        **{f"n{number}": fact[name].sum().cast("int64") for number, name in enumerate(columns)}
    )


def counts(
    engine: Engine,
    measures: Sequence[Measure],
    facts: Sequence[Path],
    practices: Iterable[str],
    pcns: Mapping[str, str | None],
) -> pa.Table:
    """COUNTS of the fact files, for `practices` and every practice that the facts name; `pcns`: practice to its PCN.

    Raises:
        GateError: the strata of a stratifier do not add up to the whole, or a population is not within its own.
    """
    fact = engine.read("fact", facts)
    fact = engine.keep("kept_fact", fact.select([name for name in fact.columns if name != "person_id"]))
    columns = {(m.id, name): fact_name(m.id, name) for m in measures for name in fact_columns(m)}
    groups = [Grouped(None), *(Grouped(s) for s in dict.fromkeys(s for m in measures for s in m.stratifiers))]
    of_one = engine.prepare(count_rows(_counted(fact), list(columns.values())))
    found = [(group, of_one.run({_COUNTED: group.rows(fact)})) for group in groups]
    named = {practice for _, rows in found for practice in rows["practice_id"].to_pylist()}
    order = sorted(named.union(practices))
    cells = {group.stratifier: _cells(group, rows, order, len(columns)) for group, rows in found}
    column_of = {key: number for number, key in enumerate(columns)}
    parts = [
        _measure_counts(measure, cells, column_of, order, pcns) for measure in sorted(measures, key=lambda m: m.id)
    ]
    return pa.concat_tables(parts) if parts else COUNTS.empty_table()


def _counted(fact: ibis.Table) -> ibis.Table:
    """The facts with `stratum`, still to be given: making SQL for each stratifier takes longer than counting."""
    return ibis.table({**fact.schema(), "stratum": "int64"}, name=_COUNTED)


def _cells(group: Grouped, rows: pa.Table, practices: Sequence[str], width: int) -> Cells:
    cells = np.zeros((len(practices), group.strata, width), dtype=np.int64)
    if not rows.num_rows:
        return cells
    indices = {practice: number for number, practice in enumerate(practices)}
    practice = np.array([indices[id_] for id_ in rows["practice_id"].to_pylist()])
    stratum = rows["stratum"].to_numpy()
    for number in range(width):
        cells[practice, stratum, number] = rows[f"n{number}"].to_numpy()
    return cells


def _measure_counts(
    measure: Measure,
    cells: Mapping[Stratifier | Crossing | None, Cells],
    column_of: Mapping[tuple[str, str], int],
    practices: Sequence[str],
    pcns: Mapping[str, str | None],
) -> pa.Table:
    whole = _populations(measure, cells[None], column_of)
    _check_nested(measure, whole)
    blocks: list[tuple[str, tuple[str, ...], Cells]] = [(ALL, (ALL,), whole)]
    for stratifier in measure.stratifiers:
        block = _populations(measure, cells[stratifier], column_of)
        _check_adds_up(measure, stratifier, block, whole)
        blocks.append((stratifier.id, stratifier.strata, block))
    labels = [(id_, stratum) for id_, strata, _ in blocks for stratum in strata]
    table = np.concatenate([block for _, _, block in blocks], axis=1)
    own = [(practice, pcns.get(practice) or UNKNOWN) for practice in practices]
    return _rows(measure, practices, labels, table, own, whole)


def _populations(measure: Measure, cells: Cells, column_of: Mapping[tuple[str, str], int]) -> Cells:
    """The cells of one measure with those it counts as their last axis; a population that it does not define is empty.

    Without a denominator of its own that is the initial population.
    """
    taken = []
    for population in measure.counted:
        column = column_of.get((measure.id, population))
        if column is None and population == "denominator":
            column = column_of[measure.id, "initial_population"]
        taken.append(np.zeros(cells.shape[:2], dtype=np.int64) if column is None else cells[:, :, column])
    return np.stack(taken, axis=2)


def _check_adds_up(measure: Measure, stratifier: Stratifier | Crossing, block: Cells, whole: Cells) -> None:
    if not np.array_equal(block.sum(axis=1, keepdims=True), whole):
        raise GateError(
            f"measure {measure.id}: the strata of {stratifier.id} do not add up to the whole. "
            "Nothing is released; this is a fault of hi_fhir, please report it."
        )


def _check_nested(measure: Measure, whole: Cells) -> None:
    count = {name: whole[:, :, number] for number, name in enumerate(measure.counted)}
    if not measure.has_score:
        return
    settled = count["denominator_exclusion"] + count["numerator"] + count.get("denominator_exception", 0)
    within = {
        "numerator, exclusions and exceptions than in the denominator": (settled, count["denominator"]),
        "denominator than in the initial population": (count["denominator"], count["initial_population"]),
        "numerator exclusion than in the numerator": (count.get("numerator_exclusion", 0), count["numerator"]),
        "numerator than it has occasions": (count["numerator"], count.get(OCCASIONS, count["numerator"])),
    }
    for told, (part, of_all) in within.items():
        if (part > of_all).any():
            raise GateError(
                f"measure {measure.id}: a practice has more people in the {told}. Nothing is released; this is a "
                "fault of hi_fhir, please report it."
            )


def _rows(
    measure: Measure,
    practices: Sequence[str],
    labels: Sequence[tuple[str, str]],
    table: Cells,
    own: Sequence[tuple[str, str]],
    whole: Cells,
) -> pa.Table:
    """COUNTS' rows of one measure: practice by practice the whole, its practice and PCN, then the strata in order."""
    table = np.concatenate([table[:, :1], whole, whole, table[:, 1:]], axis=1)
    stratifiers = [labels[0][0], PRACTICE, PCN, *(id_ for id_, _ in labels[1:])]
    inner = [stratum for _, stratum in labels[1:]]
    strata = [stratum for practice, pcn in own for stratum in (labels[0][1], practice, pcn, *inner)]
    each, cells = len(measure.counted), table.shape[1]
    values: dict[str, Any] = {
        "measure_id": pa.repeat(measure.id, table.size),
        "practice_id": _taken(practices, np.repeat(np.arange(len(practices)), cells * each)),
        "stratifier": _taken(stratifiers, np.tile(np.repeat(np.arange(cells), each), len(practices))),
        "stratum": _taken(strata, np.repeat(np.arange(len(strata)), each)),
        "population": _taken(measure.counted, np.tile(np.arange(each), len(practices) * cells)),
        "count": pa.array(table.reshape(-1)),
    }
    return pa.table(values, schema=COUNTS)


def _taken(names: Sequence[str], indices: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(list(names), pa.string()).take(pa.array(indices))

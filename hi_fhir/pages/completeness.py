"""How complete the record is: each field by the groups of one breakdown, so that one sees of whom least is known."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.pages.strata_table import Line, StrataTable, breakdown
from hi_fhir.reports.derived.table import Row

RULE_SETS = ("hi_fhir data quality", "IIF HI-02 2022/23", "hi_fhir smoking status")
"""Rule sets of the measures of completeness."""


class FieldLine(NamedTuple):
    """whole: of everybody. by_group: a line for each group of the breakdown, None where the measure has no such one."""

    measure: Measure
    whole: Line
    by_group: Sequence[Line | None]
    table: StrataTable


class FieldTable(NamedTuple):
    """A line for each field, a column for each of the groups."""

    title: str
    groups: Sequence[str]
    fields: Sequence[FieldLine]


def field_table(rows: Iterable[Row], measures: Mapping[str, Measure], by: str, names: Mapping[str, str]) -> FieldTable:
    """rows: of an area in a period. by: id of a breakdown. names: of organisations, by ODS code."""
    of_measures: dict[str, list[Row]] = {}
    for row in rows:
        if measures[row.measure].rule_set in RULE_SETS:
            of_measures.setdefault(row.measure, []).append(row)
    tables = {id_: breakdown(measures[id_], by, own, names) for id_, own in of_measures.items() if _has(own, by)}
    labels = {line.stratum: line.label for table in tables.values() for line in table.lines}
    fields = []
    for id_, table in tables.items():
        [whole] = breakdown(measures[id_], ALL, of_measures[id_], names).lines
        own_lines = {line.stratum: line for line in table.lines}
        fields.append(FieldLine(measures[id_], whole, [own_lines.get(one) for one in labels], table))
    title = next((table.title for table in tables.values()), by)
    return FieldTable(title, list(labels.values()), fields)


def least_recorded(rows: Iterable[Row], measures: Mapping[str, Measure]) -> list[Row]:
    """Scores of everybody of the measures of completeness, the lowest first."""
    scores = (row for row in rows if row.statistic == "score" and row.stratifier == ALL)
    told = [row for row in scores if row.value is not None and measures[row.measure].rule_set in RULE_SETS]
    return sorted(told, key=lambda row: (row.value, row.measure))


def _has(rows: Iterable[Row], by: str) -> bool:
    return any(row.stratifier == by and row.state is not None for row in rows)

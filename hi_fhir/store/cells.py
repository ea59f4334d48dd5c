"""The released counts as rows, beside the reports that give them: what suppression, charts and comparisons read."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hi_fhir.store.dialects import dialect_named
from hi_fhir.store.models import CellName, CellStateRow, ReleasedCellRow, ReportRow

Name = tuple[str, str, str]
"""Stratifier, stratum and population."""
State = tuple[str, str | None]
"""State and reason."""
CellRow = tuple[str, str, str, str, str | None, int | None]
"""Stratifier, stratum, population, state, reason and value."""


class NewCells(NamedTuple):
    """Cells of a new report by column, since there are hundreds of each of thousands."""

    names: Sequence[Name]
    states: Sequence[str]
    reasons: Sequence[str | None]
    values: Sequence[int | None]

    @classmethod
    def of(cls, rows: Iterable[CellRow]) -> "NewCells":
        stratifiers, strata, populations, *others = zip(*rows, strict=True)
        return cls(tuple(zip(stratifiers, strata, populations, strict=True)), *others)


_REPORTS_AT_ONCE = 50
_COLUMNS = ("report_id", "cell_name_id", "cell_state_id", "value")


def write_cells(session: Session, cells: Mapping[int, NewCells]) -> None:
    """Keep the cells of new reports, by id of the report's row."""
    names = _name_ids(session, dict.fromkeys(chain.from_iterable(own.names for own in cells.values())))
    states = _state_ids(session, dict.fromkeys(chain.from_iterable(map(_states, cells.values()))))
    rows = chain.from_iterable(
        zip(
            repeat(report),
            map(names.__getitem__, own.names),
            map(states.__getitem__, _states(own)),
            own.values,
            strict=False,
        )
        for report, own in cells.items()
    )
    connection = session.connection()
    dialect_named(connection.dialect.name).insert_rows(connection, ReleasedCellRow.__tablename__, _COLUMNS, rows)


def read_cells(
    session: Session, reports: Sequence[int], stratifiers: Collection[str] = ()
) -> Iterator[tuple[int, CellRow]]:
    """The cells of reports, each with the id of its report's row; those of a report in order of the cell's name.

    stratifiers: ids; all where there are none.
    """
    names, states = cell_names(session, stratifiers), cell_states(session)
    columns = (ReleasedCellRow.report_id, *(getattr(ReleasedCellRow, name) for name in _COLUMNS[1:]))
    wanted = select(*columns).order_by(*columns[:2])
    if stratifiers:
        wanted = wanted.where(columns[1].in_(names))
    for start in range(0, len(reports), _REPORTS_AT_ONCE):
        batch = columns[0].in_(reports[start : start + _REPORTS_AT_ONCE])
        for report, name, state, value in session.connection().execute(wanted.where(batch)).all():
            yield report, (*names[name], *states[state], value)


def stratifiers_of(session: Session, report: int) -> frozenset[str]:
    """By what a report counts, by the id of its row."""
    named = select(CellName.stratifier).join(ReleasedCellRow, ReleasedCellRow.cell_name_id == CellName.id)
    return frozenset(session.scalars(named.where(ReleasedCellRow.report_id == report).distinct()))


def report_cells(session: Session, identifier: str, version: int) -> list[CellRow]:
    """The cells of one version of a report."""
    of_it = select(ReportRow.id).where(ReportRow.identifier == identifier, ReportRow.version == version)
    return [row for _, row in read_cells(session, session.scalars(of_it).all())]


def cell_names(session: Session, stratifiers: Collection[str] = ()) -> dict[int, Name]:
    """What is counted, by id. stratifiers: ids; all where there are none."""
    columns = (CellName.id, CellName.stratifier, CellName.stratum, CellName.population)
    named = select(*columns).where(CellName.stratifier.in_(stratifiers)) if stratifiers else select(*columns)
    rows = session.connection().execute(named.order_by(CellName.id)).all()
    return {id_: (stratifier, stratum, population) for id_, stratifier, stratum, population in rows}


def cell_states(session: Session) -> dict[int, State]:
    """What became of counts, by id."""
    rows = session.execute(select(CellStateRow.id, CellStateRow.state, CellStateRow.reason).order_by(CellStateRow.id))
    return {id_: (state, reason) for id_, state, reason in rows}


def _states(cells: NewCells) -> Iterator[State]:
    return zip(cells.states, cells.reasons, strict=True)


def _name_ids(session: Session, names: Iterable[Name]) -> dict[Name, int]:
    """Ids of names, of which those that are new are given one."""
    there = set(cell_names(session).values())
    new = [
        {"stratifier": stratifier, "stratum": stratum, "population": population}
        for stratifier, stratum, population in names
        if (stratifier, stratum, population) not in there
    ]
    if new:
        session.execute(insert(CellName), new)
    return {name: id_ for id_, name in cell_names(session).items()}


def _state_ids(session: Session, states: Iterable[State]) -> dict[State, int]:
    """Ids of states, of which those that are new are given one."""
    there = set(cell_states(session).values())
    new = [{"state": state, "reason": reason} for state, reason in states if (state, reason) not in there]
    if new:
        session.execute(insert(CellStateRow), new)
    return {state: id_ for id_, state in cell_states(session).items()}

"""The released counts as rows, beside the reports that give them: what suppression, charts and comparisons read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hi_fhir.store.models import CellName, ReleasedCellRow, ReportRow

Name = tuple[str, str, str]
"""Stratifier, stratum and population."""
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


_ROW = "(?, ?, ?, ?, ?)"
_INSERT = "INSERT INTO released_cell (report_id, cell_name_id, state, reason, value) VALUES "
_AT_ONCE = 100  # rows of a statement: one at a time takes half as long again


def write_cells(session: Session, cells: Mapping[int, NewCells]) -> None:
    """Keep the cells of new reports, by id of the report's row.

    Past SQLAlchemy, since a release has millions.
    """
    ids = _ids(session)
    names = dict.fromkeys(chain.from_iterable(own.names for own in cells.values()))
    if missing := [name for name in names if name not in ids]:
        ids |= _name(session, missing)
    rows = (
        zip(repeat(report), map(ids.__getitem__, own.names), own.states, own.reasons, own.values, strict=False)
        for report, own in cells.items()
    )
    values = chain.from_iterable(chain.from_iterable(rows))
    cursor = session.connection().connection.cursor()
    while some := list(islice(values, _AT_ONCE * 5)):
        cursor.execute(_INSERT + ", ".join([_ROW] * (len(some) // 5)), some)
    cursor.close()


def read_cells(session: Session, reports: Iterable[int]) -> Iterator[tuple[int, CellRow]]:
    """The cells of reports, each with the id of its report's row, in order of report and of the cell's name."""
    names = {id_: name for name, id_ in _ids(session).items()}
    columns = (ReleasedCellRow.cell_name_id, ReleasedCellRow.state, ReleasedCellRow.reason, ReleasedCellRow.value)
    for report in reports:
        rows = session.execute(select(*columns).where(ReleasedCellRow.report_id == report))
        for id_, state, reason, value in rows:
            yield report, (*names[id_], state, reason, value)


def report_cells(session: Session, identifier: str, version: int) -> list[CellRow]:
    """The cells of one version of a report."""
    of_it = select(ReportRow.id).where(ReportRow.identifier == identifier, ReportRow.version == version)
    return [row for _, row in read_cells(session, session.scalars(of_it))]


def _ids(session: Session) -> dict[Name, int]:
    rows = session.execute(select(CellName.id, CellName.stratifier, CellName.stratum, CellName.population))
    return {(stratifier, stratum, population): id_ for id_, stratifier, stratum, population in rows}


def _name(session: Session, names: Iterable[Name]) -> dict[Name, int]:
    columns = ("stratifier", "stratum", "population")
    session.execute(insert(CellName), [dict(zip(columns, name, strict=True)) for name in names])
    return _ids(session)

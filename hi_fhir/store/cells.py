"""The released counts as rows, beside the reports that give them: what suppression, charts and comparisons read."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hi_fhir.store.models import CellName, ReleasedCell, Report

Name = tuple[str, str, str]
"""Stratifier, stratum and population."""
CellRow = tuple[str, str, str, str, str | None, int | None]
"""Stratifier, stratum, population, state, reason and value."""


class NewCells(NamedTuple):
    """Cells of a new report by column, since there are hundreds of each of thousands. names: one for all alike."""

    names: tuple[Name, ...]
    states: tuple[str, ...]
    reasons: tuple[str | None, ...]
    values: tuple[int | None, ...]

    @classmethod
    def of(cls, rows: Iterable[CellRow], known: dict[tuple[Name, ...], tuple[Name, ...]] | None = None) -> "NewCells":
        """known: names of the cells of other reports, which are used again, and to which these are added."""
        stratifiers, strata, populations, *others = zip(*rows, strict=True)
        names = tuple(zip(stratifiers, strata, populations, strict=True))
        return cls(known.setdefault(names, names) if known is not None else names, *others)


_INSERT = "INSERT INTO released_cell (report_id, cell_name_id, state, reason, value) VALUES (?, ?, ?, ?, ?)"


def write_cells(session: Session, cells: Mapping[int, NewCells]) -> None:
    """Keep the cells of new reports, by id of the report's row."""
    ids = _ids(session)
    places: dict[int, list[int]] = {}
    connection = session.connection()
    for report, own in cells.items():
        if id(own.names) not in places:
            if missing := dict.fromkeys(name for name in own.names if name not in ids):
                ids |= _name(session, missing)
            places[id(own.names)] = [ids[name] for name in own.names]
        rows = zip(repeat(report), places[id(own.names)], own.states, own.reasons, own.values, strict=False)
        if written := list(rows):
            connection.exec_driver_sql(_INSERT, written)  # past the ORM: a release has millions


def read_cells(session: Session, reports: Iterable[int]) -> Iterator[tuple[int, CellRow]]:
    """The cells of reports, each with the id of its report's row, in order of report and of the cell's name."""
    names = {id_: name for name, id_ in _ids(session).items()}
    columns = (ReleasedCell.cell_name_id, ReleasedCell.state, ReleasedCell.reason, ReleasedCell.value)
    for report in reports:
        rows = session.execute(select(*columns).where(ReleasedCell.report_id == report))
        for id_, state, reason, value in rows:
            yield report, (*names[id_], state, reason, value)


def report_cells(session: Session, identifier: str, version: int) -> list[CellRow]:
    """The cells of one version of a report."""
    of_it = select(Report.id).where(Report.identifier == identifier, Report.version == version)
    return [row for _, row in read_cells(session, session.scalars(of_it))]


def _ids(session: Session) -> dict[Name, int]:
    rows = session.execute(select(CellName.id, CellName.stratifier, CellName.stratum, CellName.population))
    return {(stratifier, stratum, population): id_ for id_, stratifier, stratum, population in rows}


def _name(session: Session, names: Iterable[Name]) -> dict[Name, int]:
    columns = ("stratifier", "stratum", "population")
    session.execute(insert(CellName), [dict(zip(columns, name, strict=True)) for name in names])
    return _ids(session)

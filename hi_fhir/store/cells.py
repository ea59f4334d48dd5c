"""The released counts as rows, beside the reports that give them: what suppression, charts and comparisons read."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hi_fhir.store.models import CellName, ReleasedCell, Report

Name = tuple[str, str, str]
"""Stratifier, stratum and population."""
CellRow = tuple[str, str, str, str, str | None, int | None]
"""Stratifier, stratum, population, state, reason and value."""

_INSERT = "INSERT INTO released_cell (report_id, cell_name_id, state, reason, value) VALUES (?, ?, ?, ?, ?)"


def write_cells(session: Session, cells: Mapping[int, Iterable[CellRow]]) -> None:
    """Keep the cells of new reports, by id of the report's row."""
    ids = _ids(session)
    connection = session.connection()
    for report, rows in cells.items():
        own = list(rows)
        if not own:
            continue
        if missing := {row[:3] for row in own} - ids.keys():
            ids |= _name(session, sorted(missing))
        written = sorted((report, ids[row[:3]], *row[3:]) for row in own)
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

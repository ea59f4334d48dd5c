"""Released cells of many reports by column, for what reads millions of them at once."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from hi_fhir.store.cells import Name
from hi_fhir.store.models import CellName

_CELLS = "SELECT cell_name_id, state, reason, coalesce(value, -1) FROM released_cell WHERE report_id = ?"


class CellColumns(NamedTuple):
    """names: what is counted. By cell: places in `reports`, `names` and `words`, and people (-1: not given).

    words: each state with its reason, as they occur.
    """

    names: list[Name]
    words: list[tuple[str, str | None]]
    report: npt.NDArray[np.int32]
    name: npt.NDArray[np.int32]
    word: npt.NDArray[np.int32]
    value: npt.NDArray[np.int32]


def cell_columns(session: Session, reports: Sequence[int]) -> CellColumns:
    """The cells of reports by the ids of their rows; those of a report stand together, in the order of `reports`."""
    rows = session.execute(select(CellName.id, CellName.stratifier, CellName.stratum, CellName.population)).all()
    places = {id_: place for place, (id_, *_) in enumerate(rows)}
    words: dict[tuple[str, str | None], int] = {}
    connection = session.connection()
    numbers: list[int] = []
    sizes: list[int] = []
    for report in reports:
        cells = connection.exec_driver_sql(_CELLS, (report,)).all()
        numbers.extend(
            chain.from_iterable(
                (places[name], words.setdefault((state, reason), len(words)), value)
                for name, state, reason, value in cells
            )
        )
        sizes.append(len(cells))
    columns = np.array(numbers, dtype=np.int32).reshape(-1, 3)
    of_report = np.repeat(np.arange(len(reports), dtype=np.int32), sizes)
    return CellColumns(
        [(stratifier, stratum, population) for _, stratifier, stratum, population in rows],
        list(words),
        of_report,
        *columns.T,
    )

"""Released cells of many reports by column, for what reads millions of them at once."""

from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from hi_fhir.store.cells import Name, State, cell_names, cell_states
from hi_fhir.store.models import ReleasedCellRow
from hi_fhir.store.prepared import PreparedStatement

_CELLS: Select[int, int, int] = (
    select(ReleasedCellRow.cell_name_id, ReleasedCellRow.cell_state_id, func.coalesce(ReleasedCellRow.value, -1))
    .where(ReleasedCellRow.report_id == bindparam("report"))
    .order_by(ReleasedCellRow.cell_name_id)
)


class CellColumns(NamedTuple):
    """names: what is counted. By cell: places in `reports`, `names` and `words`, and people (-1: not given).

    words: each state with its reason.
    """

    names: list[Name]
    words: list[State]
    report: npt.NDArray[np.int32]
    name: npt.NDArray[np.int32]
    word: npt.NDArray[np.int32]
    value: npt.NDArray[np.int32]


def cell_columns(session: Session, reports: Sequence[int]) -> CellColumns:
    """The cells of reports by the ids of their rows; those of a report stand together, in the order of `reports`."""
    names, states = cell_names(session), cell_states(session)
    connection = session.connection()
    asked = PreparedStatement(_CELLS, connection.dialect)
    numbers: list[int] = []
    sizes: list[int] = []
    for report in reports:
        cells = asked.driver_rows(connection, {"report": report})
        numbers.extend(chain.from_iterable(cells))
        sizes.append(len(cells))
    name, state, value = np.array(numbers, dtype=np.int32).reshape(-1, 3).T
    return CellColumns(
        [*names.values()],
        [*states.values()],
        np.repeat(np.arange(len(reports), dtype=np.int32), sizes),
        _places(names)[name],
        _places(states)[state],
        value,
    )


def _places(ids: Collection[int]) -> npt.NDArray[np.int32]:
    """The place of each id in their order."""
    places = np.zeros(max(ids, default=0) + 1, dtype=np.int32)
    places[[*ids]] = np.arange(len(ids), dtype=np.int32)
    return places

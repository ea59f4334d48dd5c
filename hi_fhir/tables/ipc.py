"""Arrow IPC files: what a step of flatten leaves for the next."""

from pathlib import Path

import pyarrow as pa

from hi_fhir.core.files import place_file, written_aside


def write_ipc(path: Path, table: pa.Table) -> None:
    """Place a table as one Arrow IPC file of one batch; what says that its folder is done is committed there later."""
    temporary = written_aside(path)
    with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    place_file(temporary, path)


def read_ipc(path: Path) -> pa.Table:
    """A table that was written by `write_ipc`, from the file as it is needed."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()

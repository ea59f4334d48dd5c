"""What was released is never changed and never removed: a later decision has to know it."""

import re
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

import hi_fhir
from hi_fhir.store.cells import NewCells
from hi_fhir.store.deliveries import Delivered, record_delivery
from hi_fhir.store.ledger import NewReport
from hi_fhir.store.session import Store, open_store
from tests.support.recording import record_reports
from tests.unit.store.test_store_ledger import AT, CELLS, LATER, RELEASE, REPORT, TARGET

RELEASED = ("released_cell", "report_content", "cell_name")
_CHANGING = re.compile(
    rf"\b(UPDATE|DELETE FROM|REPLACE INTO|OR REPLACE INTO)\s+\"?({'|'.join(RELEASED)})\b", re.IGNORECASE
)
_BY_NAME = re.compile(r"\b(update|delete)\(\s*(models\.)?(ReleasedCellRow|ReportContent|CellName)\b")


def kept(store: Store) -> set[tuple[object, ...]]:
    """Every row of what was released, with its table."""
    with store.read() as session:
        return {(name, *row) for name in RELEASED for row in session.execute(text(f"SELECT * FROM {name}"))}  # noqa: S608


OTHER = NewCells.of([(*CELLS[0][:3], "masked", None, None)])
STEPS = ((REPORT, "e1"), (replace(REPORT, content=b"two", cells=OTHER), "e2"), (REPORT, "e1"))
"""What is released one after the other, and by which evaluation."""


def take(session: Session, report: NewReport, evaluation: str) -> None:
    record_reports(session, replace(RELEASE, evaluation_id=evaluation), [report], LATER)
    record_delivery(session, Delivered("a", 1, TARGET, "sent", 200, None, None, None), AT)


def test_releases_corrections_and_deliveries_leave_what_was_there(store: Store) -> None:
    seen = kept(store)
    for report, evaluation in STEPS:
        with store.write() as session:
            take(session, report, evaluation)
        assert seen < kept(store)
        seen = kept(store)


def test_releases_corrections_and_deliveries_add_rows_alone(tmp_path: Path) -> None:
    """As SQLite is told, past whatever asks it."""
    statements: list[str] = []
    store = open_store(tmp_path / "hi_fhir.sqlite")
    for report, evaluation in STEPS:
        with store.write() as session:
            session.connection().connection.driver_connection.set_trace_callback(statements.append)
            take(session, report, evaluation)
    store.close()
    assert any("released_cell" in statement for statement in statements)
    assert [statement for statement in statements if _CHANGING.search(statement)] == []


def test_no_code_but_a_migration_can_change_them() -> None:
    root = Path(hi_fhir.__file__).parent
    sources = [path for path in root.rglob("*.py") if "migrations" not in path.parts]
    texts = {path: path.read_text() for path in sources}
    assert len(texts) > 100
    assert [path for path, source in texts.items() if _CHANGING.search(source) or _BY_NAME.search(source)] == []

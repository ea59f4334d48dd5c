"""A report is found by what names it, however many there are: SQLite takes the index of that, and no other."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.store import search
from hi_fhir.store.criteria import Reader, ReportCriteria, TokenMatch
from hi_fhir.store.current import current_reports, withdrawn_reports
from hi_fhir.store.forms import SearchForm, form_of
from hi_fhir.store.given import given_reports
from hi_fhir.store.pages import ById
from hi_fhir.store.prepared import PreparedStatement
from hi_fhir.store.session import Store, open_store


def plan(store: Store, statement: PreparedStatement) -> str:
    """How SQLite finds rows of reports."""
    sql = f"EXPLAIN QUERY PLAN {statement._sql}"
    with store.connect() as connection:
        rows = connection.exec_driver_sql(sql, tuple([None] * statement._sql.count("?"))).all()
    return next(row[3] for row in rows if row[3].split()[1] == "report")


def test_a_report_that_is_named_is_found_by_its_name(tmp_path) -> None:
    store = open_store(tmp_path / "store.sqlite")
    reader = Reader(Audience.ICB)
    read, _ = form_of(reader, ReportCriteria())
    by_identifier, _ = form_of(reader, ReportCriteria(identifiers=((TokenMatch("s", "v"),),)))
    by_id, _ = form_of(reader, ReportCriteria(ids=(("a",),)))
    with store.connect() as connection:
        dialect = connection.dialect
    assert "(resource_id=?)" in plan(store, search._report_statement(dialect, read))
    assert "(identifier=?)" in plan(store, search._page_statement(dialect, form_by_id(by_identifier)))
    assert "(resource_id=?)" in plan(store, search._page_statement(dialect, form_by_id(by_id)))
    later = search._page_statement(dialect, search._Form(read, ById, is_later=True))
    assert "ix_report_current_resource_id (audience=? AND resource_id>?)" in plan(store, later)
    store.close()


def plan_of(store: Store, ask: Callable[[Session], object]) -> list[str]:
    """How SQLite finds the rows of what is asked in one query."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    with store.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        ask(Session(connection))
        [(sql, values)] = asked
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize("organisations", [None, ["QZ1"]])
def test_an_areas_reports_are_found_by_the_area(tmp_path: Path, organisations: list[str] | None) -> None:
    store = open_store(tmp_path / "store.sqlite")
    ever = plan_of(store, lambda session: given_reports(session, Audience.ICB, organisations, "U99001"))
    assert "SEARCH report USING INDEX ix_report_organisation (organisation=?)" in ever
    current = "SEARCH report USING INDEX ix_report_current_organisation (audience=? AND organisation=?)"
    for asked in (current_reports, withdrawn_reports):
        found = partial(asked, audience=Audience.ICB, organisations=organisations, reporters=["U99001"])
        assert current in plan_of(store, found)
    store.close()


def form_by_id(asked: SearchForm) -> search._Form:
    return search._Form(asked, ById, is_later=False)

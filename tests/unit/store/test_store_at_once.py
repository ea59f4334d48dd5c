"""Several that release at once: no version and no number is given twice, and none is left out."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy import select

from hi_fhir.store.models import ReportRow
from hi_fhir.store.session import Store, open_store
from tests.support.recording import record_reports
from tests.unit.store.test_store_ledger import AT, RELEASE, REPORT

TIMES = 15


def release(url: str, name: str) -> list[int]:
    """Another version of the same report each time; the numbers of the versions."""
    store, versions = open_store(url), []
    for number in range(TIMES):
        with store.write() as session:
            report = replace(REPORT, content=f"{name} {number}".encode())
            [kept] = record_reports(session, RELEASE, [report], AT)
            versions.append(kept.version.version)
    store.close()
    return versions


def test_no_version_is_given_twice(store: Store, store_url: str) -> None:
    """Each has connections of its own, as a process has."""
    with ThreadPoolExecutor(3) as releasing:
        given = [version for own in releasing.map(lambda name: release(store_url, name), "abc") for version in own]

    everything = list(range(1, 3 * TIMES + 1))
    assert sorted(given) == everything
    with store.read() as session:
        rows = session.execute(select(ReportRow.version, ReportRow.number).order_by(ReportRow.version)).all()
        assert [tuple(row) for row in rows] == [(number, number) for number in everything]
        latest = session.scalars(select(ReportRow.version).where(ReportRow.is_latest, ReportRow.is_current)).all()
        assert latest == [3 * TIMES]

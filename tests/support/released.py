"""Released reports in a store, without a run: a handful of small MeasureReports and the manifest that tells of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.files import canonical_json
from hi_fhir.pipeline.report_manifest import ReleasedReport, ReportManifest
from hi_fhir.reports.reporters import organisation_id
from hi_fhir.store import ledger
from hi_fhir.store.cells import NewCells
from hi_fhir.store.memberships import DayMembership, record_memberships
from hi_fhir.store.session import Store
from hi_fhir.subscriptions.announcing import announce
from tests.support.recording import record_reports

CLOCK = FixedClock(datetime(2025, 4, 2, 12, tzinfo=UTC))
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
SYSTEM = "urn:hi-fhir:measure-report"
BASE = "https://hi-fhir.example/fhir"
DAY = date(2025, 3, 31)


def release(
    store: Store,
    *,
    measures: Sequence[str] = ("ethnicity-recorded", "smoking-status-recorded"),
    reporters: Sequence[str] = ("A99001", "A99002"),
    audience: str = "icb",
    demonstrations: Sequence[str] = (),
    count: int = 100,
    system: str = SYSTEM,
    memberships: Sequence[tuple[str, str | None, str | None]] = (),
    at: datetime = CLOCK.at,
) -> ReportManifest:
    """Put a report a measure and reporter into the store, and each reporter's Organization where it belongs anywhere.

    demonstrations: measures with a made-up code list. memberships: practice, network and board on the reference date.
    """
    contents = {(m, r): canonical_json(_report(m, r, audience, count, system)) for r in reporters for m in measures}
    with store.write() as session:
        record_memberships(session, DAY, (DayMembership(*one) for one in memberships), CLOCK.at)
        for reporter in reporters if memberships else ():
            ledger.record_organisation(session, _new_organisation(reporter), CLOCK.at)
        for measure in measures:
            ledger.record_measure(session, _new_measure(measure), CLOCK.at)
        versions = record_reports(
            session,
            ledger.NewRelease("evaluation", audience, "policy", "1", "nothing", {"main": DAY.isoformat()}),
            [
                new_report(measure, reporter, audience, content, system, count)
                for (measure, reporter), content in contents.items()
            ],
            at,
        )
        announce(session, [one.row for one in versions if one.row is not None], at)
    reports = [
        ReleasedReport(
            identifier=version.identifier,
            id=f"mr-{version.identifier}",
            version=version.version,
            sha256=version.sha256,
            measure_id=measure,
            is_demonstration=measure in demonstrations,
            reporter=reporter,
            reporter_name=None,
            organisation_id=organisation_id(reporter),
            path=f"reports/{reporter}/{measure}.json",
        )
        for (measure, reporter), (version, *_) in zip(contents, versions, strict=True)
    ]
    return ReportManifest(
        audience=audience,
        evaluation="evaluation",
        paths=[report.path for report in reports],
        reports=reports,
        measures=list(measures),
        organisations=[organisation_id(reporter) for reporter in reporters],
    )


def _identifier(measure: str, reporter: str, audience: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{measure} {reporter} {audience}"))


def _report(measure: str, reporter: str, audience: str, count: int, system: str) -> dict[str, Any]:
    identifier = _identifier(measure, reporter, audience)
    population = {"code": {"coding": [{"code": "initial-population"}]}, "count": count}
    return {
        "resourceType": "MeasureReport",
        "id": f"mr-{identifier}",
        "identifier": [{"system": system, "value": identifier}],
        "status": "complete",
        "type": "summary",
        "measure": f"{BASE}/Measure/{measure}|2026.1",
        "date": DAY.isoformat(),
        "reporter": {"identifier": {"system": ODS, "value": reporter}},
        "period": {"start": "2024-04-01", "end": "2025-03-31"},
        "group": [{"code": {"text": measure}, "population": [population]}],
    }


def new_report(
    measure: str, reporter: str, audience: str, content: bytes, system: str = SYSTEM, count: int = 100
) -> ledger.NewReport:
    identifier = _identifier(measure, reporter, audience)
    return ledger.NewReport(
        id=f"mr-{identifier}",
        identifier_system=system,
        identifier=identifier,
        measure_url=f"{BASE}/Measure/{measure}",
        measure_version="2026.1",
        reporter_id=organisation_id(reporter),
        reporter_system=ODS,
        reporter=reporter,
        status="complete",
        period_start=date(2024, 4, 1),
        period_end=DAY,
        as_of=DAY,
        data_date=DAY,
        content=content,
        cells=NewCells.of([("all", "all", "initial_population", "rounded", None, count)]),
    )


def _new_organisation(code: str) -> ledger.NewOrganisation:
    id_ = organisation_id(code)
    identifier = [{"system": ODS, "value": code}]
    content = canonical_json({"resourceType": "Organization", "id": id_, "identifier": identifier})
    return ledger.NewOrganisation(id_, ODS, code, content)


def _new_measure(measure: str) -> ledger.NewMeasure:
    url = f"{BASE}/Measure/{measure}"
    content = {"resourceType": "Measure", "id": measure, "url": url, "version": "2026.1", "status": "active"}
    return ledger.NewMeasure(measure, url, "2026.1", "active", canonical_json(content))

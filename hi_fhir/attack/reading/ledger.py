"""What an audience was given, from the rows of the store."""

from collections.abc import Sequence

import numpy as np
import orjson
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from hi_fhir.attack.told import Name, Report, Rounding, State, Told
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import NotFoundError
from hi_fhir.store import models
from hi_fhir.store.cell_columns import CellColumns, cell_columns

ROUNDING = Rounding(masked_to=7, base=5)
"""That of every policy of hi_fhir which rounds. Source: NHS Digital's rule for sub-national hospital data."""

_STATES = {"shown": State.EXACT, "rounded": State.ROUNDED, "masked": State.MASKED, "unsupported": State.WITHHELD}
_SCORES = {"small-number": State.SCORE_SMALL, "empty-denominator": State.SCORE_EMPTY}
_COVERED = "/StructureDefinition/covered-practice"


def read_ledger(session: Session, audience: Audience, *, ever: bool = False, evaluation: str | None = None) -> Told:
    """What an audience may have. ever: every version, else the reports that hold now. evaluation: of that one alone.

    Raises:
        NotFoundError: there is nothing of it.
    """
    asked = select(models.Report).options(joinedload(models.Report.release)).order_by(models.Report.id)
    rows = session.scalars(_narrowed(asked, audience, ever, evaluation)).all()
    if not rows:
        of = f" of evaluation {evaluation}" if evaluation else ""
        raise NotFoundError(f"nothing{of} was released that the {audience} audience may have. hi-fhir status lists it.")
    covered: dict[tuple[str, str], tuple[str, ...]] = {}
    reports = []
    for report in rows:
        key = (report.release.evaluation_id, report.reporter_id)
        if key not in covered:
            covered[key] = _practices(session, report.id)
        reports.append(_report(report, covered[key]))
    return _told(reports, cell_columns(session, [report.id for report in rows]))


def _narrowed(
    asked: Select[models.Report], audience: Audience, ever: bool, evaluation: str | None
) -> Select[models.Report]:
    asked = asked.where(models.Report.audience.in_(audience.knows))
    if evaluation is not None:
        return asked.join(models.Release).where(models.Release.evaluation_id == evaluation)
    return asked if ever else asked.where(models.Report.is_current)


def _report(row: models.Report, practices: tuple[str, ...]) -> Report:
    return Report(
        measure=row.measure_url,
        measure_version=row.measure_version,
        period=(row.period_start.isoformat(), row.period_end.isoformat()),
        reference_date=row.as_of.isoformat(),
        extract_date=row.data_date.isoformat(),
        reporter=row.organisation or row.reporter_id,
        practices=practices,
        rounding=ROUNDING,
        source=f"{row.identifier}/{row.version}",
    )


def _practices(session: Session, report: int) -> tuple[str, ...]:
    """The practices that a report covers, as it says itself."""
    asked = select(models.ReportContent.content).where(models.ReportContent.report_id == report)
    content = orjson.loads(session.scalars(asked).one())
    covered = [one for one in content.get("extension", ()) if one["url"].endswith(_COVERED)]
    return tuple(one["valueReference"]["identifier"]["value"] for one in covered)


def _told(reports: Sequence[Report], cells: CellColumns) -> Told:
    states = [_state(*word) for word in cells.words]
    of_word = np.array(states or [State.WITHHELD], dtype=np.int32)
    names = tuple(Name(*name) for name in cells.names)
    return Told(tuple(reports), names, cells.report, cells.name, of_word[cells.word], cells.value)


def _state(state: str, reason: str | None) -> State:
    return _STATES[state] if state in _STATES else _SCORES.get(reason or "", State.SCORE_OTHER)

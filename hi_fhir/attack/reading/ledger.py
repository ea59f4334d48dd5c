"""What an audience was given, from the rows of the store."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from hi_fhir.attack.reading.words import POLICIES, TELLING_TOTALS, state_of
from hi_fhir.attack.told import SCORE, SMALL_NUMBERS, Ints, Name, Report, State, Told
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import NotFoundError
from hi_fhir.store import models
from hi_fhir.store.cell_columns import CellColumns, cell_columns
from hi_fhir.store.covered import covered_practices
from hi_fhir.store.notices import gives_numbers, is_known


def read_ledger(
    session: Session,
    audience: Audience,
    *,
    ever: bool = False,
    evaluation: str | None = None,
) -> Told:
    """What an audience may have. ever: every version, else the reports that hold now, and
    those that were withdrawn, which their readers know still. evaluation: of that one alone.

    Raises:
        NotFoundError: there is nothing of it.
    """
    rows = session.scalars(_narrowed(_reports(), audience, ever, evaluation)).all()
    if not rows:
        of = f" of evaluation {evaluation}" if evaluation else ""
        raise NotFoundError(f"nothing{of} was released that the {audience} audience may have. hi-fhir status lists it.")
    return _told_of(session, rows)


def read_days(session: Session, audience: Audience, days: Collection[date]) -> Told:
    """Every version of these reference dates that an audience may have, which may be none."""
    asked = _narrowed(_reports(), audience, ever=True, evaluation=None)
    return _told_of(session, session.scalars(asked.where(models.ReportRow.as_of.in_(days))).all())


def read_practice(session: Session, practice: str, *, ever: bool = False) -> Told:
    """What a practice was given of its own people, which is exact. ever: as of `read_ledger`.

    Raises:
        NotFoundError: it was given nothing.
    """
    asked = _reports().where(models.ReportRow.audience == Audience.PRACTICE, models.ReportRow.organisation == practice)
    rows = session.scalars(asked.where(gives_numbers() if ever else is_known())).all()
    if not rows:
        raise NotFoundError(
            f"nothing was released to practice {practice} of its own people. Run: hi-fhir report --audience practice, "
            "or name its MeasureReports: --knows PRACTICE=FOLDER."
        )
    return replace(_told_of(session, rows), knowing=frozenset({practice}))


def _reports() -> Select[models.ReportRow]:
    return select(models.ReportRow).options(joinedload(models.ReportRow.release)).order_by(models.ReportRow.number)


def _told_of(session: Session, rows: Sequence[models.ReportRow]) -> Told:
    covered: dict[tuple[str, str], tuple[str, ...]] = {}
    reports = []
    for report in rows:
        key = (report.release.evaluation_id, report.reporter_id)
        if key not in covered:
            covered[key] = covered_practices(session, report.id)
        reports.append(_report(report, covered[key]))
    return told_of(reports, cell_columns(session, [report.id for report in rows]))


def _narrowed(
    asked: Select[models.ReportRow], audience: Audience, ever: bool, evaluation: str | None
) -> Select[models.ReportRow]:
    asked = asked.where(models.ReportRow.audience.in_(audience.knows))
    if evaluation is not None:
        asked = asked.join(models.Release).where(models.Release.evaluation_id == evaluation)
        return asked.where(gives_numbers())
    return asked.where(gives_numbers() if ever else is_known())


def _report(row: models.ReportRow, practices: tuple[str, ...]) -> Report:
    return Report(
        measure=row.measure_url,
        measure_version=row.measure_version,
        period=(row.period_start.isoformat(), row.period_end.isoformat()),
        reference_date=row.as_of.isoformat(),
        extract_date=row.data_date.isoformat(),
        reporter=row.organisation or row.reporter_id,
        practices=practices,
        rounding=POLICIES.get(row.release.policy_id, SMALL_NUMBERS),
        source=f"{row.identifier}/{row.version}",
        edition=row.release.evaluation_id,
        tells_totals=row.release.policy_id in TELLING_TOTALS,
    )


def told_of(reports: Sequence[Report], cells: CellColumns) -> Told:
    """What reports tell by their cells."""
    states = np.array([state_of(*word) for word in cells.words] or [State.WITHHELD], dtype=np.int32)
    names = [Name(*name) for name in cells.names]
    report, name = _given_scores(names, cells)
    return Told(
        tuple(reports),
        tuple(names),
        np.concatenate((cells.report, report)),
        np.concatenate((cells.name, name)),
        np.concatenate((states[cells.word], np.full(len(report), State.SCORE_GIVEN, dtype=np.int32))),
        np.concatenate((cells.value, np.full(len(report), -1, dtype=np.int32))),
    )


def _given_scores(names: list[Name], cells: CellColumns) -> tuple[Ints, Ints]:
    """Report and name of each share that is given: those of denominators of which there is no word that it is not.

    Adds to `names` those of shares that are given everywhere.
    """
    places = {name: place for place, name in enumerate(names)}
    score_of = np.full(len(names), -1, dtype=np.int32)
    for name, place in list(places.items()):
        if name.population == "denominator":
            score = name._replace(population=SCORE)
            if score not in places:
                places[score] = len(names)
                names.append(score)
            score_of[place] = places[score]
    has = score_of[cells.name] >= 0
    given = cells.report[has].astype(np.int64) * len(names) + score_of[cells.name[has]]
    of_score = np.array([name.population == SCORE for name in names], dtype=np.bool_)[cells.name]
    absent = cells.report[of_score].astype(np.int64) * len(names) + cells.name[of_score]
    reports, scores = np.divmod(np.setdiff1d(given, absent), len(names))
    return reports.astype(np.int32), scores.astype(np.int32)

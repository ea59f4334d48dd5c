"""Where agreements are required nothing is released or sent without one of each practice, and that is said."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError
from hi_fhir.core.successions import Succession
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.publish import publish
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.store.agreements import NewAgreement, add_agreement, end_agreement
from hi_fhir.store.models import ReportRow
from hi_fhir.store.session import Store
from hi_fhir.store.successions import record_successions
from tests.support.evaluations import AREAS, write_evaluation
from tests.support.publishing import a_server, found
from tests.support.released import CLOCK

PRACTICES = sorted({area.practice_id for area in AREAS[:3]})


@pytest.fixture
def context(tmp_path: Path, store: Store) -> RunContext:
    config = Config(data_dir=tmp_path, agreements="required", tries=1)
    write_evaluation(tmp_path / "evaluations" / "now", measures=["sex-recorded"], areas=AREAS[:3], people=400, seed=1)
    return RunContext(config, CLOCK, opened=store)


def agree(store: Store, practices: list[str]) -> list[str]:
    with store.write() as session:
        return [
            add_agreement(
                session,
                NewAgreement(one, "QX1", (Audience.ICB,), "DES", "Article 6(1)(e)", "DPIA-1", date(2025, 4, 1)),
                CLOCK.at,
            )
            for one in practices
        ]


def released(context: RunContext, audience: str = "icb") -> ReportManifest:
    folder = context.config.data_dir
    return report(context, folder / "evaluations" / "now", Audience(audience), folder / "runs" / audience)


def test_who_has_to_agree_in_the_place_of_a_practice_that_ended_is_named(context: RunContext, store: Store) -> None:
    agree(store, PRACTICES)
    with store.write() as session:
        record_successions(session, [Succession(PRACTICES[0], "A99009", date(2025, 4, 2))], CLOCK.at)
    with pytest.raises(GateError, match=rf": {PRACTICES[0]}, in whose place A99009 agrees \(none\)"):
        released(context)
    agree(store, ["A99009"])
    assert released(context).paths


def test_without_an_agreement_of_one_practice_nothing_is_released_and_it_is_named(
    context: RunContext, store: Store
) -> None:
    agree(store, PRACTICES[1:])
    with pytest.raises(GateError, match=rf"of 3 practices 1 have no agreement .*: {PRACTICES[0]} \(none\)"):
        released(context)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(ReportRow)) == 0
    assert not (context.config.data_dir / "runs" / "icb").exists()


def test_a_practice_has_its_own_numbers_without_one(context: RunContext) -> None:
    assert released(context, "practice").reports


def test_an_agreement_for_another_audience_is_none(context: RunContext, store: Store) -> None:
    agree(store, PRACTICES)
    assert released(context).reports
    with pytest.raises(GateError, match="public audience"):
        released(context, "public")


def test_what_lapsed_since_is_not_sent(context: RunContext, store: Store) -> None:
    first, *_ = agree(store, PRACTICES)
    manifest = released(context)
    with a_server() as url:
        with store.write() as session:
            end_agreement(session, first, CLOCK.at)
        with pytest.raises(GateError, match=rf"{PRACTICES[0]} \(lapsed on 2025-04-02\)"):
            publish(context, manifest, url)
        assert found(url, "MeasureReport") == []
        agree(store, PRACTICES[:1])
        assert publish(context, manifest, url).sent == len(manifest.reports)


def test_where_they_are_not_required_nobody_is_asked(context: RunContext, store: Store) -> None:
    config = replace(context.config, agreements="not-required")
    assert released(RunContext(config, CLOCK, opened=store)).reports

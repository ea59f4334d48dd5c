"""What was released before counts: the same again, corrections as new versions, and what a decision knows by it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from hi_fhir.core.config import Config
from hi_fhir.core.errors import BusyError, GateError
from hi_fhir.core.files import read_json
from hi_fhir.disclosure.counts import ExactCounts
from hi_fhir.disclosure.policies import POLICIES, Policy
from hi_fhir.disclosure.published import Published
from hi_fhir.disclosure.release import ReleasedCounts
from hi_fhir.disclosure.release import release as decide
from hi_fhir.measures.evaluation import (
    SnapshotReference,
    read_evaluation,
)
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.store import ledger
from hi_fhir.store.models import MeasureRow, OrganisationRow, Release, ReportRow
from hi_fhir.store.session import Store, open_store
from tests.support.evaluations import AREAS, write_evaluation
from tests.support.reported import AT, LATER, change_evaluation, contents, release, rows, told
from tests.support.reporting import count_of
from tests.support.unattacked import kept_unattacked


def test_the_same_again_gives_the_same_bytes_and_no_new_version(config: Config, store: Store, evaluation: Path) -> None:
    first = release(config, store, evaluation)
    before = contents(config.data_dir)
    assert release(config, store, evaluation, clock=LATER) == first
    assert contents(config.data_dir) == before
    assert {one.version for one in first.reports} == {1}
    assert (rows(store, ReportRow), rows(store, MeasureRow), rows(store, OrganisationRow)) == (9, 1, 9)
    assert rows(store, Release) == 9


def test_a_fresh_store_makes_the_same_bytes(
    config: Config, store: Store, evaluation: Path, new_store: Callable[[], str]
) -> None:
    first = release(config, store, evaluation)
    other = open_store(new_store())
    assert release(config, other, evaluation, clock=LATER) == first
    other.close()


def test_a_correction_is_a_new_version_and_the_ledger_keeps_both(
    config: Config, store: Store, evaluation: Path
) -> None:
    release(config, store, evaluation)
    corrected = evaluation.parent / "e2"
    write_evaluation(corrected, measures=["ethnicity-recorded"], seed=2)
    manifest = release(config, store, corrected, clock=LATER)
    assert {one.version for one in manifest.reports} == {2}
    with store.read() as session:
        assert len(ledger.released_versions(session, ["icb"])) == 18
        digests = set(session.scalars(select(Release.published)))
    assert len(digests) == 2


def test_newer_data_is_the_next_version_and_older_data_does_not_come_after_it(
    config: Config, store: Store, evaluation: Path
) -> None:
    first = release(config, store, evaluation)
    newer = evaluation.parent / "e2"
    write_evaluation(newer, measures=["ethnicity-recorded"])
    day = date(2025, 5, 2)
    change_evaluation(newer, data_date=day, snapshots=[SnapshotReference("main", "fedcba9876543210", day)])

    second = release(config, store, newer, clock=LATER)

    assert [one.identifier for one in second.reports] == [one.identifier for one in first.reports]
    assert {one.version for one in second.reports} == {2}
    assert {read_json(Path(path))["date"] for path in second.paths} == {"2025-05-02"}
    with pytest.raises(GateError, match=r"9 reports were .* \(the extract date of main 2025-05-02, here 2025-04-02\)"):
        release(config, store, evaluation, clock=LATER)
    assert rows(store, ReportRow) == 18
    assert release(config, store, evaluation, "public").reports[0].version == 1


def test_an_earlier_as_of_day_does_not_come_after_a_later_one(config: Config, store: Store, evaluation: Path) -> None:
    release(config, store, evaluation)
    change_evaluation(evaluation, as_of=date(2025, 1, 31))

    with pytest.raises(
        GateError, match=r"the reference date 2025-03-31, here 2025-01-31\b.* give a period that ends on it"
    ):
        release(config, store, evaluation)


def test_a_decision_knows_what_all_above_the_practice_were_given_but_its_own(
    config: Config, store: Store, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = config.data_dir / "evaluations" / "other"
    write_evaluation(other, measures=["ethnicity-recorded"], seed=2)
    given = [release(config, store, other, audience) for audience in ("pcn", "public", "practice")][:2]
    [group] = read_json(Path(given[0].reports[0].path))["group"]
    told = count_of(group, "denominator")
    release(config, store, evaluation)
    seen: list[Published] = []

    def reading(counts: ExactCounts, policy: Policy, published: Published) -> ReleasedCounts:
        seen.append(published)
        return decide(counts, policy, published)

    monkeypatch.setattr("hi_fhir.pipeline.giving.release", reading)
    release(config, store, evaluation, "pcn")
    [known] = seen
    assert len(known.reports) == sum(len(manifest.reports) for manifest in given)
    assert {one.evaluation for one in known.reports} == {read_evaluation(other).id}
    assert len(known.versions) > len(known.reports)
    whole = {
        known.cells.names[name][2]: value
        for report, name, value in zip(*(known.cells[2], known.cells.name, known.cells.value), strict=True)
        if report == 0 and known.cells.names[name][0] == "all"
    }
    assert whole["denominator"] == told


def test_what_was_decided_before_others_released_is_decided_anew(
    config: Config, store: Store, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisions: list[int] = []

    def decided_slowly(counts: ExactCounts, policy: Policy, published: Published) -> ReleasedCounts:
        decisions.append(len(published.versions))
        if len(decisions) == 1:
            report(RunContext(config, AT, opened=store), evaluation, "public", config.data_dir / "runs" / "2")
        return decide(counts, policy, published)

    monkeypatch.setattr("hi_fhir.pipeline.giving.release", decided_slowly)
    assert {one.version for one in release(config, store, evaluation).reports} == {1}
    assert decisions == [0, 0, 9]


def test_a_release_that_others_are_always_ahead_of_gives_up(
    config: Config, store: Store, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = iter(range(100))
    monkeypatch.setattr("hi_fhir.pipeline.giving.ledger.newest_version", lambda *_: next(seen))
    with pytest.raises(BusyError, match="at the same time"):
        release(config, store, evaluation)
    assert rows(store, ReportRow) == 0


def test_another_audience_has_reports_of_its_own(config: Config, store: Store, evaluation: Path) -> None:
    icb, public = release(config, store, evaluation), release(config, store, evaluation, "public")
    assert not {one.identifier for one in icb.reports} & {one.identifier for one in public.reports}
    assert all(Path(path).exists() for path in (*icb.paths, *public.paths))


def test_a_count_is_told_to_every_audience_above_the_practice_or_to_none(
    config: Config, store: Store, evaluation: Path
) -> None:
    """A network has its board's reports too: what is held back in one of them stands in none of the others."""
    icb, pcn = (told(release(config, store, evaluation, audience)) for audience in ("icb", "pcn"))
    assert icb.keys() > pcn.keys()
    assert any("protects-others" in str(groups) for groups in pcn.values())
    assert pcn == {key: icb[key] for key in pcn}


def test_a_release_comes_out_the_same_again_whoever_else_it_went_to(
    config: Config, store: Store, tmp_path: Path
) -> None:
    """Also where another evaluation of the same days went before, which it had to reckon with and which is gone."""
    other, evaluation = tmp_path / "other", tmp_path / "small"
    write_evaluation(other, measures=["ethnicity-recorded"], areas=AREAS[:2], people=61)
    write_evaluation(evaluation, measures=["ethnicity-recorded"], areas=AREAS[:2])
    release(config, store, other)
    first = {audience: told(release(config, store, evaluation, audience)) for audience in ("pcn", "icb", "public")}
    kept = rows(store, ReportRow)
    again = {audience: told(release(config, store, evaluation, audience)) for audience in ("public", "pcn", "icb")}
    assert again == first
    assert rows(store, ReportRow) == kept
    assert first["pcn"] == {key: first["icb"][key] for key in first["pcn"]}


def test_small_counts_that_were_given_away_before_are_told_of(
    config: Config, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a policy of before, which held nothing back."""
    evaluation = tmp_path / "evaluations" / "small"
    write_evaluation(evaluation, measures=["ethnicity-recorded"], areas=AREAS[:2])
    policy = replace(POLICIES["icb"], id="icb-primary", fewest=None)
    with monkeypatch.context() as patch, kept_unattacked():
        patch.setattr("hi_fhir.pipeline.giving.policies", lambda _: {**POLICIES, "icb": policy})
        assert release(config, store, evaluation).already_known == 0
    manifest = release(config, store, evaluation, "pcn")
    assert manifest.already_known > 0
    assert release(config, store, evaluation, "pcn") == manifest

"""Nothing is kept, and so nothing sent, of which a small count can be worked out that could not be before."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scipy.optimize import Bounds
from sqlalchemy import func, select

from hi_fhir.attack.exact.programme import Programme, Reals, Solved
from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.release import release as decide
from hi_fhir.pipeline.attacked import check_kept
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.publish import publish
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.pipeline.retract import lift, retract
from hi_fhir.store.models import ReportRow
from hi_fhir.store.notices import Notice
from hi_fhir.store.session import Store
from hi_fhir.store.withdrawing import ReportChoice
from tests.support.evaluations import AREAS, an_area, write_corrected, write_evaluation
from tests.support.unattacked import kept_unattacked

AT = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))


@pytest.fixture
def config(tmp_path: Path, store_url: str) -> Config:
    return Config(data_dir=tmp_path, store_url=store_url, release_check=2)


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    folder = tmp_path / "evaluations" / "e1"
    write_evaluation(folder, measures=["ethnicity-recorded"], areas=AREAS[:2])
    return folder


class Releasing:
    """A deployment that may be told to hold nothing back."""

    def __init__(self, config: Config, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.context = RunContext(config, AT, opened=store)
        self._monkeypatch = monkeypatch

    def __call__(self, evaluation: Path, audience: str = "icb", **policy: object) -> ReportManifest:
        changed = {one: replace(own, **policy) for one, own in POLICIES.items()}
        with self._monkeypatch.context() as patch:
            patch.setattr("hi_fhir.pipeline.giving.policies", lambda _: changed)
            return report(self.context, evaluation, audience, self.context.config.data_dir / "runs" / "1")


@pytest.fixture
def release(config: Config, store: Store, monkeypatch: pytest.MonkeyPatch) -> Releasing:
    return Releasing(config, store, monkeypatch)


def rows(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(ReportRow))


def forgetful() -> AbstractContextManager[None]:
    """Decisions within are made as if nothing had been released."""
    return patched("hi_fhir.pipeline.published.earlier_rows", lambda *_: [])


@contextmanager
def naive() -> Iterator[None]:
    """Decisions within are made, anew, as if nobody knew more than is told."""
    insiders = patched("hi_fhir.disclosure.suppression.deciding.insiders", lambda *_: iter(()))
    with insiders, patched("hi_fhir.pipeline.giving.release", decide):
        yield


@contextmanager
def patched(target: str, replacement: object) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, replacement)
        yield


def test_a_release_that_holds_nothing_back_is_not_kept_and_what_it_gives_away_is_named(
    release: Releasing, evaluation: Path
) -> None:
    told = r"small counts can be worked out .* Nothing is kept, nor given to anybody\. For example:\n.* since\n .* = .*"
    with pytest.raises(GateError, match=told):
        release(evaluation, fewest=None)
    assert rows(release.context.store) == 0
    assert not (release.context.config.data_dir / "runs").exists()


def test_a_release_that_is_protected_is_kept_and_not_attacked_again_as_it_is_sent(
    release: Releasing, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [release(evaluation), release(evaluation, "public")]
    assert all(manifest.attack.masked for manifest in kept)
    monkeypatch.setattr("hi_fhir.pipeline.attacked._attacked", lambda *_: pytest.fail("attacked again"))
    assert [check_kept(release.context, manifest) for manifest in kept] == [0, 0]
    assert release(evaluation) == kept[0]


def test_a_release_of_before_is_attacked_as_it_is_sent_and_once(
    release: Releasing, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_unattacked():
        assert release(evaluation).attack is None
    manifest = release(evaluation)
    assert manifest.attack is None
    assert check_kept(release.context, manifest) == 0
    monkeypatch.setattr("hi_fhir.pipeline.attacked._attacked", lambda *_: pytest.fail("attacked again"))
    assert check_kept(release.context, manifest) == 0
    assert release(evaluation).attack.masked > 0


def test_a_release_of_before_that_gives_something_away_is_not_sent(release: Releasing, evaluation: Path) -> None:
    with kept_unattacked():
        manifest = release(evaluation, fewest=None)
    with pytest.raises(GateError, match=r"small counts can be worked out .* Nothing is sent\."):
        publish(release.context, manifest, "http://127.0.0.1:9/fhir")


def test_a_release_by_which_a_practice_learns_another_s_counts_is_refused_with_who_and_what(
    release: Releasing, evaluation: Path
) -> None:
    told = r"2 practices, each.* For example A99001:\nethnicity-recorded, .* is \d.*, since\n .* = .*"
    with naive(), pytest.raises(GateError, match=told):
        release(evaluation)
    assert rows(release.context.store) == 0


def test_what_a_practice_could_learn_before_is_counted_and_refuses_nothing(
    release: Releasing, evaluation: Path
) -> None:
    with naive(), kept_unattacked():
        release(evaluation, "pcn", id="icb-primary")
    assert release(evaluation).attack.known_before > 0


def test_what_was_given_away_before_is_counted_and_refuses_nothing(release: Releasing, evaluation: Path) -> None:
    """By another policy, for another audience, of the same people."""
    with kept_unattacked():
        release(evaluation, "pcn", fewest=None, id="icb-primary")
    manifest = release(evaluation)
    assert manifest.attack.known_before > 0
    assert check_kept(release.context, manifest) == manifest.attack.known_before


def test_a_release_is_attacked_together_with_what_was_released_before(release: Releasing, evaluation: Path) -> None:
    """A practice left its network. Decided as if the first release were not there, the two give something away."""
    first, later = evaluation.parent / "e2", evaluation.parent / "e3"
    three = [an_area(one) for one in ("A99001", "A99002", "A99003")]
    write_evaluation(first, measures=["ethnicity-recorded"], areas=three)
    write_evaluation(later, measures=["ethnicity-recorded"], areas=[*three[:2], an_area("A99003", "U99009")])
    release(first)
    before = rows(release.context.store)
    with forgetful(), pytest.raises(GateError):
        release(later)
    assert rows(release.context.store) == before


def test_a_release_that_reckons_with_what_was_released_before_is_kept(release: Releasing, evaluation: Path) -> None:
    later = evaluation.parent / "e2"
    write_evaluation(later, measures=["ethnicity-recorded"], areas=[AREAS[0], an_area("A99002", "U99009")])
    release(evaluation)
    assert release(later).attack.known_before == 0


def test_what_a_refusal_takes_is_bounded_however_many_counts_can_be_worked_out(
    release: Releasing, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts of two measures, made up each by itself, contradict each other: hundreds seem to be worked out."""
    write_evaluation(evaluation, areas=AREAS[:2], people=3)
    asked: list[int | None] = []
    least = Programme.least

    def counted(self: Programme, weights: Reals, ends: Bounds, limit_s: float) -> Solved:
        asked.append(self.nodes)
        return least(self, weights, ends, limit_s)

    monkeypatch.setattr(Programme, "least", counted)
    with pytest.raises(GateError, match=r"\d{3} small counts can be worked out"):
        release(evaluation)
    assert 0 < len(asked) < 150
    assert None not in asked


def test_a_practice_s_own_reports_are_not_attacked(
    release: Releasing, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hi_fhir.pipeline.attacked._attacked", lambda *_: pytest.fail("attacked"))
    assert check_kept(release.context, release(evaluation, "practice")) == 0


def test_what_is_given_again_after_a_withdrawal_is_attacked_and_a_withdrawal_tells_nothing(
    release: Releasing, evaluation: Path
) -> None:
    first = release(evaluation)
    choice, notice = ReportChoice(evaluation=first.evaluation), Notice("wrong people", "the board")
    retract(release.context, choice, notice)
    stays = release(evaluation)
    assert (stays.withdrawn, stays.attack) == (len(first.reports), None)
    assert check_kept(release.context, stays) == 0
    lift(release.context, choice, Notice("right after all", "the board"))
    with pytest.raises(GateError):
        release(evaluation, fewest=None, version="0")
    again = release(evaluation)
    assert {one.version for one in again.reports} == {3}
    assert again.attack.seen == 2 * len(first.reports)
    assert again.attack.known_before == 0


@pytest.mark.parametrize("stratifier", ["sex", "age-band"])
def test_a_correction_of_one_person_is_sent_and_changes_what_it_is_counted_in_alone(
    release: Releasing, tmp_path: Path, stratifier: str
) -> None:
    first, later = (tmp_path / "evaluations" / name for name in ("e1", "e2"))
    write_evaluation(first, measures=["ethnicity-recorded"], areas=AREAS[:4])
    was, is_now = {"sex": ("unknown", "male"), "age-band": ("40-64", "80+")}[stratifier]
    write_corrected(later, first, "A99001", stratifier, was, is_now)

    before, after = release(first), release(later)

    assert check_kept(release.context, after) == 0
    changed = {one.reporter for one, old in zip(after.reports, before.reports, strict=True) if one.sha256 != old.sha256}
    assert {"A99001"} <= changed <= {"A99001", "U99001", "QZ1"}


def test_a_correction_that_is_decided_as_if_nothing_had_been_told_is_refused(
    release: Releasing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That 8 are in the numerator now tells whoever knows that one came that there were 7."""
    first, later = (tmp_path / "evaluations" / name for name in ("e1", "e2"))
    write_evaluation(first, measures=["ethnicity-recorded"], areas=AREAS[:4])
    write_corrected(later, first, "A99001", "sex", "unknown", "male")
    release(first)
    monkeypatch.setattr("hi_fhir.pipeline.published.earlier_rows", lambda *_: [])
    with pytest.raises(GateError):
        release(later)

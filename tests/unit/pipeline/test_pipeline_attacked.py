"""Nothing is sent of which a small count can be worked out that could not be before."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.pipeline.attacked import check_release
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.publish import publish
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.store.session import Store
from tests.support.evaluations import AREAS, an_area, write_evaluation

AT = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))


@pytest.fixture
def config(tmp_path: Path, store_url: str) -> Config:
    return Config(data_dir=tmp_path, store_url=store_url, publish_check=2)


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


def test_a_release_that_holds_nothing_back_is_refused_with_what_it_gives_away(
    release: Releasing, evaluation: Path
) -> None:
    manifest = release(evaluation, fewest=None)
    with pytest.raises(GateError, match=r"small counts can be worked out.*since\n .*=.*\n.*Nothing|Nothing is sent"):
        publish(release.context, manifest, "http://127.0.0.1:9/fhir")


def test_a_release_that_is_protected_is_not(release: Releasing, evaluation: Path) -> None:
    assert check_release(release.context, release(evaluation)) == 0
    assert check_release(release.context, release(evaluation, "public")) == 0


def test_a_release_by_which_a_practice_learns_another_s_counts_is_refused_with_who_and_what(
    release: Releasing, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decided as if nobody knew more than is told."""
    with monkeypatch.context() as patch:
        patch.setattr("hi_fhir.disclosure.suppression.deciding.insiders", lambda *_: iter(()))
        manifest = release(evaluation)
    with pytest.raises(GateError, match=r"2 practices, each.* For example A99001:\nethnicity-recorded, .* is \d"):
        publish(release.context, manifest, "http://127.0.0.1:9/fhir")


def test_what_a_practice_could_learn_before_is_counted_and_refuses_nothing(
    release: Releasing, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("hi_fhir.disclosure.suppression.deciding.insiders", lambda *_: iter(()))
        release(evaluation, "pcn", id="icb-primary")
    assert check_release(release.context, release(evaluation)) > 0


def test_what_was_given_away_before_is_counted_and_refuses_nothing(release: Releasing, evaluation: Path) -> None:
    """By another policy, for another audience, of the same people."""
    release(evaluation, "pcn", fewest=None, id="icb-primary")
    assert check_release(release.context, release(evaluation)) > 0


def test_a_release_is_attacked_together_with_what_was_released_before(
    release: Releasing, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A practice left its network. Decided as if the first release were not there, the two give something away."""
    first, later = evaluation.parent / "e2", evaluation.parent / "e3"
    three = [an_area(one) for one in ("A99001", "A99002", "A99003")]
    write_evaluation(first, measures=["ethnicity-recorded"], areas=three)
    write_evaluation(later, measures=["ethnicity-recorded"], areas=[*three[:2], an_area("A99003", "U99009")])
    release(first)
    with monkeypatch.context() as patch:
        patch.setattr("hi_fhir.pipeline.published.earlier_rows", lambda *_: [])
        forgetful = release(later)
    with pytest.raises(GateError):
        check_release(release.context, forgetful)


def test_a_release_that_reckons_with_what_was_released_before_is_not_refused(
    release: Releasing, evaluation: Path
) -> None:
    later = evaluation.parent / "e2"
    write_evaluation(later, measures=["ethnicity-recorded"], areas=[AREAS[0], an_area("A99002", "U99009")])
    release(evaluation)
    assert check_release(release.context, release(later)) == 0


def test_a_practice_s_own_reports_are_not_attacked(release: Releasing, evaluation: Path) -> None:
    assert check_release(release.context, release(evaluation, "practice")) == 0

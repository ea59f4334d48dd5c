"""A practice is not counted apart in one release of a day and within who follows it in another."""

from collections.abc import Sequence
from datetime import date

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError
from hi_fhir.core.successions import Succession
from hi_fhir.pipeline import published as pipeline_published
from hi_fhir.pipeline.apart import check_apart
from hi_fhir.pipeline.published import ABOVE_PRACTICE, published
from hi_fhir.store.earlier import EarlierRow
from hi_fhir.store.session import Store
from hi_fhir.store.successions import record_successions
from tests.support.evaluations import an_area, an_evaluation
from tests.support.histories import CLOCK

MERGED = date(2026, 4, 1)
ONE = Succession("A99001", "A99003", MERGED)
DIVIDED = [ONE, Succession("A99001", "A99004", MERGED)]
BOTH, REST = ("A99001", "A99003", "A99005"), ("A99003", "A99005")


def check(store: Store, now: Sequence[str], then: Sequence[str], *known: Succession) -> None:
    evaluation = an_evaluation([], [an_area(practice) for practice in now])
    row = EarlierRow(1, "e0", "https://x.example/Measure/m", "1", "QZ1", MERGED, MERGED, tuple(then))
    with store.write() as session:
        record_successions(session, known, CLOCK.at)
        check_apart(session, evaluation, [row])


@pytest.mark.parametrize(
    ("now", "then", "whose"), [(REST, BOTH, "evaluation e0"), (BOTH, REST, "this one")], ids=["later", "earlier"]
)
@pytest.mark.parametrize("known", [[ONE], DIVIDED], ids=["in one", "in one of several"])
def test_it_is_refused_whichever_comes_first(
    store: Store, now: Sequence[str], then: Sequence[str], whose: str, known: list[Succession]
) -> None:
    with pytest.raises(GateError, match=rf"practice A99001 is counted by itself in {whose}, .* those of A99003"):
        check(store, now, then, *known)


@pytest.mark.parametrize(
    ("now", "then", "known"),
    [
        (BOTH, BOTH, [ONE]),
        (REST, REST, [ONE]),
        (REST, BOTH, []),
        (("A99005",), BOTH, [ONE]),
        (REST, BOTH, [Succession("A99001", "A99009", MERGED)]),
    ],
    ids=["apart", "together", "not known", "neither is there", "its successor is not there"],
)
def test_else_it_is_not(store: Store, now: Sequence[str], then: Sequence[str], known: list[Succession]) -> None:
    check(store, now, then, *known)


def test_a_decision_about_a_release_is_not_begun_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    row = EarlierRow(1, "e0", "https://x.example/Measure/m", "1", "QZ1", MERGED, MERGED, BOTH)
    monkeypatch.setattr(pipeline_published, "earlier_rows", lambda *_: [row])
    evaluation = an_evaluation([], [an_area(practice) for practice in REST])
    with store.write() as session:
        record_successions(session, [ONE], CLOCK.at)
        for audience in ABOVE_PRACTICE:
            with pytest.raises(GateError, match="A99001 is counted by itself"):
                published(session, audience, [], evaluation, [], Config())

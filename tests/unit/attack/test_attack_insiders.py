"""What a practice works out that knows its own people: from few counts at a time, the same as from all at once."""

from datetime import date
from pathlib import Path

import pytest

from hi_fhir.attack.findings import Recovered
from hi_fhir.attack.given_away import GivenAway, given_away
from hi_fhir.attack.reading.ledger import read_ledger
from hi_fhir.core.audiences import Audience
from hi_fhir.core.progress import Silent
from hi_fhir.measures.evaluation import read_evaluation
from hi_fhir.pipeline.counted import read_counts
from hi_fhir.store.session import Store
from tests.support.histories import History
from tests.support.unattacked import kept_unattacked

HOMES = {"A99001": ("U99001", "QZ1"), "A99002": ("U99001", "QZ1"), "A99003": ("U99002", "QZ1")}
PEOPLE = {"A99001": 60, "A99002": 67, "A99003": 74}
DAY = date(2026, 3, 31)


@pytest.fixture
def history(store: Store, tmp_path: Path) -> History:
    return History(store, tmp_path, PEOPLE)


@pytest.fixture
def evaluation(history: History, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Released to networks as if no practice knew its own people, and to each practice."""
    folder = history.evaluate(HOMES, DAY)
    with monkeypatch.context() as patch, kept_unattacked():
        patch.setattr("hi_fhir.disclosure.suppression.deciding.insiders", lambda *_: iter(()))
        history.release(folder, "pcn", "practice")
    return folder


def attacked(history: History, evaluation: Path) -> GivenAway:
    with history.store.read() as session:
        told = read_ledger(session, Audience.PCN, ever=True)
    exact = {evaluation.name: read_counts(evaluation, read_evaluation(evaluation))}
    return given_away(told, range(len(told.reports)), exact, 0, Silent())


def names(recovered: tuple[Recovered, ...]) -> set[tuple[object, ...]]:
    return {(one.report.source, one.name, one.low, one.high) for one in recovered}


def test_each_practice_works_out_what_it_does_in_an_attack_of_its_own(history: History, evaluation: Path) -> None:
    found = {one.practice: one for one in attacked(history, evaluation).insiders}
    assert set(found) == {"A99001", "A99002"}, "of a network of one there is nothing to learn"
    for practice in HOMES:
        own = names(found[practice].recovered) if practice in found else set()
        assert own == names(history.attacked("pcn", knows=[practice]).recovered)


def test_a_release_that_reckons_with_practices_gives_them_nothing(history: History) -> None:
    folder = history.evaluate(HOMES, DAY)
    history.release(folder, "pcn")
    assert attacked(history, folder).insiders == ()

"""Totals that a policy tells exactly, in a store: what is known by them is known, and nothing more is given away."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hi_fhir.attack.given_away import given_away
from hi_fhir.attack.reading.definitions import same_people
from hi_fhir.attack.reading.ledger import read_ledger
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import GateError
from hi_fhir.core.progress import Silent
from hi_fhir.disclosure.suppression import suppress
from hi_fhir.measures.evaluation import read_evaluation
from hi_fhir.pipeline.counted import read_counts
from hi_fhir.store.session import open_store
from tests.support.histories import History
from tests.support.unattacked import kept_unattacked

HOMES = {
    "A99001": ("U99001", "QZ1"),
    "A99002": ("U99001", "QZ1"),
    "A99003": ("U99001", "QZ1"),
    "A99004": ("U99002", "QZ1"),
    "A99005": ("U99002", "QZ1"),
}
DAY = date(2026, 3, 31)
LEARNING = "learning-disability-health-check"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    store = open_store(tmp_path / "store.sqlite")
    people = {practice: 45 + 9 * number for number, practice in enumerate(HOMES)}
    yield History(store, tmp_path, people, measures=(LEARNING,), policy="contract-totals")
    store.close()


def exactly_told(history: History, audience: str) -> set[str]:
    """Reporters whose totals are told as they are, and are no zeros."""
    with history.store.read() as session:
        told = read_ledger(session, Audience(audience), ever=True)
    cells = zip(told.report.tolist(), told.name.tolist(), told.state.tolist(), told.value.tolist(), strict=True)
    return {told.reports[one].reporter for one, name, state, value in cells if state == 0 and value > 0}


@pytest.mark.slow
def test_a_release_by_contract_totals_names_its_policy_and_gives_nothing_else_away(history: History) -> None:
    folder = history.evaluate(HOMES, DAY)
    manifests = history.release(folder, "pcn", "icb", "public", "practice")
    named = [one.policy for one in manifests]
    assert named == ["pcn-contract-totals 4", "icb-contract-totals 4", "public-contract-totals 4", "practice-exact 3"]
    assert exactly_told(history, "pcn") == {"U99001", "U99002", "QZ1"}
    assert exactly_told(history, "public") == set()
    for audience in ("pcn", "icb", "public"):
        assert history.attacked(audience).recovered == ()
        assert all(history.attacked(audience, knows=[one]).recovered == () for one in HOMES)


def given(history: History, folder: Path) -> int:
    """How many small counts the check before sending finds, as everybody and as each practice."""
    with history.store.read() as session:
        told = read_ledger(session, Audience.PCN, ever=True)
    told = replace(told, same=same_people(told.reports))
    exact = {folder.name: read_counts(folder, read_evaluation(folder))}
    found = given_away(told, range(len(told.reports)), exact, 0, Silent())
    return len(found.recovered) + sum(len(one.recovered) for one in found.insiders)


def test_the_check_before_sending_takes_totals_for_known(history: History) -> None:
    folder = history.evaluate(HOMES, DAY)
    history.release(folder, "pcn", "public")
    assert given(history, folder) == 0


def test_the_check_before_sending_sees_what_a_decision_without_totals_gives_away(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = history.evaluate(HOMES, DAY)
    monkeypatch.setattr(suppress, "_flags", lambda network, _: network.values < 0)
    with pytest.raises(GateError, match=r"small counts .* Nothing is kept"):
        history.release(folder, "pcn")
    with kept_unattacked():
        history.release(folder, "pcn")
    assert given(history, folder) > 0


@pytest.mark.slow
def test_what_was_told_exactly_stays_known_when_no_total_is_any_more(history: History) -> None:
    folder = history.evaluate(HOMES, DAY)
    history.release(folder, "pcn", "icb", "public")
    history.policy = "suppressed"
    history.release(folder, "pcn", "icb", "public")
    assert history.attacked("pcn").recovered == ()

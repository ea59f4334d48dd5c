"""How a practice's own records reconcile, counted on its own page about the data, and for nobody else."""

from pathlib import Path

import pytest

from hi_fhir.core.audiences import Audience
from hi_fhir.measures.evaluation import SnapshotReference
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.tables.reconcile import Reconciliation
from tests.support.paging import CLOCK, PageText, release_for_pages, site_of
from tests.support.snapshots import commit_snapshot

OWN, OTHER = "A99001", "A99002"
DAY = CLOCK.now().date()
COUNTS = {
    "Patient": Reconciliation(received=400, kept=400),
    "Observation": Reconciliation(received=1_206, kept=1_180, superseded=12, deleted=6, out_of_scope=3, quarantined=5),
}
READER = Reader(Audience.PRACTICE, {OWN})


def release(
    data_dir: Path,
    store: Store,
    owners: dict[str, str | None],
    audience: Audience = Audience.PRACTICE,
    counts: dict[str, Reconciliation] = COUNTS,
) -> None:
    """owners: source to the practice whose own it is declared to be."""
    for source, owner in owners.items():
        commit_snapshot(data_dir / "sources" / source / "snapshots" / "one", source=source, practice=owner)
    release_for_pages(
        data_dir,
        store,
        ["ethnicity-recorded"],
        audience,
        snapshots=[SnapshotReference(source, "one", DAY) for source in owners],
        reconciliation=dict.fromkeys(owners, counts),
        quarantine={source: {"Observation": {"bad-date": 2, "not-json": 3}} for source in owners},
    )


def rows(data_dir: Path, store: Store, reader: Reader, code: str = OWN) -> list[list[str]]:
    response = site_of(store, reader, data_dir).test_client().get(f"/areas/{code}/about")
    assert response.status_code == 200, response.text
    return PageText(response.text).rows


def is_counted(told: list[list[str]]) -> bool:
    return any("Received" in row for row in told)


def test_a_practice_is_told_exactly_what_became_of_its_records(tmp_path: Path, store: Store) -> None:
    release(tmp_path, store, {"surgery": OWN})
    told = rows(tmp_path, store, READER)
    assert ["Type", "Received", "Kept", "Replaced", "Deleted", "Not asked for", "In quarantine"] in told
    assert ["Observation", "1,206", "1,180", "12", "6", "3", "5"] in told
    assert ["Observation: bad date", "2"] in told
    assert ["Observation: not json", "3"] in told


def test_several_sources_of_its_own_are_told_each(tmp_path: Path, store: Store) -> None:
    release(tmp_path, store, {"surgery": OWN, "branch": OWN})
    response = site_of(store, READER, tmp_path).test_client().get(f"/areas/{OWN}/about")
    told = PageText(response.text)
    assert [row for row in told.rows if row[0] == "Patient"] == [["Patient", "400", "400", "0", "0", "0", "0"]] * 2
    assert "Source branch" in told.text
    assert "Source surgery" in told.text


def test_records_carried_forward_are_told_where_there_are_any(tmp_path: Path, store: Store) -> None:
    release(tmp_path, store, {"surgery": OWN}, counts={"Patient": Reconciliation(carried=3, received=1, kept=4)})
    assert ["Patient", "3", "1", "4", "0", "0", "0", "0"] in rows(tmp_path, store, READER)


@pytest.mark.parametrize("owners", [{"main": None}, {"surgery": OWN, "main": None}, {"surgery": OWN, "next": OTHER}])
def test_nothing_is_counted_where_others_may_be_among_the_records(
    tmp_path: Path, store: Store, owners: dict[str, str | None]
) -> None:
    release(tmp_path, store, owners)
    told = rows(tmp_path, store, READER)
    assert not is_counted(told)
    assert ["Observation: not json", "masked"] in told


@pytest.mark.parametrize("audience", [Audience.PCN, Audience.ICB, Audience.PUBLIC])
def test_nobody_above_is_told_a_count(tmp_path: Path, store: Store, audience: Audience) -> None:
    for released in (Audience.PRACTICE, audience):
        release(tmp_path, store, {"surgery": OWN}, released)
    told = rows(tmp_path, store, Reader(audience))
    assert not is_counted(told)
    assert ["Observation: not json", "masked"] in told


def test_another_practice_is_told_nothing_of_it(tmp_path: Path, store: Store) -> None:
    release(tmp_path, store, {"surgery": OWN})
    assert not is_counted(rows(tmp_path, store, Reader(Audience.PRACTICE, {OTHER}), OTHER))
    other = site_of(store, Reader(Audience.PRACTICE, {OTHER}), tmp_path).test_client()
    assert other.get(f"/areas/{OWN}/about").status_code == 404


@pytest.mark.parametrize("gone", ["evaluations/now/evaluation.json", "sources/surgery/snapshots/one/snapshot.json"])
def test_what_is_not_there_any_more_is_not_counted(tmp_path: Path, store: Store, gone: str) -> None:
    release(tmp_path, store, {"surgery": OWN})
    assert is_counted(rows(tmp_path, store, READER))
    (tmp_path / gone).unlink()
    assert not is_counted(rows(tmp_path, store, READER))


def test_a_manifest_of_another_format_is_not_counted(tmp_path: Path, store: Store) -> None:
    release(tmp_path, store, {"surgery": OWN})
    (tmp_path / "evaluations" / "now" / "evaluation.json").write_text('{"format": 99}')
    assert not is_counted(rows(tmp_path, store, READER))

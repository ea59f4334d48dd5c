"""How far a source's types are understood."""

import pytest
from msgspec import structs

from hi_fhir.tables.reconcile import Reconciliation
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.snapshot import SnapshotManifest
from hi_fhir.tables.standing import TypeState, standings

TYPES = ("Condition", "EpisodeOfCare", "Encounter", "Observation", "Organization", "Patient", "Procedure")
TABLES = {"Condition": "condition", "Observation": "observation", "Procedure": "procedure", "Encounter": "encounter"}


def a_snapshot(
    kept: dict[str, int] | None = None, lost: dict[str, int] | None = None, not_offered: tuple[str, ...] = ()
) -> SnapshotManifest:
    """Of every type 100 records were kept and none lost, unless said otherwise."""
    counts = dict.fromkeys(TYPES, 100) | (kept or {})
    return SnapshotManifest(
        id="s",
        source_id="elm",
        schema_version=1,
        kernel_version=1,
        key_id="k",
        parents=(),
        pulls=(),
        data_date="2025-04-02",
        scope=Scope(types=dict.fromkeys(TYPES)),
        practice=None,
        tables={},
        rows={table: counts[type_] for type_, table in TABLES.items()},
        reconciliation={type_: Reconciliation(received=count, kept=count) for type_, count in counts.items()},
        quarantine={},
        dated_by={},
        not_offered=dict.fromkeys(not_offered, "its search is answered with 403"),
        lost={type_: {"wrong-type": count} for type_, count in (lost or {}).items()},
    )


def standing_of(type_: str, limit: float = 0.05, orphans: int = 0, **made: dict[str, int]) -> str:
    found = standings(a_snapshot(**made), {TABLES[type_]: orphans} if orphans else {}, limit)
    return next(one.standing for one in found if one.type == type_)


@pytest.mark.parametrize(
    ("kept", "lost", "standing"),
    [
        (100, 0, TypeState.UNDERSTOOD),
        (95, 5, TypeState.UNDERSTOOD),
        (94, 6, TypeState.OVER_LIMIT),
        (1, 1, TypeState.OVER_LIMIT),
        (0, 1, TypeState.NOT_UNDERSTOOD),
        (0, 0, TypeState.NOTHING),
    ],
)
def test_a_type_is_understood_while_no_more_than_the_limit_is_lost(kept: int, lost: int, standing: str) -> None:
    assert standing_of("Observation", kept={"Observation": kept}, lost={"Observation": lost}) == standing


def test_the_limit_is_the_deployments_own() -> None:
    assert standing_of("Observation", limit=0.5, lost={"Observation": 100}) == TypeState.UNDERSTOOD
    assert standing_of("Observation", limit=0.0, lost={"Observation": 1}) == TypeState.OVER_LIMIT


@pytest.mark.parametrize(("orphans", "standing"), [(99, TypeState.UNDERSTOOD), (100, TypeState.NOT_UNDERSTOOD)])
def test_records_that_are_all_of_nobody_here_are_not_understood(orphans: int, standing: str) -> None:
    assert standing_of("Observation", orphans=orphans) == standing


def test_a_source_needs_no_episodes() -> None:
    assert standings(a_snapshot(kept={"EpisodeOfCare": 0}), {}, 0.05)[2].standing == TypeState.UNDERSTOOD


def test_lines_that_do_not_tell_their_type_may_have_been_of_any() -> None:
    found = standings(a_snapshot(lost={"Resource": 100}), {}, 0.05)
    assert {one.standing for one in found} == {TypeState.OVER_LIMIT}
    assert {one.standing for one in standings(a_snapshot(lost={"Resource": 30}), {}, 0.05)} == {TypeState.UNDERSTOOD}


def test_lines_without_a_type_that_are_as_many_as_the_limit_allows_make_no_type_doubtful() -> None:
    assert {one.standing for one in standings(a_snapshot(lost={"Resource": 100}), {}, 0.125)} == {TypeState.UNDERSTOOD}


def test_a_type_that_was_asked_for_and_never_came_is_told_though_nothing_was_counted_of_it() -> None:
    silent = standings(structs.replace(a_snapshot(), reconciliation={}), {}, 0.05)
    assert {one.type for one in silent if one.standing == TypeState.NOTHING} == {"Patient", *TABLES}


def test_a_type_that_is_not_offered_says_why() -> None:
    found = standings(a_snapshot(kept={"Procedure": 0}, not_offered=("Procedure",)), {}, 0.05)
    assert str(found[-1]) == (
        "elm: Procedure is not offered, so what stands in it alone is not known (its search is answered with 403)"
    )

"""Whether the sources that state a person's ethnicity state the same."""

from datetime import date
from pathlib import Path

import pytest

from hi_fhir.terminology.systems import ETHNICITY_ENGLAND
from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder, nhs_key

WHITE_BRITISH, INDIAN, REFUSED = "92391000000108", "110751000000108", "763726001"
EARLIER, LATER = date(2015, 1, 1), date(2020, 1, 1)
CASES = {
    "extension and records agree": (["H"], [(INDIAN, LATER)], True),
    "extension and records differ": (["A"], [(INDIAN, LATER)], False),
    "only the latest of the records counts": (["H"], [(WHITE_BRITISH, EARLIER), (INDIAN, LATER)], True),
    "records of one day differ": (["A"], [(WHITE_BRITISH, LATER), (INDIAN, LATER)], False),
    "codings of one extension differ": (["A", "B"], [(WHITE_BRITISH, LATER)], False),
    "an extension alone": (["H"], [], None),
    "records alone are one source": ([], [(WHITE_BRITISH, LATER), (INDIAN, LATER)], None),
    "a refusal states no category": (["H"], [(REFUSED, LATER)], None),
    "not stated is no category": (["Z"], [(INDIAN, LATER)], None),
    "nothing": ([], [], None),
}


@pytest.fixture(scope="module")
def agreements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool | None]:
    main, ids = SnapshotBuilder(), {}
    for name, (extension, records, _) in CASES.items():
        ids[name] = main.patient(name)
        for letter in extension:
            main.ethnic_category(name, ETHNICITY_ENGLAND, letter)
        for code, day in records:
            main.observation(name, code, day)
    resolved = resolve_snapshots(tmp_path_factory.mktemp("agreement"), main)
    return {name: resolved[id_]["ethnicity_agrees"] for name, id_ in ids.items()}


@pytest.mark.parametrize("name", CASES)
def test_sources_that_state_a_category_agree_or_not(agreements: dict[str, bool | None], name: str) -> None:
    assert agreements[name] is CASES[name][2]


@pytest.mark.parametrize(("other", "agrees"), [("H", True), ("J", False), ("Z", None)])
def test_each_linked_patient_record_is_a_source(tmp_path: Path, other: str, agrees: bool | None) -> None:
    here, there = SnapshotBuilder("here"), SnapshotBuilder("there")
    for builder, letter in ((here, "H"), (there, other)):
        builder.patient("ann", nhs_key=nhs_key("ann"))
        builder.ethnic_category("ann", ETHNICITY_ENGLAND, letter)
    [person] = resolve_snapshots(tmp_path, here, there).people.values()
    assert person["ethnicity_agrees"] is agrees


def test_a_patient_record_that_was_merged_away_is_no_source(tmp_path: Path) -> None:
    main = SnapshotBuilder()
    main.patient("ann")
    main.patient("old")
    main.link("old", "ann")
    main.ethnic_category("ann", ETHNICITY_ENGLAND, "H")
    main.ethnic_category("old", ETHNICITY_ENGLAND, "J")
    [person] = resolve_snapshots(tmp_path, main).people.values()
    assert person["ethnicity_agrees"] is None

"""Whether the patient records of a person say one sex, and whether the birth date is known to the day."""

from datetime import date
from pathlib import Path

import pytest

from tests.support.resolving import resolve_snapshots
from tests.support.tables import SnapshotBuilder, nhs_key


@pytest.mark.parametrize(
    ("sexes", "agrees"),
    [
        (("female", "female"), True),
        (("female", "male"), False),
        (("other", "female"), False),
        (("female", "unknown"), None),
        (("unknown", "unknown"), None),
        (("female", "unknown", "female"), True),
        (("female",), None),
    ],
)
def test_each_linked_patient_record_that_says_a_sex_is_a_source(
    sexes: tuple[str, ...], agrees: bool | None, tmp_path: Path
) -> None:
    builders = [SnapshotBuilder(f"source-{number}") for number, _ in enumerate(sexes)]
    for builder, sex in zip(builders, sexes, strict=True):
        builder.patient("ann", nhs_key=nhs_key("ann"), sex=sex)
    [person] = resolve_snapshots(tmp_path, *builders).people.values()
    assert person["sex_agrees"] is agrees


def test_a_patient_record_that_was_merged_away_says_nothing(tmp_path: Path) -> None:
    main = SnapshotBuilder()
    main.patient("ann", sex="female")
    main.patient("old", sex="male")
    main.link("old", "ann")
    [person] = resolve_snapshots(tmp_path, main).people.values()
    assert person["sex_agrees"] is None


@pytest.mark.parametrize(
    ("first", "last", "exact"),
    [
        (date(1970, 6, 15), date(1970, 6, 15), True),
        (date(1970, 6, 1), date(1970, 6, 30), False),
        (date(1970, 1, 1), date(1970, 12, 31), False),
        (date(1, 1, 1), date(1, 1, 1), None),
        (None, None, None),
    ],
)
def test_a_birth_date_is_exact_where_it_is_one_day(
    first: date | None, last: date | None, exact: bool | None, tmp_path: Path
) -> None:
    main = SnapshotBuilder()
    main.patient("ann", birth_date=first, birth_date_last=last)
    [person] = resolve_snapshots(tmp_path, main).people.values()
    assert person["birth_date_exact"] is exact

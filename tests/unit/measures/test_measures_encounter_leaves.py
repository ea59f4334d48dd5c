"""Leaf rows of the type and the class of the latest encounter."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hi_fhir.measures import IN_PERIOD, Person, encounter, value_set
from hi_fhir.measures.words.events import EncounterClassIs, EncounterTypeCoded
from hi_fhir.measures.words.tree import leaves, value_sets_of
from tests.support.leafing import leaf_row, rows_of

VISIT, HOME = value_set("visit"), value_set("home")
MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)
MORNING, EVENING = datetime(2024, 6, 1, 8, tzinfo=UTC), datetime(2024, 6, 1, 18, tzinfo=UTC)
OF_TYPE, OF_CLASS = encounter(IN_PERIOD).with_coded_type(), encounter(IN_PERIOD).with_class(VISIT)


@pytest.mark.parametrize(
    ("leaf", "right", "wrong"),
    [
        (OF_TYPE, {"type_": "snomed"}, {"type_": "other", "class_": VISIT, "reason": True}),
        (OF_CLASS, {"class_": VISIT}, {"class_": "other", "type_": "snomed", "reason": True}),
        (OF_CLASS, {"class_": VISIT}, {"class_": HOME}),
        (OF_CLASS, {"class_": VISIT}, {"class_": "unreadable"}),
        (OF_CLASS, {"class_": VISIT}, {}),
    ],
)
def test_the_latest_decides_by_day_then_instant_and_among_equals_one_suffices(
    leaf: EncounterTypeCoded | EncounterClassIs, right: dict[str, object], wrong: dict[str, object], tmp_path: Path
) -> None:
    def decided(*visits: tuple[date, datetime | None, dict[str, object]]) -> tuple[object, ...]:
        person = Person()
        for on, at, kind in visits:
            person = person.encounter(on, at=at, **kind)
        row = leaf_row(tmp_path, leaf, person)
        assert row["low"] == row["high"]
        return row["low"], row["last_date"]

    assert decided((MAY, None, right), (JUNE, None, wrong)) == (0, JUNE)
    assert decided((MAY, None, wrong), (JUNE, None, right)) == (1, JUNE)
    assert decided((JUNE, MORNING, right), (JUNE, EVENING, wrong)) == (0, JUNE)
    assert decided((JUNE, None, wrong), (JUNE, MORNING, right)) == (1, JUNE)
    assert decided((JUNE, EVENING, wrong), (JUNE, EVENING, right)) == (1, JUNE)


def test_two_sets_of_classes_are_told_apart(tmp_path: Path) -> None:
    found = leaves([OF_CLASS, encounter(IN_PERIOD).with_class(HOME)])
    people = [Person().encounter(JUNE, class_=VISIT), Person().encounter(JUNE, class_=HOME)]

    rows = rows_of(tmp_path, found, people)

    assert [(row["leaf_id"], row["low"]) for row in rows] == [(0, 1), (1, 0), (0, 0), (1, 1)]
    assert [value_sets_of(leaf) for leaf in found] == [("visit",), ("home",)]


def test_who_has_no_encounter_has_no_row_and_a_reason_alone_is_not_read(tmp_path: Path) -> None:
    assert leaves([OF_TYPE, OF_CLASS]) == (OF_TYPE, OF_CLASS)
    assert rows_of(tmp_path, (OF_TYPE, OF_CLASS), [Person()]) == []

"""Records that no measure takes for what they say, where several words look for them."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from hi_fhir.engine.connect import connect
from hi_fhir.measures import EVER, Person, clinical_event, days, latest_of, months, observed, value_set
from hi_fhir.measures.dropped import REASONS, dropped_readings
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.tree import leaves
from hi_fhir.measures.worked import event_rows, example_codes
from hi_fhir.tables.schema import LINK
from tests.support.leafing import FRAME, TERMINOLOGY

SMOKING = value_set("smoking-status")


def dropped(folder: Path, person: Person, *several: Sequence[Word]) -> list[dict[str, dict[str, int]]]:
    """What is left out of this person's records, for each of several lists of words."""
    engine = connect(folder / "spill")
    observations = engine.keep("observation", event_rows([person])["Observation"])
    nobody = engine.keep("link", LINK.empty_table())
    trees = [leaves(words) for words in several]
    found = [
        dropped_readings(engine, one, FRAME, example_codes(one, TERMINOLOGY), (), observations, nobody) for one in trees
    ]
    engine.close()
    return found


def test_of_several_windows_of_a_record_the_widest_counts_and_once(tmp_path: Path) -> None:
    person = Person()
    for day in (date(2019, 1, 1), date(2025, 1, 1), date(2025, 4, 1), None):
        person = person.observed(SMOKING, day, negation="denied")

    found = dropped(
        tmp_path, person, [observed(SMOKING, months(12)), observed(SMOKING, EVER)], [observed(SMOKING, EVER)]
    )

    assert found == [{"smoking-status": {**dict.fromkeys(REASONS, 0), "denied": 3}}] * 2


def test_what_is_denied_is_told_in_whichever_way_it_is_looked_for(tmp_path: Path) -> None:
    person = Person()
    for negation in ("denied", "none"):
        person = person.observed(SMOKING, date(2025, 1, 1), negation=negation)
    smoking, review = observed(SMOKING, EVER), clinical_event(value_set("review"), EVER)

    as_observed = dropped(
        tmp_path,
        person,
        [smoking.at_least_times(2)],
        [smoking.after(review.first, within=days(7))],
        [review.after(smoking.first, within=days(7))],
        [latest_of(value_set("never-smoked"), SMOKING, within=EVER)],
    )

    assert as_observed == [{"smoking-status": {**dict.fromkeys(REASONS, 0), "denied": 1}}] * 4

"""Records that no measure takes for what they say, where several words look for them."""

from datetime import date
from pathlib import Path

from hi_fhir.engine.connect import connect
from hi_fhir.measures import EVER, Person, months, observed, value_set
from hi_fhir.measures.dropped import REASONS, dropped_readings
from hi_fhir.measures.words.tree import leaves
from hi_fhir.measures.worked import event_rows, example_codes
from hi_fhir.tables.schema import LINK
from tests.support.leafing import FRAME, TERMINOLOGY

SMOKING = value_set("smoking-status")


def test_of_several_windows_of_a_record_the_widest_counts_and_once(tmp_path: Path) -> None:
    person = Person()
    for day in (date(2019, 1, 1), date(2025, 1, 1), date(2025, 4, 1), None):
        person = person.observed(SMOKING, day, negation="denied")
    backend = connect(tmp_path / "spill")
    observations = backend.create_table("observation", event_rows([person])["Observation"], temp=True)
    nobody = backend.create_table("link", LINK.empty_table(), temp=True)

    for words in ([observed(SMOKING, months(12)), observed(SMOKING, EVER)], [observed(SMOKING, EVER)]):
        found = leaves(words)
        codes = example_codes(found, TERMINOLOGY)
        assert dropped_readings(found, FRAME, codes, (), observations, nobody) == {
            "smoking-status": {**dict.fromkeys(REASONS, 0), "denied": 3}
        }
    backend.disconnect()

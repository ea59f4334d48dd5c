"""Of which value sets a source has records: answers count where a measure asks for answers, and nowhere else."""

from dataclasses import replace
from pathlib import Path

from hi_fhir.engine.connect import connect
from hi_fhir.measures import EVER, answered, latest_of, observed, registry, value_set
from hi_fhir.measures.evaluation_context import Codes
from hi_fhir.measures.heard import codings_read
from hi_fhir.measures.words.base import Word
from hi_fhir.terminology.catalogue import load
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.systems import SNOMED
from tests.support.tables import SnapshotBuilder

QUESTION, YES, NO = value_set("question"), value_set("yes"), value_set("no")
CODES = Codes(
    {
        "question": frozenset({Coding(SNOMED, "1")}),
        "yes": frozenset({Coding(SNOMED, "2")}),
        "no": frozenset({Coding(SNOMED, "3")}),
    },
    {},
    load().units(),
)


def heard(folder: Path, *words: Word) -> list[dict[str, int]]:
    """For each word alone, value set to codings of it, where somebody answered a question with yes."""
    village = SnapshotBuilder()
    village.patient("ann")
    village.observation("ann", "1", resource_id="o")
    village.observation("ann", "2", resource_id="o", component="value")
    snapshot = village.write(folder)
    plain = registry.load(["ethnicity-usable"])[0]
    engine = connect(folder / "spill")
    found = [codings_read(engine, [snapshot], [replace(plain, numerator=word)], CODES) for word in words]
    engine.close()
    return [one["main"]["Observation"] for one in found]


def test_an_answer_is_heard_where_it_is_asked_for(tmp_path: Path) -> None:
    asking = (answered(QUESTION, YES, EVER), latest_of(YES, NO, within=EVER, answering=QUESTION))

    assert heard(tmp_path, *asking) == [{"question": 1, "yes": 1}] * 2


def test_an_answer_is_no_record_to_a_word_that_asks_for_none(tmp_path: Path) -> None:
    records = (observed(YES, EVER), latest_of(YES, NO, within=EVER))

    assert heard(tmp_path, *(word | observed(QUESTION, EVER) for word in records)) == [{"question": 1}] * 2

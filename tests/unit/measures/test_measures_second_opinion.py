"""The engine and the plain reading are asked about the same people, and told apart where they differ."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures import EVER, Person, ProportionMeasure, observed, registered, second_opinion
from hi_fhir.measures.examples import EXAMPLE_PERIOD
from hi_fhir.measures.explain import Answer, explained
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.second_opinion import neighbours, opinions
from hi_fhir.terminology.catalogue import load
from tests.support.defining import SMOKER, SMOKING, SOUND
from tests.support.plain_units import convert


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(tmp_path / "spill")
    yield engine
    engine.close()


def test_a_neighbour_differs_in_one_thing() -> None:
    found = dict(neighbours(SMOKER))

    assert found["record 1 gone"] == Person()
    assert found["record 1 a day later"] == Person().observed(SMOKING, date(2020, 1, 2))
    assert found["born a day earlier"].born == date(1970, 6, 14)
    assert found["no birth date"].events == SMOKER.events
    assert SMOKER not in found.values()
    assert len(found) == 8


def test_a_day_at_the_end_of_the_calendar_has_no_next() -> None:
    last = Person(born=date.max).observed(SMOKING, date.min)

    found = dict(neighbours(last))

    assert found["born a day later"].born == date.max
    assert found["record 1 a day earlier"].events == last.events


def test_both_readings_agree_about_everybody(engine: Engine, tmp_path: Path) -> None:
    found = opinions(engine, tmp_path, [SOUND], [], load())

    assert found.faults == []
    assert found.people == 2 + 8 + 4


def test_where_they_differ_the_person_and_both_answers_are_told(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_opinion, "outcome", lambda measure, person, setting: "outside")

    found = opinions(engine, tmp_path, [SOUND], [], load())

    assert len(found.faults) == found.people
    assert found.faults[0].startswith(
        "smoking-ever-recorded: example 'recorded': numerator by the engine, outside by the plain reading"
    )


def test_an_explanation_has_each_word_with_its_answer() -> None:
    word = registered() & ~observed(SMOKING, EVER)
    measure = ProportionMeasure(**{**vars(SOUND), "numerator": word})

    found = explained(measure, SMOKER, Setting(EXAMPLE_PERIOD, EXAMPLE_PERIOD.end, convert))

    assert found["initial_population"] == Answer("registered on the reference date", "yes")
    numerator = found["numerator"]
    assert numerator.answer == "no"
    assert [part.answer for part in numerator.parts] == ["yes", "no"]
    assert numerator.parts[1].parts == (Answer("smoking status recorded up to the reference date", "yes"),)

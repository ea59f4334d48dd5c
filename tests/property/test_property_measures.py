"""What always holds of measures: the engine reads words as a person would, and counts add up, in any order of rows."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import chain
from operator import and_, or_
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.cohorts.people import write_buckets
from hi_fhir.core.days import Period
from hi_fhir.engine.connect import connect
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures import (
    EVER,
    FINANCIAL_YEAR,
    IN_PERIOD,
    ByWords,
    Person,
    Quantity,
    Stratifier,
    address_recorded,
    aged,
    answered,
    at_least_of,
    birth_date_recorded,
    clinical_event,
    days,
    deprivation_linked,
    diagnosed,
    encounter,
    ethnic_group,
    ethnicity_compared,
    ethnicity_consistent,
    ethnicity_recorded,
    ethnicity_specific,
    ethnicity_stated,
    imd_decile,
    interpreter_recorded,
    language_recorded,
    latest_of,
    latest_reading,
    months,
    nhs_number_valid,
    nhs_number_verified,
    observed,
    occasions,
    prescribed,
    problems,
    registered,
    registration_begun,
    registry,
    season,
    sex,
    vaccinated,
    value_set,
    weeks,
)
from hi_fhir.measures.counts import counts
from hi_fhir.measures.evaluate import Evaluator
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.examples import Event
from hi_fhir.measures.facts import all_leaves
from hi_fhir.measures.model import Measure
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.outcome import outcome
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.plain.strata import stratum
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.worked import IMD_YEAR, event_rows, example_codes, outcomes, person_rows, strata_of, units_of
from hi_fhir.tables.schema import PERSON
from hi_fhir.terminology.catalogue import load
from tests.support.evaluations import a_count, a_ratio
from tests.support.plain_units import convert, setting_of

A, B = value_set("a"), value_set("b")
HIGH, LOW = Quantity(value_set("high"), "mm[Hg]", (40, 350)), Quantity(value_set("low"), "mm[Hg]", (20, 200))
BUCKET = "0"
TERMINOLOGY = load()
PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
STATUSES = {
    "Condition": ("active", "resolved", "refuted", "remission"),
    "Observation": ("final", "preliminary", "amended"),
    "Procedure": ("completed", "preparation"),
    "Encounter": ("finished", "planned"),
    "Immunization": ("completed", "not-done"),
    "MedicationRequest": ("active", "stopped", "draft", "plan"),
}
DENIED_AS = {"Observation": ("denied", "none", "absent"), "MedicationRequest": ("denied",)}

few = settings(max_examples=settings.default.max_examples // 10)
"""Each example costs the engine half a second."""

as_of_days = st.sampled_from((date(2025, 3, 31), date(2025, 2, 28), date(2024, 4, 1)))
edges = (date(2024, 3, 31), date(2024, 4, 1), date(2024, 5, 31), date(2024, 6, 30), date(2024, 7, 1), date(2025, 3, 31))
dates = st.none() | st.sampled_from((*edges, date(2012, 2, 29), date(2025, 4, 1))) | st.dates(edges[0], edges[-1])
comparators = st.sampled_from((None, None, None, "<", "<=", ">=", ">", "ad"))
instants = st.none() | st.sampled_from((8, 9, 17)).map(lambda hour: datetime(2024, 6, 1, hour, tzinfo=UTC))


@st.composite
def some_events(draw: st.DrawFn) -> Event:
    type_ = draw(st.sampled_from(tuple(STATUSES)))
    code = draw(st.sampled_from(("a", "b", "high", "low") if type_ != "Encounter" else ("a", None)))
    on, status = draw(dates), draw(st.sampled_from(STATUSES[type_]))
    value = draw(st.none() | st.sampled_from((19.0, 20.0, 40.0, 90.0, 140.0, 350.0, 351.0)))
    unit = draw(st.sampled_from((None, "mm[Hg]", "mmHg", "MM HG", "kPa", "kg")))
    negation = draw(st.sampled_from((None, None, None, *DENIED_AS.get(type_, ()))))
    at = draw(instants) if on else None
    return Event(type_, code, on, status, value, unit, at, comparator=draw(comparators), negation=negation)


@st.composite
def readings(draw: st.DrawFn) -> tuple[Event, ...]:
    """Both values on one day, as a practice would record them."""
    on, at = draw(st.sampled_from(edges)), draw(instants)
    return tuple(
        Event(
            "Observation",
            code,
            on,
            "final",
            draw(st.sampled_from((80.0, 90.0, 140.0))),
            "mm[Hg]",
            at,
            comparator=draw(comparators),
        )
        for code in ("high", "low")
    )


@st.composite
def answers(draw: st.DrawFn) -> tuple[Event, ...]:
    """A question with its coded answer, whole or as a component."""
    part, id_ = draw(st.sampled_from(("", "1"))), f"answer-{draw(st.integers(0, 99))}"
    on, status = draw(dates), draw(st.sampled_from(STATUSES["Observation"]))
    negation = draw(st.sampled_from((None, "denied", "absent")))
    at = draw(instants) if on else None
    asked = Event("Observation", draw(st.sampled_from(("high", "b"))), on, status, at=at, component=part, id=id_)
    answer = replace(asked, value_set=draw(st.sampled_from(("a", "b", "low"))), component=f"{part}.value".lstrip("."))
    return replace(asked, negation=negation), answer


@st.composite
def some_problems(draw: st.DrawFn) -> tuple[Event, ...]:
    """One problem, in words or in one code or two, of which one may be of SNOMED CT."""
    on, status, id_ = draw(dates), draw(st.sampled_from(STATUSES["Condition"])), f"problem-{draw(st.integers(0, 99))}"
    codings = draw(st.sampled_from(((None, False), ("problem", False), ("problem", True))))
    one = Event("Condition", codings[0], on, status, id=id_, in_snomed=codings[1])
    return (one, *draw(st.sampled_from(((), (replace(one, value_set="a", in_snomed=False),)))))


people = st.builds(
    Person,
    born=st.sampled_from((None, date(1945, 3, 31), date(1945, 4, 1), date(2004, 2, 29), date(2011, 3, 31))),
    sex=st.sampled_from(("female", "male", "other", "unknown")),
    practice=st.sampled_from(("X99001", "X99002", None)),
    registered_on=dates,
    ethnicity=st.sampled_from(("stated", "not-stated", "refused", "not-recorded", "not-known")),
    ethnic_category_2001=st.sampled_from((None, "A", "S", "Z")),
    ethnic_category_2021=st.sampled_from((None, None, "other-arab", "mixed-other")),
    ethnicity_agrees=st.sampled_from((None, True, False)),
    ethnic_group_2021=st.sampled_from((None, "white", "asian")),
    nhs_number=st.sampled_from(("verified", "present", "invalid", "placeholder", "absent")),
    imd_decile=st.none() | st.integers(1, 10),
    unlinked=st.sampled_from(("no-postcode", "unknown-postcode", "outside-england", "restricted")),
    language_recorded=st.booleans(),
    interpreter=st.sampled_from((None, "needed", "not-needed")),
    events=st.tuples(
        st.lists(some_events(), max_size=5),
        st.lists(readings(), max_size=2),
        st.lists(answers(), max_size=3),
        st.lists(some_problems(), max_size=2),
    ).map(lambda all_: (*all_[0], *(event for several in chain(*all_[1:]) for event in several))),
)
crowds = st.lists(people, min_size=15, max_size=25)
WINTER = season((9, 1), (3, 31))
spans = st.sampled_from((IN_PERIOD, FINANCIAL_YEAR, WINTER, days(30), weeks(40), months(1), months(9), months(12)))
windows = st.just(EVER) | spans
records = st.sampled_from((clinical_event, observed, prescribed, vaccinated)).flatmap(
    lambda word: st.builds(word, st.sampled_from((A, B)), windows)
)
latest = st.builds(
    lambda quantities, within: latest_reading(*quantities, within=within),
    st.sampled_from(((HIGH, LOW), (LOW, HIGH), (HIGH,))),
    spans,
)
C, Q = value_set("low"), value_set("high")
statuses = st.builds(
    lambda some, within, question: latest_of(*some, within=within, answering=question),
    st.permutations((A, B, C)).map(tuple) | st.just((A, B)),
    windows,
    st.sampled_from((None, Q)),
)
counted = st.builds(occasions, records | st.builds(encounter, spans), st.sampled_from((1, 2, 12)))
ages = st.sampled_from(((None, 14), (14, None), (18, 80)))
lengths = st.sampled_from((days(0), days(30), weeks(9), months(1), months(6)))
single_words: st.SearchStrategy[Word] = st.one_of(
    st.just(registered()),
    st.builds(aged, st.sampled_from((0, 14, 80)), st.none() | st.just(90)),
    st.builds(aged, st.none(), st.sampled_from((13, 79))),
    st.sampled_from((sex("female"), sex("male", "unknown"))),
    st.sampled_from((ethnicity_recorded(), ethnicity_stated(), deprivation_linked(), address_recorded())),
    st.sampled_from((ethnicity_specific(), ethnicity_compared(), ethnicity_consistent())),
    st.sampled_from((ethnic_group("asian"), ethnic_group("white", "other"), imd_decile(1, 2))),
    st.sampled_from((language_recorded(), interpreter_recorded())),
    st.sampled_from((birth_date_recorded(), nhs_number_valid(), nhs_number_verified())),
    st.builds(registration_begun, st.sampled_from((months(9), months(12)))),
    records,
    st.builds(diagnosed, st.just(A), st.none() | st.just(B)),
    st.builds(lambda leaf, count: leaf.first.within(months(count)), records, st.sampled_from((1, 9))),
    st.builds(lambda leaf, apart: leaf.twice(days_apart=apart), records, st.sampled_from((0, 1, 30))),
    st.builds(lambda leaf, other: leaf.on_or_after(other.first), records, records),
    st.builds(lambda leaf, times: leaf.at_least_times(times), records, st.sampled_from((1, 2, 3))),
    st.builds(lambda leaf, ages: leaf.first.at_age(*ages), records, ages),
    st.builds(lambda leaf, ages: leaf.latest.at_age(*ages), records, ages),
    st.builds(lambda leaf, other, within: leaf.before(other.latest, within=within), records, records, lengths),
    st.builds(lambda leaf, other, within: leaf.after(other.first, within=within), records, records, lengths),
    st.builds(
        lambda leaf, other, within, sooner: leaf.after(other.latest, within=within, no_sooner=sooner),
        records,
        records,
        lengths,
        lengths,
    ),
    st.builds(lambda leaf, other, within: leaf.around(other.first, within=within), records, records, lengths),
    st.builds(lambda leaf, other, within: leaf.around(other, within=within), records, records, lengths),
    st.builds(
        lambda leaf, other, within, sooner: leaf.after(other, within=within, no_sooner=sooner),
        records,
        records,
        lengths,
        lengths,
    ),
    st.builds(encounter, spans),
    st.builds(lambda within, times: encounter(within).at_least_times(times), spans, st.sampled_from((1, 2))),
    st.builds(encounter, spans).map(lambda leaf: leaf.with_coded_reason()),
    st.builds(problems, spans),
    st.builds(problems, spans).map(lambda leaf: leaf.all_coded()),
    counted,
    latest,
    latest.map(lambda reading: reading.at_most(*(90.0, 80.0)[: len(reading.quantities)])),
    latest.map(lambda reading: reading.at_least(*(90.0, 80.0)[: len(reading.quantities)])),
    latest.map(lambda reading: reading.above(*(80.0, 90.0)[: len(reading.quantities)])),
    latest.map(lambda reading: reading.below(*(140.0, 90.0)[: len(reading.quantities)])),
    st.builds(lambda within: latest_reading(HIGH, within=within).between(90, 140), spans),
    statuses,
    st.builds(answered, st.just(Q), st.sampled_from((A, B)), windows),
    statuses.map(lambda latest: latest.is_(latest.statuses[0])),
    statuses.map(lambda latest: latest.is_(latest.statuses[1])),
    statuses.map(lambda latest: latest.at_least(latest.statuses[1])),
    statuses.map(lambda latest: latest.at_most(latest.statuses[1])),
    st.builds(lambda own, other: own.no_earlier_than(other), latest, latest),
)
words = st.recursive(
    single_words,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: reduce(and_, parts))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: reduce(or_, parts))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: at_least_of(2, *parts))
        | inner.map(lambda part: ~part)
    ),
    max_leaves=5,
)


@st.composite
def some_measures(draw: st.DrawFn) -> list[Measure]:
    """Several at once, as the engine evaluates them; some with exclusions and exceptions."""
    plain = registry.load(["ethnicity-usable"])[0]
    proportions = [
        replace(
            plain,
            id=f"measure-{number}",
            initial_population=draw(words),
            numerator=draw(words),
            denominator=draw(st.none() | words),
            numerator_exclusion=draw(st.none() | words),
            denominator_exclusion=draw(st.none() | words),
            denominator_exception=draw(st.none() | words),
            examples=(),
        )
        for number in range(6)
    ]
    ratio = a_ratio(
        initial_population=draw(words),
        denominator=draw(st.none() | words),
        denominator_exclusion=draw(st.none() | words),
        numerator=draw(counted),
    )
    return [*proportions, ratio, a_count(initial_population=draw(words))]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return connect(tmp_path_factory.mktemp("property") / "spill", threads=2)


@few
@given(some_measures(), crowds, as_of_days)
def test_the_engine_puts_everybody_where_a_plain_reading_of_the_words_does(
    engine: Engine, measures: list[Measure], crowd: list[Person], as_of: date
) -> None:
    context = EvaluationContext(PERIOD, as_of, IMD_YEAR)

    with tempfile.TemporaryDirectory() as folder:
        found = outcomes(engine, Path(folder), measures, crowd, context, TERMINOLOGY)

    assert found == {m.id: [outcome(m, person, setting_of(context)) for person in crowd] for m in measures}


@pytest.mark.slow
@few
@given(st.lists(words, min_size=1, max_size=3), crowds, as_of_days)
def test_the_engine_breaks_people_down_as_a_plain_reading_of_the_words_does(
    engine: Engine, deciding: list[Word], crowd: list[Person], as_of: date
) -> None:
    names = (*(f"stratum-{number}" for number in range(len(deciding))), "others", "unknown")
    one, context = (
        Stratifier("by-words", "1", "By words", ByWords(tuple(deciding)), names),
        EvaluationContext(PERIOD, as_of, IMD_YEAR),
    )

    with tempfile.TemporaryDirectory() as folder:
        found = strata_of(engine, Path(folder), one, crowd, context, TERMINOLOGY)

    assert found == [stratum(one, person, setting_of(context)) for person in crowd]


@pytest.mark.slow
@few
@given(crowds)
def test_the_shipped_measures_are_read_alike(engine: Engine, crowd: list[Person]) -> None:
    context = EvaluationContext(PERIOD, PERIOD.end, IMD_YEAR)
    measures = registry.load()

    with tempfile.TemporaryDirectory() as folder:
        found = outcomes(engine, Path(folder), measures, crowd, context, TERMINOLOGY)

    assert found == {m.id: [outcome(m, person, setting_of(context)) for person in crowd] for m in measures}


@few
@given(some_measures(), crowds)
def test_populations_are_nested_and_strata_add_up(engine: Engine, measures: list[Measure], crowd: list[Person]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _, fact = _written(engine, Path(folder), measures, crowd)
        rows = counts(engine, measures, [fact], ["X99009"], {"X99001": "U1", "X99002": None}).to_pylist()

    cells: dict[tuple[str, str, str], dict[str, dict[str, int]]] = {}
    for row in rows:
        place = cells.setdefault((row["measure_id"], row["practice_id"], row["stratifier"]), {})
        place.setdefault(row["stratum"], {})[row["population"]] = row["count"]
    assert {practice for _, practice, _ in cells} >= {"X99009"}
    defined = {one.id: one for one in measures}
    for (measure, practice, _), strata in cells.items():
        for populations in strata.values():
            if not defined[measure].has_score:
                assert populations.keys() == {"initial_population", "undetermined"}
                continue
            assert populations["numerator"] <= populations.get("occasions", populations["numerator"])
            settled = populations["numerator"] + populations["denominator_exclusion"]
            assert 0 <= populations["numerator"] <= settled <= populations["denominator"]
            assert populations["denominator"] <= populations["initial_population"]
            assert defined[measure].denominator or populations["denominator"] == populations["initial_population"]
            assert 0 <= populations.get("numerator_exclusion", 0) <= populations["numerator"]
            assert ("numerator_exclusion" in populations) == (defined[measure].numerator_exclusion is not None)
        whole = cells[measure, practice, "all"]["all"]
        assert {name: sum(one[name] for one in strata.values()) for name in defined[measure].counted} == whole


@pytest.mark.slow
@few
@given(some_measures(), crowds, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_number_of_threads_matters(
    measures: list[Measure], crowd: list[Person], random: Random
) -> None:
    tables = []
    for threads, shuffled in ((1, False), (2, True)):
        with tempfile.TemporaryDirectory() as folder:
            engine = connect(Path(folder) / "spill", threads=threads)
            written = _written(engine, Path(folder), measures, crowd, random if shuffled else None)
            tables.append([pq.ParquetFile(path).read() for path in written])
            engine.close()

    assert tables[0] == tables[1]


def _written(
    engine: Engine,
    folder: Path,
    measures: Sequence[Measure],
    crowd: Sequence[Person],
    random: Random | None = None,
) -> tuple[Path, Path]:
    """The leaf and the fact file of `crowd`, whose rows arrive shuffled where `random` is given."""
    context = EvaluationContext(PERIOD, PERIOD.end, IMD_YEAR)
    tables = {"Person": person_rows(crowd, context), **event_rows(crowd)}
    if random:
        tables = {name: rows.take(_order(random, len(rows))) for name, rows in tables.items()}
    write_buckets(tables.pop("Person"), PERSON, BUCKET, folder / "person")
    events = {t: engine.keep(f"shuffled_{t}", rows) for t, rows in tables.items()}
    evaluator = Evaluator(engine, measures, context, example_codes(all_leaves(measures), TERMINOLOGY), units_of(crowd))
    evaluator.write_leaves(events, BUCKET, folder)
    evaluator.write_facts(BUCKET, folder)
    return folder / "leaf" / f"{BUCKET}.parquet", folder / "fact" / f"{BUCKET}.parquet"


def _order(random: Random, size: int) -> pa.Array:
    return pa.array(random.sample(range(size), size), pa.int64())


def test_the_plain_reading_itself_agrees_with_every_worked_example() -> None:
    wrong = [
        (measure.id, example.name)
        for measure in registry.load()
        for example in measure.examples
        if outcome(measure, example.person, Setting(example.period, example.as_of, convert)) != example.outcome
    ]

    assert wrong == []


def test_windows_of_the_plain_reading_end_where_those_of_the_engine_do() -> None:
    context = EvaluationContext(PERIOD, date(2025, 2, 28), IMD_YEAR)
    for window in (EVER, IN_PERIOD, FINANCIAL_YEAR, WINTER, days(1), weeks(2), months(1), months(12)):
        start, end = context.days(window)
        person = Person(events=(Event("Observation", "a", start, "final"), Event("Observation", "b", end, "final")))
        before = Person(events=(Event("Observation", "a", start - timedelta(days=1), "final"),))
        assert holds(observed(A, window) & observed(B, window), person, setting_of(context))
        assert window == EVER or not holds(observed(A, window), before, setting_of(context))

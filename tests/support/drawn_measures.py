"""Measures, and crowds of people to count by them, as Hypothesis draws them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import reduce
from itertools import chain
from operator import and_, or_

from hypothesis import strategies as st

from hi_fhir.core.days import Period
from hi_fhir.measures import (
    EVER,
    FINANCIAL_YEAR,
    IN_PERIOD,
    Person,
    Quantity,
    address_recorded,
    aged,
    answered,
    at_least_of,
    birth_date_exact,
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
    sex_compared,
    sex_consistent,
    vaccinated,
    value_set,
    weeks,
)
from hi_fhir.measures.examples import Event
from hi_fhir.measures.model import Measure
from hi_fhir.measures.words.base import Word
from tests.support.evaluations import a_count, a_ratio

A, B = value_set("a"), value_set("b")
HIGH, LOW = Quantity(value_set("high"), "mm[Hg]", (40, 350)), Quantity(value_set("low"), "mm[Hg]", (20, 200))
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

as_of_days = st.sampled_from((date(2025, 3, 31), date(2025, 2, 28), date(2024, 4, 1)))
edges = (date(2024, 3, 31), date(2024, 4, 1), date(2024, 5, 31), date(2024, 6, 30), date(2024, 7, 1), date(2025, 3, 31))
dates = st.none() | st.sampled_from((*edges, date(2012, 2, 29), date(2025, 4, 1))) | st.dates(edges[0], edges[-1])
comparators = st.sampled_from((None, None, None, "<", "<=", ">=", ">", "ad"))
instants = st.none() | st.sampled_from((8, 9, 17)).map(lambda hour: datetime(2024, 6, 1, hour, tzinfo=UTC))


@st.composite
def some_events(draw: st.DrawFn) -> Event:
    type_ = draw(st.sampled_from(tuple(STATUSES)))
    code = draw(st.sampled_from(("a", "b", "high", "low") if type_ != "Encounter" else ("a", None)))
    part = draw(st.sampled_from(("", "type", "class"))) if type_ == "Encounter" else ""
    in_snomed = part == "type" and code is not None and draw(st.booleans())
    on, status = draw(dates), draw(st.sampled_from(STATUSES[type_]))
    value = draw(st.none() | st.sampled_from((19.0, 20.0, 40.0, 90.0, 140.0, 350.0, 351.0)))
    unit = draw(st.sampled_from((None, "mm[Hg]", "mmHg", "MM HG", "kPa", "kg")))
    negation = draw(st.sampled_from((None, None, None, *DENIED_AS.get(type_, ()))))
    at = draw(instants) if on else None
    own = Event(type_, code, on, status, value, unit, at, part, draw(comparators), negation)
    return replace(own, in_snomed=in_snomed)


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
    birth_date_exact=st.booleans(),
    sex=st.sampled_from(("female", "male", "other", "unknown")),
    sex_agrees=st.sampled_from((None, True, False)),
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
LENGTHS = (days(0), days(30), weeks(9), months(1), months(6))
lengths = st.sampled_from(LENGTHS)
stretches = st.sampled_from(
    [(days(0), end) for end in LENGTHS]
    + [(days(30), end) for end in LENGTHS[1:]]
    + [(weeks(9), months(1)), (months(1), weeks(9)), (months(1), months(1)), (months(1), months(6))]
)
"""From when to when after something: months and days are of no stated order."""
single_words: st.SearchStrategy[Word] = st.one_of(
    st.just(registered()),
    st.builds(aged, st.sampled_from((0, 14, 80)), st.none() | st.just(90)),
    st.builds(aged, st.none(), st.sampled_from((13, 79))),
    st.sampled_from((sex("female"), sex("male", "unknown"))),
    st.sampled_from((ethnicity_recorded(), ethnicity_stated(), deprivation_linked(), address_recorded())),
    st.sampled_from((ethnicity_specific(), ethnicity_compared(), ethnicity_consistent())),
    st.sampled_from((ethnic_group("asian"), ethnic_group("white", "other"), imd_decile(1, 2))),
    st.sampled_from((language_recorded(), interpreter_recorded())),
    st.sampled_from((birth_date_exact(), sex_compared(), sex_consistent())),
    st.sampled_from((birth_date_recorded(), nhs_number_valid(), nhs_number_verified())),
    st.builds(registration_begun, st.sampled_from((months(9), months(12)))),
    records,
    st.builds(diagnosed, st.just(A), st.none() | st.just(B)),
    st.builds(lambda leaf, count: leaf.first.within(months(count)), records, st.sampled_from((1, 9))),
    st.builds(lambda leaf, apart: leaf.twice(days_apart=apart), records, st.sampled_from((1, 2, 30))),
    st.builds(lambda leaf, other: leaf.on_or_after(other.first), records, records),
    st.builds(lambda leaf, times: leaf.at_least_times(times), records, st.sampled_from((1, 2, 3))),
    st.builds(lambda leaf, ages: leaf.first.at_age(*ages), records, ages),
    st.builds(lambda leaf, ages: leaf.latest.at_age(*ages), records, ages),
    st.builds(lambda leaf, other, within: leaf.before(other.latest, within=within), records, records, lengths),
    st.builds(lambda leaf, other, within: leaf.after(other.first, within=within), records, records, lengths),
    st.builds(
        lambda leaf, other, stretch: leaf.after(other.latest, no_sooner=stretch[0], within=stretch[1]),
        records,
        records,
        stretches,
    ),
    st.builds(lambda leaf, other, within: leaf.around(other.first, within=within), records, records, lengths),
    st.builds(lambda leaf, other, within: leaf.around(other, within=within), records, records, lengths),
    st.builds(
        lambda leaf, other, stretch: leaf.after(other, no_sooner=stretch[0], within=stretch[1]),
        records,
        records,
        stretches,
    ),
    st.builds(encounter, spans),
    st.builds(lambda within, times: encounter(within).at_least_times(times), spans, st.sampled_from((1, 2))),
    st.builds(encounter, spans).map(lambda leaf: leaf.with_coded_reason()),
    st.builds(encounter, spans).map(lambda leaf: leaf.with_coded_type()),
    st.builds(lambda within, set_: encounter(within).with_class(set_), spans, st.sampled_from((A, B))),
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

"""From a query to criteria, and from criteria to the resources that meet them."""

import pytest

from hi_fhir.fhir.rest.conditions import read_condition
from hi_fhir.fhir.rest.controls import Offered
from hi_fhir.fhir.rest.declarations import PARAMETERS, elements_at
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.preferences import is_lenient
from hi_fhir.fhir.rest.search import MAX_COUNT, ParsedSearch, parse_search
from tests.support.fhir_records import a_concept, an_observation

READING = an_observation(
    "bp", "75367002", component=[{"code": a_concept("271649006")}, {"code": a_concept("271650006")}]
)
REPORT = {
    "resourceType": "MeasureReport",
    "id": "r1",
    "measure": "urn:measure:smoking|1.0",
    "period": {"start": "2024-04-01", "end": "2025-03-31"},
    "reporter": {"reference": "Organization/oak", "identifier": {"system": "urn:ods", "value": "A99901"}},
}


def a_search(type_: str, *pairs: tuple[str, str], **options) -> ParsedSearch:
    return parse_search(type_, pairs, PARAMETERS[type_], **options)


@pytest.mark.parametrize(
    ("pairs", "matches"),
    [
        ([("code", "75367002,0")], True),
        ([("code", "75367002"), ("code", "0")], False),
        ([("combo-code", "271650006")], True),
        ([("component-code", "75367002")], False),
        ([("patient", "ann")], True),
        ([("patient", "Patient/bob")], False),
        ([("date", "ge2024-05-01"), ("date", "lt2024-05-02")], True),
        ([("date:missing", "false")], True),
        ([("category:missing", "true")], True),
        ([("category:missing", "false")], False),
        ([("_id", "bp")], True),
        ([], True),
    ],
)
def test_repeated_parameters_all_hold_and_commas_are_alternatives(pairs, matches):
    assert a_search("Observation", *pairs).matches(READING) is matches


@pytest.mark.parametrize(
    ("pair", "matches"),
    [
        (("measure", "urn:measure:smoking"), True),
        (("measure", "urn:measure:smoking|2.0"), False),
        (("period", "ge2024-04-01"), True),
        (("period", "2024"), False),
        (("reporter", "Organization/oak"), True),
        (("reporter:identifier", "urn:ods|A99901"), True),
        (("reporter:identifier", "urn:ods|A99902"), False),
    ],
)
def test_reports_are_found_by_measure_period_and_reporter(pair, matches):
    assert a_search("MeasureReport", pair).matches(REPORT) is matches


def test_a_comma_may_be_part_of_a_value():
    resource = {"resourceType": "Organization", "name": "Oak, Elm and Ash"}

    assert a_search("Organization", ("name", r"Oak\, Elm")).matches(resource)


def test_what_is_understood_is_kept_as_it_was_written():
    search = a_search("Patient", ("gender", "female"), ("_count", "10"), ("_format", "json"))

    assert search.pairs == (("gender", "female"), ("_count", "10"))
    assert (search.count, search.count_only, search.with_total) == (10, False, None)


@pytest.mark.parametrize("pair", [("_summary", "count"), ("_count", "0")])
def test_a_search_may_ask_just_how_many(pair):
    assert a_search("Patient", pair).count_only


def test_a_page_has_an_upper_bound():
    lowered = a_search("Patient", ("_count", "999999"))
    assert (lowered.count, lowered.pairs) == (MAX_COUNT, (("_count", str(MAX_COUNT)),))
    assert a_search("Patient", ("_count", "9"), most=7).pairs == (("_count", "7"),)
    assert a_search("Patient", ("_count", "5"), ("_count", "3"), most=7).pairs == (("_count", "5"), ("_count", "3"))
    assert a_search("Patient", most=7).count == 7
    assert a_search("Patient", ("_count", "9" * 5_000)).count == MAX_COUNT
    assert a_search("Patient", ("_count", "0" * 5_000)).count_only


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        (("shoe-size", "44"), "not-supported"),
        (("gender:in", "female"), "not-supported"),
        (("organization:Organization", "oak"), "not-supported"),
        (("birthdate", "young"), "invalid"),
        (("gender", ""), "invalid"),
        (("gender:missing", "perhaps"), "invalid"),
        (("_count", "-1"), "invalid"),
        (("_summary", "text"), "not-supported"),
        (("_total", "maybe"), "invalid"),
        (("_sort", "birthdate"), "not-supported"),
    ],
)
def test_what_is_not_understood_is_refused_without_repeating_the_value(pair, code):
    with pytest.raises(FhirError) as refused:
        a_search("Patient", pair)

    assert (refused.value.status, refused.value.code) == (400, code)
    assert not pair[1] or pair[1] not in refused.value.diagnostics


def test_a_lenient_search_passes_over_what_it_does_not_know():
    search = a_search("Patient", ("shoe-size", "44"), ("gender:text", "male"), ("gender", "female"), lenient=True)

    assert search.pairs == (("gender", "female"),)


def test_not_is_of_none_of_the_values():
    search = a_search("Patient", ("gender:not", "male,other"))

    assert [search.matches({"gender": gender}) for gender in ("male", "other", "female")] == [False, False, True]
    assert search.matches({})


@pytest.mark.parametrize(
    ("name", "found"),
    [("name", ["Oak End"]), ("name:exact", []), ("name:contains", ["Oak End", "The Oak"])],
)
def test_a_string_is_found_by_its_start_whole_or_within(name, found):
    search = a_search("Organization", (name, "oak"))

    assert [one for one in ("Oak End", "The Oak", "Elm") if search.matches({"name": one})] == found


@pytest.mark.parametrize(
    ("prefix", "days"),
    [("sa", [3]), ("eb", [1]), ("ap", [2])],
)
def test_a_day_after_before_or_within(prefix, days):
    search = a_search("Measure", ("date", f"{prefix}2024-05-02"))

    assert [day for day in (1, 2, 3) if search.matches({"date": f"2024-05-0{day}"})] == days


@pytest.mark.parametrize(
    ("prefer", "lenient"),
    [("handling=lenient", True), ("respond-async, handling=lenient", True), ("handling=strict", False), ("", False)],
)
def test_leniency_is_asked_for_by_header(prefer, lenient):
    assert is_lenient(prefer) is lenient


def test_a_sort_is_by_what_is_offered():
    assert a_search("Patient", ("_sort", "-_lastUpdated,_id"), offered=Offered(("_id", "_lastUpdated"))).sort == (
        "-_lastUpdated",
        "_id",
    )


def test_elements_are_found_through_lists():
    assert elements_at(READING, "component.code.coding.code") == ["271649006", "271650006"]
    assert elements_at(READING, "category.coding") == []


@pytest.mark.parametrize(
    "query", ["identifier=urn:ods|A99901", "?identifier=urn:ods|A99901", "Organization?identifier=urn:ods%7CA99901"]
)
def test_a_condition_is_a_search(query):
    condition = read_condition("Organization", query, PARAMETERS["Organization"])

    assert condition.matches({"identifier": [{"system": "urn:ods", "value": "A99901"}]})


@pytest.mark.parametrize("query", ["", "_count=1"])
def test_a_condition_that_everything_meets_is_refused(query):
    with pytest.raises(FhirError, match="needs a condition"):
        read_condition("Organization", query, PARAMETERS["Organization"])

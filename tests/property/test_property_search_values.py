"""What is written into a search is what is read out of it, whatever it holds, through the encoding of a URL."""

from urllib.parse import parse_qsl, quote, urlencode

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hi_fhir.fhir.rest import spelling
from hi_fhir.fhir.rest.conditions import read_condition
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.search import Criterion, parse_search
from hi_fhir.fhir.rest.values import Canonical, ReferenceIdentifier, ReferenceTo, Text, Token, Uri
from hi_fhir.reports.sending.updates import ReporterIdentifier, definition_update, report_update
from hi_fhir.searches import report_criteria
from hi_fhir.sources.pages import dropped_parameter
from hi_fhir.sources.searches import Slice, code_search, filters, request_of
from hi_fhir.store import criteria as store
from hi_fhir.terminology.codings import Coding
from tests.support.calling import a_client

MARKS = st.text(st.sampled_from("\\,|$ab &=?%+#/é€:"), min_size=1, max_size=12)
WORDS = st.one_of(
    MARKS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
)
SYSTEMS = st.one_of(st.just(""), WORDS)
NASTY = "\\,|$\\"


def sent(type_: str, name: str, values: list[str]) -> Criterion:
    """The criterion that a server makes of written values, after they were in a URL."""
    query = urlencode([(name, spelling.written_alternatives(values))])
    [criterion] = parse_search(type_, parse_qsl(query, keep_blank_values=True), PARAMETERS[type_]).criteria
    return criterion


@given(st.lists(WORDS, min_size=1, max_size=4), st.sampled_from(",|$"))
@example([NASTY, "\\"], ",")
def test_parts_are_as_many_and_the_same(words: list[str], mark: str) -> None:
    text = mark.join(map(spelling.written, words))
    assert [spelling.read(part) for part in spelling.parts(text, mark)] == words
    assert len(spelling.parts(text, mark, most=2)) == min(len(words), 2)
    assert mark.join(spelling.parts(text, mark, most=2)) == text


@given(st.text(max_size=30), st.sampled_from(",|$"))
def test_whatever_comes_is_read_and_nothing_of_it_is_lost(text: str, mark: str) -> None:
    assert mark.join(spelling.parts(text, mark)) == text
    assert len(spelling.read(text)) <= len(text)


@given(st.lists(st.tuples(st.one_of(st.none(), SYSTEMS), WORDS), min_size=1, max_size=3))
@example([("urn:x$y,z", NASTY), (None, "|"), ("", "\\")])
def test_tokens_come_through(tokens: list[tuple[str | None, str]]) -> None:
    values = [spelling.written_token(system, code) for system, code in tokens]
    assert sent("MeasureReport", "identifier", values).values == tuple(Token(*token) for token in tokens)


@given(st.tuples(SYSTEMS, WORDS))
@example(("urn:x$y,z", NASTY))
def test_tokens_of_a_modifier_come_through(token: tuple[str, str]) -> None:
    criterion = sent("MeasureReport", "reporter:identifier", [spelling.written_token(*token)])
    assert criterion.modifier == "identifier"
    assert criterion.values == (ReferenceIdentifier(Token(*token)),)
    resource = {"reporter": {"identifier": {"system": token[0], "value": token[1]}}}
    assert criterion.holds(resource)


@given(WORDS, WORDS)
@example("urn:a|b", "1,0")
def test_addresses_and_texts_come_through(one: str, other: str) -> None:
    url, name = spelling.written(one), spelling.written(other)
    assert sent("Measure", "url", [url, name]).values == (Uri(one), Uri(other))
    assert sent("Measure", "title", [name]).values == (Text(other.casefold()),)
    assert sent("MeasureReport", "measure", [f"{url}|{name}"]).values == (Canonical(one, other),)
    assert sent("MeasureReport", "measure", [url]).values == (Canonical(one, None),)
    assert sent("Observation", "subject", [f"Patient/{url}"]).values == (ReferenceTo.of(f"Patient/{one}"),)


@pytest.mark.parametrize("absent", [True, False])
def test_missing_is_read_as_it_stands(absent: bool) -> None:
    [value] = sent("MeasureReport", "date:missing", [str(absent).lower()]).values
    assert value.matches(None) is absent


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3, unique=True))
@example([("urn:x$y,z", NASTY)])
def test_the_codes_that_a_pull_asks_for_are_those_that_are_searched(codes: list[tuple[str, str]]) -> None:
    search = code_search("Observation", [Coding(*coding) for coding in codes])
    asked = filters(search, Slice())
    query = (request_of(a_client(), search, asked).body or b"").decode()
    [criterion] = parse_search("Observation", parse_qsl(query), PARAMETERS["Observation"]).criteria
    assert criterion.values == tuple(Token(None, code) for code in search.codes)
    assert set(search.codes) == {code for _, code in codes}
    assert dropped_parameter(asked, f"http://example.invalid/fhir/Observation?{query}", posted=True) is None


@given(WORDS, WORDS, WORDS)
@example("urn:x$y,z", NASTY, "A99001")
def test_a_report_is_found_under_the_condition_that_it_is_sent_with(system: str, value: str, code: str) -> None:
    content = {
        "resourceType": "MeasureReport",
        "identifier": [{"system": system, "value": value}],
        "reporter": {"identifier": {"system": system, "value": code}},
    }
    entry = report_update(orjson.dumps(content))
    condition = read_condition("MeasureReport", entry.path, PARAMETERS["MeasureReport"])
    assert condition.matches(content)
    assert report_criteria(condition).identifiers == ((store.TokenMatch(system, value),),)
    other = {**content, "identifier": [{"system": system + "x", "value": value}]}
    assert not condition.matches(other)
    organisation = ReporterIdentifier(system, code)
    found = read_condition("Organization", organisation.condition, PARAMETERS["Organization"])
    assert found.matches(organisation.organisation)


@given(WORDS, WORDS)
@example("urn:a|b", "1,0")
def test_a_measure_is_found_under_the_condition_that_it_is_sent_with(url: str, version: str) -> None:
    content = {"resourceType": "Measure", "url": url, "version": version}
    condition = read_condition("Measure", definition_update(orjson.dumps(content)).path, PARAMETERS["Measure"])
    assert condition.matches(content)
    assert not condition.matches({**content, "version": version + "x"})


def test_what_is_written_is_what_fhir_says() -> None:
    """The examples of FHIR R4 search.html, escaping search parameters."""
    assert spelling.written("a\\b,c|d$e") == r"a\\b\,c\|d\$e"
    assert spelling.read(r"a\\b\,c\|d\$e") == "a\\b,c|d$e"
    assert quote(spelling.written_token("urn:x$y", "1"), safe="") == "urn%3Ax%5C%24y%7C1"
    assert spelling.read("C:\\new\\") == "C:\\new\\"

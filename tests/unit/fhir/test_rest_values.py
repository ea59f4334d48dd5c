"""How one value of a search matches one element of a resource."""

from datetime import UTC, datetime

import pytest

from hi_fhir.fhir.rest.intervals import interval_of, read_interval
from hi_fhir.fhir.rest.values import Canonical, DateTest, ReferenceIdentifier, ReferenceTo, Text, Token, Uri, matcher_of

CONCEPT = {"coding": [{"system": "http://loinc.org", "code": "4548-4"}, {"code": "local"}]}
IDENTIFIER = {"system": "urn:ods", "value": "A99901"}


@pytest.mark.parametrize(
    ("text", "element", "matches"),
    [
        ("4548-4", CONCEPT, True),
        ("http://loinc.org|4548-4", CONCEPT, True),
        ("http://loinc.org|", CONCEPT, True),
        ("http://snomed.info/sct|4548-4", CONCEPT, False),
        ("|local", CONCEPT, True),
        ("|4548-4", CONCEPT, False),
        ("urn:ods|A99901", IDENTIFIER, True),
        ("urn:ods|A99902", IDENTIFIER, False),
        ("final", "final", True),
        ("true", True, True),
        ("false", True, False),
        ("4548-4", 7, False),
        ("4548-4", {"coding": "4548-4"}, False),
    ],
)
def test_a_token_is_a_code_with_or_without_its_system(text, element, matches):
    assert Token.read(text).matches(element) is matches


ASKED = ("73211009", "s|44054006", "|137R.", "t|")


@pytest.mark.parametrize("system", ["", "s", "t", "u"])
@pytest.mark.parametrize("code", ["73211009", "44054006", "137R.", "8517006"])
def test_many_tokens_at_once_match_what_any_of_them_does(system, code):
    tokens = [Token.read(text) for text in ASKED]
    element = {"coding": [{"code": "0"}, {"system": system, "code": code}]}

    assert matcher_of(tokens)(element) is any(token.matches(element) for token in tokens)
    assert matcher_of([*tokens, DateTest.read("2024")])("2024-05-01")


@pytest.mark.parametrize(
    ("text", "element", "matches"),
    [
        ("2024-05-01", "2024-05-01", True),
        ("2024-05", "2024-05-01", True),
        ("2024-05-01", "2024-05", False),
        ("ne2024-05-01", "2024-05-02", True),
        ("ge2024-05-01", "2024-05-01", True),
        ("gt2024-05-01", "2024-05-01", False),
        ("gt2024-05-01", "2024-05", True),
        ("ge2024-05", {"start": "2024-04-20", "end": "2024-05-10"}, True),
        ("gt2024-05", {"start": "2024-04-20", "end": "2024-05-10"}, False),
        ("lt2024-05-01", "2024-04-30", True),
        ("le2024", "2024-12-31T23:59:59Z", True),
        ("lt2024", "2024-12-31T23:59:59Z", False),
        ("eq2024-05-01", {"start": "2024-05-01", "end": "2024-05-01"}, True),
        ("eq2024-05-01", {"start": "2024-05-01", "end": "2024-05-02"}, False),
        ("ge2030-01-01", {"start": "2024-05-01"}, True),
        ("ge2030-01-01", {"start": "2024-05-01", "end": "9999-12-31"}, True),
        ("le2000-01-01", {"end": "2024-05-01"}, True),
        ("2024-05-01", "soon", False),
        ("2024-05-01", {"start": 7}, False),
        ("2024-05-01", "2024-02-30", False),
    ],
)
def test_a_date_compares_spans_of_time(text, element, matches):
    assert DateTest.read(text).matches(element) is matches


def test_a_date_without_a_zone_is_londons():
    assert DateTest.read("2024-07-01").matches("2024-06-30T23:30:00Z")
    assert not DateTest.read("2024-01-01").matches("2023-12-31T23:30:00Z")


@pytest.mark.parametrize("edge", ["2024-05-01T10:00:00Z", "2024-05-01", "2024-05-01T10:00:00.5Z"])
@pytest.mark.parametrize("instant", ["2024-05-01T10:00:00.500Z", "2024-05-01T09:59:59.999Z", "2024-05-01T10:00:01Z"])
def test_ge_and_lt_divide_instants_without_gap_or_overlap(edge, instant):
    assert DateTest.read(f"ge{edge}").matches(instant) is not DateTest.read(f"lt{edge}").matches(instant)


@pytest.mark.parametrize("text", ["", "yesterday", "xx2024", "2024-13", "2024-02-30", "2024-05-01T25:00:00Z", "١٩٩٩"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the caller words the message
        DateTest.read(text)


def test_an_instant_is_as_wide_as_it_is_precise():
    second, minute = read_interval("2024-05-01T10:00:00+01:00"), read_interval("2024-05-01T10:00Z")

    assert (second.low, (second.high - second.low).total_seconds()) == (datetime(2024, 5, 1, 9, tzinfo=UTC), 1)
    assert (minute.high - minute.low).total_seconds() == 60


@pytest.mark.parametrize("element", [None, {}, [], "0000-01-01", {"start": 7}, "9999-12-31T23:59:59-01:00"])
def test_a_date_that_cannot_be_an_interval_is_none(element):
    assert interval_of(element) is None


@pytest.mark.parametrize(
    ("text", "reference", "matches"),
    [
        ("ann", "Patient/ann", True),
        ("Patient/ann", "Patient/ann", True),
        ("Group/ann", "Patient/ann", False),
        ("Patient/ann", "Patient/ann/_history/3", True),
        ("Patient/ann", "http://a.example/fhir/Patient/ann", True),
        ("http://a.example/fhir/Patient/ann", "http://a.example/fhir/Patient/ann", True),
        ("http://a.example/fhir/Patient/ann", "http://b.example/fhir/Patient/ann", False),
        ("ann", "", False),
        ("ann", None, False),
    ],
)
def test_a_reference_is_by_id_by_type_and_id_or_absolute(text, reference, matches):
    assert ReferenceTo.read(text).matches({"reference": reference}) is matches


def test_a_reference_may_be_by_the_identifier_of_its_target():
    assert ReferenceIdentifier.read("urn:ods|A99901").matches({"identifier": IDENTIFIER})
    assert not ReferenceIdentifier.read("urn:ods|A99901").matches({"reference": "Organization/A99901"})


@pytest.mark.parametrize(
    ("text", "element", "matches"),
    [
        ("urn:measure:m", "urn:measure:m|1.0", True),
        ("urn:measure:m", "urn:measure:m", True),
        ("urn:measure:m|1.0", "urn:measure:m|1.0", True),
        ("urn:measure:m|2.0", "urn:measure:m|1.0", False),
        ("urn:measure:m|1.0", "urn:measure:m", False),
        ("urn:measure:m", None, False),
    ],
)
def test_a_canonical_is_of_any_version_unless_one_is_asked_for(text, element, matches):
    assert Canonical.read(text).matches(element) is matches


def test_a_string_matches_from_its_start_in_any_case_and_a_uri_exactly():
    assert Text.read("oak").matches("Oakfield Surgery")
    assert not Text.read("field").matches("Oakfield Surgery")
    assert Uri.read("urn:a").matches("urn:a")
    assert not Uri.read("urn:A").matches("urn:a")


@pytest.mark.parametrize("reader", [Token.read, ReferenceTo.read])
def test_an_empty_value_is_refused(reader):
    with pytest.raises(ValueError, match="it is empty"):
        reader("")

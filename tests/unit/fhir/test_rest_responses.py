"""What a FHIR server says beside its resources: Bundles, outcomes, headers, and what it can do."""

from datetime import UTC, date, datetime

import orjson
import pytest

from hi_fhir.fhir.rest.bundles import Entry, link, searchset
from hi_fhir.fhir.rest.capability import Service, capability_statement
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.headers import accepts_gzip, check_acceptable, check_content_type, etag, http_date, is_tagged
from hi_fhir.fhir.rest.outcomes import FhirError

BASE = "http://127.0.0.1:1/fhir"


def test_a_searchset_carries_bodies_as_they_are():
    body = b'{"resourceType":"Patient","id":"ann","x":1.50}'

    page = searchset(BASE, [Entry("Patient", "ann", body)], links={"self": "s", "next": "n"}, total=1)

    assert body in page
    assert orjson.loads(page) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "link": [{"relation": "self", "url": "s"}, {"relation": "next", "url": "n"}],
        "entry": [{"fullUrl": f"{BASE}/Patient/ann", "resource": orjson.loads(body), "search": {"mode": "match"}}],
    }


def test_an_empty_searchset_has_no_entries_and_a_total_only_where_known():
    assert orjson.loads(searchset(BASE, [], links={"self": "s"})) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": "self", "url": "s"}],
    }


def test_links_are_absolute_and_encoded():
    assert link(BASE, "Patient", [("identifier", "urn:a|b c")]) == f"{BASE}/Patient?identifier=urn%3Aa%7Cb+c"
    assert link(BASE, "", [("_getpages", "x")]) == f"{BASE}?_getpages=x"
    assert link(BASE, "Patient", []) == f"{BASE}/Patient"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid"),
        (404, "not-found"),
        (405, "not-supported"),
        (406, "not-supported"),
        (410, "deleted"),
        (429, "throttled"),
    ],
)
def test_a_status_has_its_issue_code(status, code):
    assert FhirError(status, "why").outcome() == {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": "why"}],
    }


def test_an_error_may_name_a_better_code():
    assert FhirError(410, "gone", code="expired").outcome()["issue"][0]["code"] == "expired"


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("", None),
        ("*/*", None),
        ("application/fhir+json; fhirVersion=4.0", None),
        ("application/fhir+xml;q=0.5, application/json", None),
        ("application/fhir+xml", "json"),
        ("application/fhir+xml", "application/fhir json"),
    ],
)
def test_json_is_served_to_who_takes_it(accept, format_):
    check_acceptable(accept, format_)


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("application/fhir+xml", None),
        ("text/html", None),
        ("*/*", "xml"),
        ("application/fhir+json; fhirVersion=5.0", None),
    ],
)
def test_what_is_not_served_is_not_acceptable(accept, format_):
    with pytest.raises(FhirError) as refused:
        check_acceptable(accept, format_)

    assert refused.value.status == 406


def test_a_body_has_to_be_json():
    check_content_type("application/fhir+json; charset=utf-8")
    with pytest.raises(FhirError) as refused:
        check_content_type("text/plain")
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("header", "tagged"), [('W/"3"', True), ('"3"', True), ("*", True), ('W/"2", W/"3"', True), ('W/"2"', False)]
)
def test_a_version_is_known_by_its_tag(header, tagged):
    assert is_tagged(header, 3) is tagged
    assert etag(3) == 'W/"3"'


def test_a_date_for_http_is_in_gmt():
    assert http_date(datetime(2025, 4, 2, 12, tzinfo=UTC)) == "Wed, 02 Apr 2025 12:00:00 GMT"


def test_the_capability_statement_is_what_is_declared():
    reads_only = Service("reports", BASE, date(2025, 4, 2), {"MeasureReport": PARAMETERS["MeasureReport"]})

    statement = capability_statement(reads_only)

    [resource] = statement["rest"][0]["resource"]
    assert (statement["fhirVersion"], statement["date"]) == ("4.0.1", "2025-04-02")
    assert [one["code"] for one in resource["interaction"]] == ["read", "search-type"]
    assert {"name": "measure", "type": "reference"} in resource["searchParam"]
    assert "conditionalCreate" not in resource


@pytest.mark.parametrize("type_", PARAMETERS)
def test_parameter_names_are_unique_in_their_type(type_):
    names = [parameter.name for parameter in PARAMETERS[type_]]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("gzip, deflate", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("deflate, *;q=0", False),
    ],
)
def test_gzip_is_sent_to_who_accepts_it(header, accepted):
    assert accepts_gzip(header) is accepted

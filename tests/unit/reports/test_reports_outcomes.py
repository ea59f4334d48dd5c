"""What is kept of another server's answers, and what is not."""

from typing import Any

import orjson
import pytest

from hi_fhir.reports.sending.outcomes import Outcome, outcome_of_response, outcomes_of_transaction


def an_outcome(*issues: Any) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def test_an_answer_is_kept_as_status_etag_location_and_codes() -> None:
    body = an_outcome(
        {"code": "informational", "details": {"coding": [{"code": "SUCCESSFUL_UPDATE_NO_CONDITIONAL_MATCH"}]}}
    )
    headers = {"Location": "https://icb.example/fhir/MeasureReport/17/_history/2", "ETag": 'W/"2"'}

    assert outcome_of_response(201, headers, orjson.dumps(body)) == Outcome(
        status=201,
        etag='W/"2"',
        location="MeasureReport/17/_history/2",
        codes=("informational", "SUCCESSFUL_UPDATE_NO_CONDITIONAL_MATCH"),
    )


def test_hapi_tells_where_a_conditional_update_went_in_content_location() -> None:
    headers = {"Content-Location": "http://127.0.0.1/fhir/MeasureReport/17/_history/1"}

    assert outcome_of_response(200, headers, b"").reference == "MeasureReport/17"


def test_the_text_of_an_outcome_is_not_kept_but_hapi_s_message_number_is() -> None:
    body = an_outcome({"code": "processing", "diagnostics": "HAPI-0958: matched for 999 000 0018", "details": "x"})

    assert outcome_of_response(412, {}, orjson.dumps(body)).codes == ("processing", "HAPI-0958")


def test_a_success_whose_outcome_is_an_error_is_none() -> None:
    body = orjson.dumps(an_outcome({"severity": "error", "code": "processing"}))

    assert not outcome_of_response(200, {}, body).is_stored
    assert outcome_of_response(200, {}, orjson.dumps(an_outcome({"severity": "information"}))).is_stored


@pytest.mark.parametrize("code", ["9990000018", "two words", "", 17, None])
def test_what_is_no_code_is_not_kept_as_one(code: Any) -> None:
    assert outcome_of_response(400, {}, orjson.dumps(an_outcome({"code": code}))).codes == ()


def test_a_location_loses_its_query_and_whatever_is_no_reference() -> None:
    queried = {"Location": "https://icb.example/fhir/MeasureReport/17?token=secret"}
    odd = {"Location": "https://icb.example/login?back=/fhir"}

    assert outcome_of_response(201, queried, b"").location == "MeasureReport/17"
    assert outcome_of_response(201, odd, b"").location is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"issue": "x"}', b'{"issue": [17]}'])
def test_a_body_that_is_no_outcome_has_no_codes(body: bytes) -> None:
    assert outcome_of_response(502, {}, body) == Outcome(502)


def test_a_race_is_a_409_or_hapi_s_500_of_that_number() -> None:
    assert Outcome(409).is_race
    assert Outcome(500, codes=("processing", "HAPI-2223")).is_race
    assert not Outcome(500, codes=("processing", "HAPI-0389")).is_race
    assert not Outcome(412).is_race


def test_a_transaction_s_entries_are_told_one_by_one() -> None:
    body = {
        "resourceType": "Bundle",
        "entry": [
            {"response": {"status": "201 Created", "location": "Organization/4/_history/1", "etag": "1"}},
            {"response": {"status": "422", "outcome": an_outcome({"code": "invariant"})}},
            {"response": {}},
            {},
        ],
    }

    assert outcomes_of_transaction(orjson.dumps(body), 4) == [
        Outcome(201, etag="1", location="Organization/4/_history/1"),
        Outcome(422, codes=("invariant",)),
        Outcome(0),
        Outcome(0),
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"entry": [{}]}'])
def test_a_transaction_answered_with_too_little_tells_nothing(body: bytes) -> None:
    assert outcomes_of_transaction(body, 2) is None

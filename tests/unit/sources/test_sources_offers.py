"""What a server does not offer is stated and costs nothing else; how it wants to be asked is found out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import responses

from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.tables.scope import Scope
from tests.support.calling import BASE, NOW
from tests.support.landing import config_in
from tests.support.pulling import landed_lines
from tests.support.scripted import Asked, Reply, a_bundle, a_scripted_server, a_statement

SCT = "http://snomed.info/sct"
CODES = Scope(types={"Observation": (f"{SCT}|1",)})
PATIENT = {"resourceType": "Patient", "id": "p1", "meta": {"lastUpdated": "2025-01-01T00:00:00Z"}}
READING = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"coding": [{"system": SCT, "code": "1"}]},
    "subject": {"reference": "Patient/p1"},
}
HAS = {"Patient": PATIENT, "Observation": READING}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, slices=2, tries=3, retry_after_cap_s=0.01)


def pull_from_it(config: Config, scope: Scope) -> PullManifest:
    return pull(RunContext(config, NOW), SourceSettings("elm", BASE), scope, None, 1)


def whole(*types: str) -> Scope:
    return Scope(types=dict.fromkeys(types))


def truthful(asked: Asked) -> Reply:
    return a_bundle(total=1) if asked.is_count else a_bundle(HAS[asked.type])


@responses.activate
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_count_that_cannot_be_had_is_unknown_and_the_pages_are_read(config: Config, status: int) -> None:
    asked = a_scripted_server(lambda one: status if one.is_count else truthful(one))
    manifest = pull_from_it(config, whole("Patient"))
    assert manifest.server_counts == {"Patient": None}
    assert len(landed_lines(config, manifest)["Patient"]) == 1
    assert sum(one.is_count for one in asked) <= 3


@responses.activate
def test_a_count_that_takes_too_long_is_not_asked_for_again_and_again(config: Config) -> None:
    asked = a_scripted_server(lambda one: 504 if one.is_count else truthful(one))
    pull_from_it(replace(config, tries=9), whole("Patient"))
    assert sum(one.is_count for one in asked) == 2


@responses.activate
@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_a_type_whose_search_is_refused_is_not_offered_and_the_pull_goes_on(config: Config, status: int) -> None:
    a_scripted_server(lambda one: status if one.type == "EpisodeOfCare" else truthful(one))
    manifest = pull_from_it(config, whole("Patient", "EpisodeOfCare"))
    assert manifest.not_offered == {"EpisodeOfCare": f"its search is answered with {status}"}
    assert manifest.server_counts == {"Patient": 1, "EpisodeOfCare": None}
    assert len(landed_lines(config, manifest)["Patient"]) == 1


@responses.activate
def test_a_type_that_is_declared_without_search_is_not_asked_for(config: Config) -> None:
    statement = a_statement("Patient", "EpisodeOfCare", Patient=["read", "search-type"], EpisodeOfCare=["read"])
    asked = a_scripted_server(truthful, statement)
    manifest = pull_from_it(config, whole("Patient", "EpisodeOfCare"))
    assert manifest.not_offered == {"EpisodeOfCare": "its capability statement gives the type no search"}
    assert {one.type for one in asked} == {"Patient"}


@responses.activate
def test_a_type_that_is_declared_without_any_interaction_is_asked_for(config: Config) -> None:
    a_scripted_server(truthful, a_statement("Patient"))
    assert pull_from_it(config, whole("Patient")).not_offered == {}


@responses.activate
def test_what_is_not_offered_stands_in_the_snapshot(config: Config) -> None:
    a_scripted_server(lambda one: 404 if one.type == "EpisodeOfCare" else truthful(one))
    manifest = pull_from_it(config, whole("Patient", "EpisodeOfCare"))
    snapshot = flatten(RunContext(config, NOW), SourceSettings("elm", BASE), manifest.id)
    assert snapshot.not_offered == {"EpisodeOfCare": "its search is answered with 404"}


@responses.activate
@pytest.mark.parametrize(
    ("statement", "answer", "kind"),
    [
        (404, 403, "forbidden"),
        (404, 404, "http-status"),
        (404, 401, "unauthorised"),
        (a_statement("Observation"), 200, "not-offered"),
        (a_statement("Patient", Patient=["read"]), 200, "not-offered"),
    ],
)
def test_without_people_there_is_nothing_to_go_on_with(
    config: Config, statement: Reply, answer: int, kind: str
) -> None:
    a_scripted_server(lambda one: answer, statement)
    with pytest.raises(SourceError) as error:
        pull_from_it(config, whole("Patient", "Observation"))
    assert error.value.kind == kind


@responses.activate
def test_a_token_that_is_not_taken_is_no_missing_type(config: Config) -> None:
    a_scripted_server(lambda one: 401 if one.type == "Observation" else truthful(one))
    with pytest.raises(SourceError) as error:
        pull_from_it(config, whole("Patient", "Observation"))
    assert error.value.kind == "unauthorised"


@responses.activate
@pytest.mark.parametrize("status", [400, 403, 404, 405, 415, 501])
def test_a_form_that_is_refused_goes_in_the_address(config: Config, status: int) -> None:
    asked = a_scripted_server(
        lambda one: status if one.method == "POST" else truthful(one), a_statement("Patient", "Observation")
    )
    manifest = pull_from_it(config, CODES)
    assert manifest.not_offered == {}
    assert len(landed_lines(config, manifest)["Observation"]) == 1
    assert [one.parameters for one in asked if one.method == "GET" and not one.is_count] == [
        {"combo-code": "1", "_count": "200"}
    ]
    assert manifest.server_counts == {"Observation": 1}


@responses.activate
def test_a_form_that_is_refused_and_too_long_for_an_address_becomes_the_whole_type(config: Config) -> None:
    tokens = tuple(f"{SCT}|{number}" for number in range(1500))
    asked = a_scripted_server(
        lambda one: 405 if one.method == "POST" else truthful(one), a_statement("Patient", "Observation")
    )
    manifest = pull_from_it(config, Scope(types={"Observation": tokens}))
    assert [one.parameters for one in asked if one.method == "GET" and not one.is_count] == [{"_count": "200"}]
    assert manifest.server_counts == {"Observation": 1}


@responses.activate
def test_codes_that_are_refused_altogether_become_the_whole_type(config: Config) -> None:
    a_scripted_server(
        lambda one: 400 if "combo-code" in one.parameters else truthful(one), a_statement("Patient", "Observation")
    )
    manifest = pull_from_it(config, CODES)
    assert manifest.not_offered == {}
    assert len(landed_lines(config, manifest)["Observation"]) == 1


@responses.activate
@pytest.mark.parametrize(
    "own", [f"{BASE}?_getpages=abc&_getpagesoffset=0&_count=200", f"{BASE}/Observation?ct=H4sIAA", f"{BASE}?_CT=1"]
)
def test_a_self_link_that_names_a_kept_search_has_dropped_nothing(config: Config, own: str) -> None:
    def answer(one: Asked) -> dict[str, Any]:
        return a_bundle(total=1, own=own) if one.is_count else a_bundle(READING, own=own)

    a_scripted_server(answer, a_statement("Patient", "Observation"))
    assert len(landed_lines(config, pull_from_it(config, CODES))["Observation"]) == 1


@responses.activate
@pytest.mark.parametrize("own", [f"{BASE}/Observation?_count=200", f"{BASE}/Observation?code=1&ct=1&combo-code="])
def test_a_self_link_that_restates_less_than_was_asked_has(config: Config, own: str) -> None:
    scope = Scope(types={"Observation": (f"{SCT}|1", f"{SCT}|2")})
    a_scripted_server(lambda one: a_bundle(total=1, own=own), a_statement("Patient", "Observation"))
    with pytest.raises(SourceError) as error:
        pull_from_it(config, scope)
    assert error.value.kind == "dropped-parameter"


@responses.activate
@pytest.mark.parametrize("version", ["3.0.2", "1.0.2", "5.0.0", "6.0.0-ballot2", "R5"])
def test_another_version_of_fhir_is_refused_by_name(config: Config, version: str) -> None:
    a_scripted_server(truthful, a_statement("Patient", version=version))
    with pytest.raises(SourceError, match=f"speaks FHIR {version}") as error:
        pull_from_it(config, whole("Patient"))
    assert error.value.kind == "fhir-version"


@responses.activate
def test_a_statement_of_fhir_2_is_refused_whatever_it_says(config: Config) -> None:
    a_scripted_server(truthful, {**a_statement("Patient", version=""), "resourceType": "Conformance"})
    with pytest.raises(SourceError, match="DSTU2"):
        pull_from_it(config, whole("Patient"))


@responses.activate
@pytest.mark.parametrize("version", ["4.0.1", "4.0.0", "4.3.0", "R4", "", "unknown"])
def test_r4_and_a_server_that_does_not_say_are_read(config: Config, version: str) -> None:
    a_scripted_server(truthful, a_statement("Patient", version=version))
    assert pull_from_it(config, whole("Patient")).counts["Patient"].received == 1


@responses.activate
@pytest.mark.parametrize("statement", [401, 403, 404, 500, {"resourceType": "OperationOutcome", "issue": []}])
def test_a_statement_that_is_kept_back_stops_nothing(config: Config, statement: Reply) -> None:
    a_scripted_server(truthful, statement)
    assert pull_from_it(config, whole("Patient")).counts["Patient"].received == 1


@responses.activate
def test_a_byte_order_mark_costs_nothing(config: Config) -> None:
    def marked(resource: dict[str, Any]) -> bytes:
        return b"\xef\xbb\xbf" + orjson.dumps(resource)

    a_scripted_server(
        lambda one: marked(a_bundle(total=1) if one.is_count else a_bundle(READING)),
        marked(a_statement("Patient", "Observation")),
    )
    manifest = pull_from_it(config, CODES)
    assert manifest.server_counts == {"Observation": 1}
    assert len(landed_lines(config, manifest)["Observation"]) == 1


@responses.activate
def test_an_outcome_behind_a_byte_order_mark_is_read(config: Config) -> None:
    outcome = b'\xef\xbb\xbf{"resourceType": "OperationOutcome", "issue": [{"code": "security"}]}'
    a_scripted_server(lambda one: outcome, 404)
    with pytest.raises(SourceError, match=r"OperationOutcome \(security\)"):
        pull_from_it(config, whole("Patient"))

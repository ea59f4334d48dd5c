"""What the service has beside reports: logic, code lists, maps and operations as FHIR has them."""

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.fhir.resources import round_trip
from hi_fhir.measures import registry
from hi_fhir.measures.render.requirements import value_sets
from hi_fhir.reports.artifacts.naming import fhir_id, pascal
from hi_fhir.reports.artifacts.naming_systems import identifier_system
from hi_fhir.reports.artifacts.operations import OPERATIONS
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.reports.checks import check_resource
from hi_fhir.reports.definitions import measure_resource
from hi_fhir.terminology.catalogue import load
from hi_fhir.terminology.systems import SNOMED

Json = dict[str, Any]
BASE = "https://hi-fhir.example/fhir"
MEASURES = registry.load()
TERMINOLOGY = load()
ALL = served_artifacts(BASE, MEASURES, TERMINOLOGY)
BY_URL = {one["url"]: one for one in ALL}
HEAD = (
    "# title: t\n# version: {version}\n# source: s\n# retrieved: 2026-01-01\n# licence: l\n# reviewed_by: r\n"
    "# next_review: 2027-01-01\n# state: {state}\n# reason: not to be had\n"
)


def of_type(type_: str) -> list[Json]:
    return [one for one in ALL if one["resourceType"] == type_]


def canonicals(element: Any) -> Iterator[str]:
    """Every canonical of our own in an element."""
    if isinstance(element, dict):
        for value in element.values():
            yield from canonicals(value)
    elif isinstance(element, list):
        for value in element:
            yield from canonicals(value)
    elif isinstance(element, str) and element.startswith(f"{BASE}/"):
        yield element


@pytest.mark.parametrize("resource", ALL, ids=lambda one: f"{one['resourceType']}/{one['id']}")
def test_each_is_as_others_models_have_it_and_names_what_is_there(resource: Json) -> None:
    check_resource(resource)
    round_trip(resource)
    for url, version in (one.partition("|")[::2] for one in canonicals(resource)):
        assert url.startswith(f"{BASE}/Measure/") or version in ("", BY_URL[url]["version"])


def test_no_two_have_one_url() -> None:
    assert len(BY_URL) == len(ALL)
    named = {f"{BASE}/{one['resourceType']}/{one['id']}" for one in ALL}
    assert len(named) == len(ALL)
    assert {url for url in BY_URL if not url.startswith("urn:hi-fhir:")} <= named


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.id)
def test_a_measure_names_the_library_of_its_version_and_that_its_code_lists(measure) -> None:
    [url] = measure_resource(BASE, measure)["library"]
    library = BY_URL[url.partition("|")[0]]
    depends = [one["resource"] for one in library["relatedArtifact"] if one["type"] == "depends-on"]
    sentences, words = (b64decode(one["data"]).decode() for one in library["content"])

    assert url.endswith(f"|{library['version']}")
    assert depends == [f"{BASE}/ValueSet/{id_}|{TERMINOLOGY.value_set(id_).version}" for id_ in value_sets(measure)]
    assert sentences.startswith("initial population: ")
    assert json.loads(words)["populations"].keys() == dict(measure.populations()).keys()


def test_a_value_set_has_the_codes_of_its_file_and_no_terms() -> None:
    for resource in of_type("ValueSet"):
        include = resource.get("compose", {}).get("include", ())
        codes = {(one["system"], concept["code"]) for one in include for concept in one["concept"]}
        files = TERMINOLOGY.value_sets.get(resource["id"])
        assert codes == set(files.codes if files else TERMINOLOGY.ethnicity().meanings)
        assert all(concept.keys() == {"code"} for one in include for concept in one["concept"])
        assert (resource["status"] == "draft") == (not codes)


def test_a_map_has_the_pairs_of_its_file_and_no_terms_of_snomed() -> None:
    for resource in of_type("ConceptMap"):
        pairs = {}
        for group in resource["group"]:
            for element in group["element"]:
                [target] = element["target"]
                pairs[group["source"], element["code"]] = target.get("code", "")
                assert target["equivalence"] != "narrower" or target["comment"]
                assert group["source"] != SNOMED or "display" not in element
                assert group["target"] != SNOMED or "display" not in target
        assert pairs == TERMINOLOGY.concept_map(resource["id"]).targets


def test_what_an_overlay_brings_is_there_whatever_its_file_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "terminology" / "value_sets"
    folder.mkdir(parents=True)
    (folder / "our list_1.csv").write_text(HEAD.format(version="7", state="missing") + "# system: urn:x\ncode\n")

    [ours] = [one for one in served_artifacts(BASE, [], load([tmp_path])) if one.get("title") == "t"]

    assert (ours["version"], ours["status"], ours["id"]) == ("7", "draft", fhir_id("our list_1"))
    assert "State missing: not to be had." in ours["description"]
    assert "compose" not in ours
    check_resource(ours)
    round_trip(ours)


def test_names_are_such_as_fhir_takes() -> None:
    assert fhir_id("hypertension") == "hypertension"
    assert len(fhir_id("x" * 200)) <= 64
    assert fhir_id("a_b") != fhir_id("a b")
    assert (pascal("imd-decile"), pascal("2021 x")) == ("ImdDecile", "N2021X")


def test_systems_of_ours_that_maps_speak_of_are_there_with_their_codes() -> None:
    codes = {(group["target"], target["code"]) for group, target in mapped() if "code" in target}
    ours = {(system, code) for system, code in codes if system.startswith("urn:hi-fhir:")}
    assert ours
    for system, code in ours:
        assert code in [concept["code"] for concept in BY_URL[system]["concept"]]
    sources = {group["source"] for group, _ in mapped()}
    assert {one for one in sources if one.startswith("urn:hi-fhir:")} <= BY_URL.keys()


def mapped() -> Iterator[tuple[Json, Json]]:
    for group in (group for one in of_type("ConceptMap") for group in one["group"]):
        for element in group["element"]:
            yield from ((group, target) for target in element["target"])


def test_an_operation_is_called_where_its_definition_says() -> None:
    assert [one["code"] for one in of_type("OperationDefinition")] == [one.code for one in OPERATIONS]
    for one in of_type("OperationDefinition"):
        assert one["base"].startswith("http://hl7.org/fhir/")
        assert one["type"] or one["instance"]


def test_the_system_of_identifiers_is_one_that_fhir_takes() -> None:
    named = identifier_system("urn:x")
    check_resource(named)
    round_trip(named)
    assert named["uniqueId"][0]["value"] == "urn:x"

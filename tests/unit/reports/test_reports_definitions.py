"""What a report names of our own is defined, and says what its definition lets it say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hi_fhir.cohorts.lists import ListComparison, ListGroup
from hi_fhir.fhir.resources import round_trip
from hi_fhir.measures import ByWords, Crossing, Stratifier, registry
from hi_fhir.measures.render.narrative import sentence
from hi_fhir.measures.stratifiers import SEX
from hi_fhir.reports.checks import check_resource
from hi_fhir.reports.concepts import valued
from hi_fhir.reports.definitions import definitions, measure_resource
from hi_fhir.reports.vocabulary import EXTENSIONS
from hi_fhir.tables.standing import Standing, TypeState
from tests.support.evaluations import a_ratio, an_area
from tests.support.reporting import SETTINGS, Note, released_reports

Json = dict[str, Any]
BASE = SETTINGS.base
ILLNESS = registry.load(["severe-mental-illness-six-checks"])[0].initial_population
BY_ILLNESS = Stratifier("ill", "1", "Illness", ByWords((ILLNESS,)), ("recorded", "not-recorded", "unknown"))
MEASURES = [
    replace(one, stratifiers=(*one.stratifiers, BY_ILLNESS, Crossing((SEX, BY_ILLNESS))))
    for one in (*registry.load(), a_ratio())
]
DEFINED = {one["url"]: one for one in definitions(BASE, MEASURES)}
VOCABULARY = {f"{BASE}/StructureDefinition/{one.name}": one for one in EXTENSIONS}
PRIMITIVES = ("string", "code", "date", "decimal", "integer", "boolean", "Reference")


@pytest.fixture(scope="module")
def reports() -> list[Json]:
    """Reports that say all that reports may say, of all measures."""
    areas = [an_area("A99001"), an_area("A99002", pcn=None)]
    lists = ListComparison(date(2025, 4, 1), [ListGroup("A99001", "all", "all", 9, 200)], ["A99002"])
    told: dict[str, Any] = {"areas": areas, "people": 9, "notes": [Note("elm", "x")], "lists": lists}
    found = [one for who in ("pcn", "icb") for one in released_reports(who, measure=MEASURES[0]).reports.values()]
    for measure in MEASURES:
        wanting = [(Standing("main", type_, TypeState.NOT_UNDERSTOOD),) for type_ in ("Patient", "Condition")]
        for state, lost in (("full", ()), ("missing", ()), *((None, one) for one in ((), *wanting))):
            made = released_reports("icb", measure=measure, state=state, wanting=lost, **told)
            found += made.reports.values()
    return found


def walked(element: Any, path: str) -> Iterator[tuple[str, Json]]:
    """Every object with its path of elements."""
    if isinstance(element, dict):
        yield path, element
        for name, value in element.items():
            yield from walked(value, f"{path}.{name}")
    elif isinstance(element, list):
        for value in element:
            yield from walked(value, path)


def own_extensions(report: Json) -> Iterator[tuple[str, Json]]:
    for path, element in walked(report, "MeasureReport"):
        for extension in element.get("extension", ()) if isinstance(element.get("extension"), list) else ():
            if extension["url"].startswith(BASE):
                yield path, extension


def part_codes(extension: Json) -> dict[str, list[str]]:
    """The codes of an extension's parts."""
    found: dict[str, list[str]] = {}
    for part in extension.get("extension", ()):
        if "valueCode" in part:
            found.setdefault(part["url"], []).append(part["valueCode"])
    return found


def kind_of(extension: Json) -> str | None:
    return next((name.removeprefix("value") for name in extension if name.startswith("value")), None)


@pytest.mark.parametrize("resource", DEFINED.values(), ids=lambda one: one["url"].removeprefix(BASE))
def test_each_definition_is_r4(resource: Json) -> None:
    check_resource(resource)
    assert round_trip(resource)["url"] == resource["url"]


@pytest.mark.slow
def test_every_extension_that_a_report_carries_is_defined_where_it_stands(reports: list[Json]) -> None:
    seen = set()
    for report in reports:
        for path, extension in own_extensions(report):
            own = VOCABULARY[extension["url"]]
            assert DEFINED[extension["url"]]["resourceType"] == "StructureDefinition"
            where = "Extension" if path.endswith(".extension") else path.replace("._count", ".count")
            assert where in own.contexts
            seen.add(own.name)
    # Those two are of reports that were withdrawn, or are given again.
    assert {one.name for one in EXTENSIONS} - seen == {"correction", "withdrawn"}


@pytest.mark.slow
def test_every_extension_says_what_its_definition_lets_it_say(reports: list[Json]) -> None:
    for report in reports:
        for _, extension in own_extensions(report):
            own = VOCABULARY[extension["url"]]
            kind = kind_of(extension)
            if own.kind:
                assert kind in (own.kind[0].upper() + own.kind[1:], None if own.kind == "integer" else kind)
                continue
            assert kind is None
            parts = {part.name: part for part in own.parts}
            for part in extension["extension"]:
                known = parts.get(part["url"])
                assert known or own.is_open
                if known and known.kind:
                    assert kind_of(part) == known.kind[0].upper() + known.kind[1:]
            names = [part["url"] for part in extension["extension"]]
            single = [part.name for part in own.parts if not part.repeats]
            assert all(names.count(name) <= 1 for name in single)
            assert own.name == "statistic" or {*single} - {*names} <= {"content"}  # rules and imports have no digest
            assert own.name != "statistic" or ("absent" in names) != ({"lower", "upper", "method"} <= {*names})


@pytest.mark.slow
def test_extensions_repeat_only_where_they_may(reports: list[Json]) -> None:
    for report in reports:
        for _, element in walked(report, "MeasureReport"):
            urls = [one["url"] for one in element.get("extension", ())]
            assert all(urls.count(url) == 1 or VOCABULARY[url].repeats for url in urls if url in VOCABULARY)


@pytest.mark.slow
def test_every_code_of_our_own_systems_is_in_them(reports: list[Json]) -> None:
    measures = [measure_resource(BASE, measure) for measure in MEASURES]
    seen = set()
    for resource in (*reports, *measures):
        for _, element in walked(resource, ""):
            if str(element.get("system", "")).startswith(BASE):
                system = DEFINED[element["system"]]
                assert element["code"] in [concept["code"] for concept in system["concept"]]
                seen.add(element["system"])
    for extension in (one for report in reports for _, one in own_extensions(report)):
        codes = part_codes(extension)
        for part in VOCABULARY[extension["url"]].parts:
            if part.codes and part.name in codes:
                system = f"{BASE}/CodeSystem/{part.codes}"
                assert {*codes[part.name]} <= {concept["code"] for concept in DEFINED[system]["concept"]}
                seen.add(system)
    practice = f"{BASE}/CodeSystem/practice"  # always known; its system is there for what may come
    assert seen | {practice} == {url for url, one in DEFINED.items() if one["resourceType"] == "CodeSystem"}


def test_parts_are_of_types_that_fhir_has() -> None:
    kinds = {one.kind for one in EXTENSIONS} | {part.kind for one in EXTENSIONS for part in one.parts}
    assert kinds - {None} <= set(PRIMITIVES)


def test_a_measure_says_who_is_in_the_strata_that_words_decide() -> None:
    [told] = [
        one
        for one in measure_resource(BASE, MEASURES[0])["group"][0]["stratifier"]
        if BY_ILLNESS.id in str(one.get("code"))
    ]

    assert told["criteria"]["expression"] == (
        f"Illness: recorded: {sentence(ILLNESS)}; not-recorded: none of the others; unknown: not known"
    )


def test_what_withholds_strata_is_told_in_an_extension_and_in_the_text() -> None:
    told = {"measure": MEASURES[0], "people": 9, "wanting": (Standing("main", "Condition", TypeState.NOT_UNDERSTOOD),)}
    report = released_reports("practice", **told).reports["A99001"]
    withheld = [one for _, one in own_extensions(report) if one["url"].endswith("/withheld-strata")]
    [parts] = [
        [(part["url"], part.get("valueCode")) for part in one["extension"]]
        for one in withheld
        if valued("type", "Code", "Condition") in one["extension"]
    ]

    assert parts == [
        *(("source", None), ("type", "Condition"), ("standing", TypeState.NOT_UNDERSTOOD), ("stratifier", "ill")),
        *(("stratum", one) for one in BY_ILLNESS.strata),
        ("practice", None),
    ]
    assert "Condition of main (none-understood): by ill, recorded, not-recorded, unknown." in report["text"]["div"]

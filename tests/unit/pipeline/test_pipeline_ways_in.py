"""The same data gives the same reports, byte for byte, by search, by export and from a folder, and after publishing."""

from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest
import requests

from hi_fhir.sandbox import server
from hi_fhir.sandbox.people.model import DATA_DATE
from tests.support.cli import Ran, hi_fhir, settings
from tests.support.reporting import extensions, parts
from tests.support.sources import HYPERTENSION, ODS, PERIOD, SMOKER, Json, a_patient, a_record, counts, reports

DEFINED = ("CodeSystem", "Measure", "StructureDefinition")
MEASURES = "hypertension-treated-to-target-under-80,nhs-number-verified,smoking-status-recorded"
DAY = DATA_DATE.isoformat()
OLDER = {"meta": {"lastUpdated": "2025-01-01T10:00:00Z"}}
UNREAD = {"valueQuantity": "high"}
HIP = "75367002"


def a_practice(id_: str, code: str) -> Json:
    return {"resourceType": "Organization", "id": id_, "identifier": [{"system": ODS, "value": code}]}


PEOPLE = [a_patient(f"p{number}", "A99001" if number < 25 else "A99002") for number in range(40)]
SMOKERS = [a_record("Observation", f"o{number}", f"p{number}", SMOKER) for number in range(30)]
READINGS = [
    a_record("Observation", f"r{number}", "p3", "271649006", valueQuantity={"value": 120, "unit": "bananas"})
    for number in range(9)
]
MESSY = [
    *PEOPLE,
    *SMOKERS,
    *READINGS,
    a_record("Observation", "lost", "p1", SMOKER, **UNREAD),
    a_record("Observation", "lost-and-not-asked-for", "p1", HIP, **UNREAD),
    a_record("Observation", "not-asked-for", "p1", HIP),
    a_record("Observation", "of-nobody", "nobody", SMOKER),
    a_record("Condition", "c1", "p1", HYPERTENSION),
    a_record("Condition", "c2", "p2", HYPERTENSION, recordedDate="2024-13-45"),
    a_practice("one", "A99001"),
]
OTHER_TYPES = ("Measure", "MeasureReport", "Practitioner", "StructureDefinition")
STALE = [
    {**SMOKERS[0], **OLDER, "code": {"coding": [{"system": "http://snomed.info/sct", "code": HIP}]}},
    {**a_record("Observation", "o1", "p1", SMOKER, **UNREAD), **OLDER},
    SMOKERS[2],
]
"""Copies that no server gives any more, and one that came twice."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Path]:
    with settings(monkeypatch, tmp_path, workers=1):
        yield tmp_path


def write_all(folder: Path, resources: Iterable[Json]) -> Path:
    """A folder of one file that holds everything, in an order of its own."""
    folder.mkdir()
    lines = [orjson.dumps({**one, "meta": one.get("meta", {"lastUpdated": f"{DAY}T12:00:00Z"})}) for one in resources]
    (folder / "everything.ndjson").write_bytes(b"\n".join([*reversed(lines), b""]))
    return folder


def run(place: Path, data: str, source: str | Path, *more: str | Path, measures: str = MEASURES) -> Ran:
    asked = ("--source", source, "--period", PERIOD, "--measures", measures, "--audience", "icb")
    return hi_fhir("run", *asked, "--data-dir", place / data, *more, "--json")


def found(url: str, type_: str) -> list[Json]:
    """All of a type that a server has."""
    answer = requests.get(f"{url}/{type_}?_count=500", timeout=10)
    return [entry["resource"] for entry in answer.json()["entry"]]


def named_in(element: object, of: str = "") -> set[str]:
    """Every canonical URL of our own that a resource names. of: the name of the element."""
    if isinstance(element, dict):
        return set().union(*(named_in(value, name) for name, value in element.items()))
    if isinstance(element, list):
        return set().union(*(named_in(value, of) for value in element))
    is_own = isinstance(element, str) and element.startswith("https://hi-fhir.example/fhir/")
    return {element} if is_own and of in ("url", "system", "measure") else set()


def bytes_of(ran: Ran) -> dict[str, bytes]:
    """Reports by reporter and measure."""
    return {"/".join(Path(path).parts[-2:]): Path(path).read_bytes() for path in ran.json["reports"]}


@pytest.mark.slow
def test_search_export_and_folder_give_the_same_reports_of_messy_data(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = [a_practice("ours", "A99002"), *({"resourceType": type_, "id": "x"} for type_ in OTHER_TYPES)]
    with server.serve([*MESSY, *ours[:1]], port=0, data_date=DATA_DATE) as source:
        searched = run(place, "search", source.base_url)
        monkeypatch.setenv("HI_FHIR_PULL_METHOD", "export")
        exported = run(place, "export", source.base_url)
    filed = run(place, "folder", write_all(place / "files", [*MESSY, *STALE, *ours]), "--extract-date", DAY)

    assert bytes_of(filed) == bytes_of(searched)
    assert bytes_of(exported) == bytes_of(searched)
    terms = [ran.json["reconciliation"]["main"]["Observation"] for ran in (searched, filed)]
    assert terms[0]["received"] < terms[1]["received"]
    assert terms[0]["quarantined"] < terms[1]["quarantined"]
    smoking = next(one for one in reports(searched).values() if "/smoking-status-recorded|" in one["measure"])
    assert counts(smoking)["numerator"] == 25
    assert parts(extensions(smoking, "run-quarantine")[0]) == {"type": "Observation", "wrong-type": "masked"}


@pytest.mark.slow
def test_publishing_to_the_source_itself_leaves_every_report_as_it_was(place: Path) -> None:
    with server.serve(MESSY, port=0, data_date=DATA_DATE) as source:
        first = run(place, "data", source.base_url, "--publish", source.base_url)
        second = run(place, "data", source.base_url, "--publish", source.base_url)
        there = {f"{one['url']}|{one['version']}" for type_ in DEFINED for one in found(source.base_url, type_)}
        reports_there = found(source.base_url, "MeasureReport")

    assert second.json["reconciliation"]["main"]["Organization"]["kept"] > 1
    assert bytes_of(second) == bytes_of(first)
    assert second.json["published"]["sent"] == 0
    assert second.json["published"]["unchanged"] == first.json["published"]["sent"] == len(reports_there) > 0
    assert first.json["published"]["definitions"] > second.json["published"]["definitions"] == 0
    named = set().union(*map(named_in, reports_there))
    assert len(named) > 20
    assert named <= {url.partition("|")[0] for url in there} | there


@pytest.mark.slow
def test_a_report_is_the_same_whichever_measures_are_evaluated_beside_its_own(place: Path) -> None:
    source = write_all(place / "files", [*PEOPLE, *SMOKERS, *READINGS, a_record("Condition", "c1", "p1", HYPERTENSION)])
    together = bytes_of(run(place, "together", source, "--extract-date", DAY))
    for measure in MEASURES.split(","):
        alone = bytes_of(run(place, measure, source, "--extract-date", DAY, measures=measure))
        assert alone == {name: content for name, content in together.items() if name in alone}

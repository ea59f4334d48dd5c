"""The same people give the same tables in whatever layout they lie in a folder, and foreign folders what they hold."""

import gzip
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.days import Period
from hi_fhir.core.errors import GateError, NotFoundError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.pipeline.run import RunRequest, run
from hi_fhir.pipeline.run_folder import RunManifest
from hi_fhir.sandbox import render
from hi_fhir.sandbox.people import make_people
from hi_fhir.tables.snapshot import SnapshotManifest
from tests.support.landing import WHOLE, config_in

Resource = dict[str, Any]

CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
SHARED = Path(__file__).parents[3] / "shared"
PEOPLE = make_people(60, seed=4)
PLACES = list(render.organisation_resources())
_NAMES = UUID(int=0)


def written_by_type(folder: Path) -> None:
    """As a bulk export: a file a type."""
    for resource in everything():
        with (folder / f"{resource['resourceType']}.ndjson").open("ab") as file:
            file.write(orjson.dumps(resource) + b"\n")


def written_as_transactions(folder: Path) -> None:
    """As Synthea: a pretty transaction for the places, then one a person, whose entries refer by urn:uuid."""
    for number, resources in enumerate([PLACES, *(list(render.resources(person)) for person in PEOPLE)]):
        content = orjson.dumps(a_transaction(resources), option=orjson.OPT_INDENT_2)
        (folder / f"{number:03d}.json").write_bytes(content)


def written_as_posts_without_ids(folder: Path) -> None:
    """One transaction whose resources have no ids but those of their addresses."""
    resources = everything()
    names = {f"{one['resourceType']}/{one['id']}": f"urn:uuid:{one['id']}" for one in resources}
    entries = [
        {
            "fullUrl": names[f"{one['resourceType']}/{one['id']}"],
            "resource": {key: value for key, value in referring(one, names).items() if key != "id"},
            "request": {"method": "POST", "url": one["resourceType"]},
        }
        for one in resources
    ]
    content = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (folder / "all.json").write_bytes(orjson.dumps(content))


def written_as_pages(folder: Path) -> None:
    """As the answers to a search that somebody kept: searchsets of 40 in an array, packed."""
    resources = everything()
    pages = [resources[start : start + 40] for start in range(0, len(resources), 40)]
    with gzip.open(folder / "pages.json.gz", "wb") as file:
        file.write(orjson.dumps([a_page(page) for page in pages]))


def written_in_a_zip(folder: Path) -> None:
    """As somebody sends it: a resource a file, in a zip."""
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for number, resource in enumerate(everything()):
            packed.writestr(f"{number % 7}/{number}.json", orjson.dumps(resource, option=orjson.OPT_INDENT_2))


def everything() -> list[Resource]:
    return [*PLACES, *(one for person in PEOPLE for one in render.resources(person))]


def a_transaction(resources: Sequence[Resource]) -> Resource:
    """Every resource is posted under an address that is not its id, which the others refer to it by."""
    names = {f"{one['resourceType']}/{one['id']}": f"urn:uuid:{uuid5(_NAMES, one['id'])}" for one in resources}
    entries = [
        {
            "fullUrl": names[f"{one['resourceType']}/{one['id']}"],
            "resource": referring(one, names),
            "request": {"method": "POST", "url": one["resourceType"]},
        }
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def referring(content: Any, names: dict[str, str]) -> Any:
    """The content with the relative references that have a name by that."""
    if isinstance(content, list):
        return [referring(one, names) for one in content]
    if not isinstance(content, dict):
        return content
    return {
        key: names.get(value, value) if key == "reference" else referring(value, names)
        for key, value in content.items()
    }


def a_page(resources: Iterable[Resource]) -> Resource:
    base = render.ABSOLUTE_BASE
    entries = [
        {"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}


def tables_of(folder: Path, place: Path, keys: Path) -> SnapshotManifest:
    config = config_in(place, key_file=keys / "identity.key")
    source = SourceSettings("elm", str(folder), bases=(render.ABSOLUTE_BASE,))
    landed = pull(RunContext(config, CLOCK), source, WHOLE, date(2025, 4, 2), 1)
    return flatten(RunContext(config, CLOCK), source, landed.id)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> SnapshotManifest:
    folder = tmp_path_factory.mktemp("by-type")
    written_by_type(folder)
    return tables_of(folder, tmp_path_factory.mktemp("place"), keys)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(written_in_a_zip, marks=pytest.mark.slow),
        pytest.param(written_as_transactions, marks=pytest.mark.slow),
        pytest.param(written_as_posts_without_ids, marks=pytest.mark.slow),
        pytest.param(written_as_pages, marks=pytest.mark.slow),
    ],
)
def test_every_layout_gives_the_same_tables(
    expected: SnapshotManifest, tmp_path: Path, keys: Path, write: Callable[[Path], None]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder)
    found = tables_of(folder, tmp_path / "place", keys)
    assert found.rows == expected.rows
    assert found.rows["patient"] > 50
    assert found.tables == expected.tables
    assert found.reconciliation == expected.reconciliation


def ran(folder: Path, place: Path, *, data_date: date | None = date(2025, 4, 2), year: int = 2024) -> RunManifest:
    """A run whose every patient is registered with one practice unless the records say otherwise."""
    request = RunRequest(
        sources=(SourceSettings("elm", str(folder), practice="A99001"),),
        period=Period(date(year, 4, 1), date(year + 1, 3, 31)),
        data_date=data_date,
        measures=("ethnicity-recorded", "encounter-reason-coded"),
    )
    return run(RunContext(config_in(place), CLOCK), request)


def counted(folder: Path) -> Counter[str]:
    """Resources by type, by the json that Python has."""
    found: Counter[str] = Counter()
    for path in folder.rglob("*.json"):
        found.update(types_in(orjson.loads(path.read_text(encoding="utf-8-sig"))))
    for path in folder.rglob("*.ndjson"):
        for line in path.read_text(encoding="utf-8").splitlines():
            found.update(types_in(orjson.loads(line)))
    return found


def types_in(content: Any) -> Iterator[str]:
    if content.get("resourceType") == "Bundle":
        for entry in content.get("entry", ()):
            yield from types_in(entry["resource"]) if "resource" in entry else ()
    elif "resourceType" in content:
        yield content["resourceType"]


def received(made: RunManifest) -> dict[str, int]:
    return {type_: terms["received"] for type_, terms in made.reconciliation["elm"].items() if terms["received"]}


def shared(*path: str) -> Path:
    folder = SHARED.joinpath(*path)
    if not folder.exists():
        pytest.skip("the shared corpora are not here")
    return folder


@pytest.mark.slow
def test_the_examples_of_uk_core_are_all_received(tmp_path: Path) -> None:
    folder = shared("corpora", "ukcore-examples")
    made = ran(folder, tmp_path)
    assert received(made) == counted(folder)
    assert sum(received(made).values()) == 225
    assert made.reconciliation["elm"]["Patient"]["kept"] == made.people.persons == made.people.registered == 24
    assert made.reconciliation["elm"]["Encounter"] == {
        **dict.fromkeys(("carried", "superseded", "deleted", "out_of_scope"), 0),
        "received": 6,
        "kept": 1,  # the others say of nobody that they are about them
        "quarantined": 5,
    }


@pytest.mark.slow
def test_a_bulk_export_as_a_client_left_it_is_of_the_day_in_its_log(tmp_path: Path) -> None:
    folder = shared("corpora", "sample-bulk-10")
    made = ran(folder, tmp_path, data_date=None, year=2023)
    assert received(made) == counted(folder)
    assert (made.people.persons, made.people.registered, made.people.not_registered_by_reason["dead"]) == (13, 10, 3)
    [report] = [path for path in made.reports if "encounter" in path]
    assert orjson.loads(Path(report).read_bytes())["date"].startswith("2024-08-06")
    assert not any("not read" in note or "passed over" in note for note in made.notes)


def test_answers_of_the_demographics_service_are_its_patients(tmp_path: Path) -> None:
    folder = shared("corpora", "nhs-pds")
    made = ran(folder, tmp_path)
    assert received(made) == counted(folder) == {"Patient": 9, "RelatedPerson": 3}
    assert made.people.persons == 5  # some of them are in several files


def test_documentation_with_fhir_in_it_is_named_as_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="none of the 2 files of its folder holds records"):
        ran(shared("data", "gpconnect"), tmp_path)


@pytest.mark.slow
def test_structured_records_of_gp_connect_end_with_a_stated_gap(tmp_path: Path) -> None:
    """Its examples have one practitioner where FHIR has a list, so both versions of their patient are refused."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in shared("data", "gpconnect").glob("*.json"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / path.name).write_text("".join(line for line in lines if not line.startswith("{%")), encoding="utf-8")
    with pytest.raises(GateError, match="nobody is registered"):
        ran(folder, tmp_path / "place")
    [snapshot] = (tmp_path / "place").rglob("snapshot.json")
    told = orjson.loads(snapshot.read_bytes())
    assert told["quarantine"] == {"Patient": {"wrong-type": 2}}
    assert {type_: one["received"] for type_, one in told["reconciliation"].items() if one["received"]} == {
        **counted(folder)
    }


@pytest.mark.slow
def test_recordings_of_a_bulk_server_are_read_as_far_as_they_are_records(tmp_path: Path) -> None:
    made = ran(shared("corpora", "bulk-recordings"), tmp_path)
    assert received(made)["Resource"] == 28
    assert any("28 files are neither NDJSON nor a JSON document of FHIR" in note for note in made.notes)
    assert made.reconciliation["elm"]["Patient"]["received"] > 0


def test_manifests_alone_are_no_records(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="none of the 10 files of its folder holds records"):
        ran(shared("corpora", "bulk-ig-examples"), tmp_path)

"""The sandbox as files: complete, the same every time, and readable by what imports them."""

import gzip
import hashlib
from collections import Counter
from pathlib import Path

import msgspec
import orjson
import pytest

from hi_fhir.cohorts.imports import import_organisations, import_postcodes, load_organisations
from hi_fhir.core.config import Config
from hi_fhir.measures import registry
from hi_fhir.measures.render.requirements import value_sets
from hi_fhir.sandbox.folder import write_folder
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.places import DIRECTORY
from hi_fhir.terminology.catalogue import load

PEOPLE = make_people(120, seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sandbox")
    write_folder(target, PEOPLE, gz=False)
    return target


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_people_give_the_same_files(folder: Path, tmp_path: Path) -> None:
    write_folder(tmp_path, PEOPLE, gz=False)
    assert _digests(tmp_path) == _digests(folder)


def test_compressed_files_hold_the_same_and_replace_the_plain_ones(folder: Path, tmp_path: Path) -> None:
    write_folder(tmp_path, make_people(5, seed=2), gz=False)
    write_folder(tmp_path, PEOPLE, gz=True)
    packed = {path.name: gzip.decompress(path.read_bytes()) for path in (tmp_path / "fhir").glob("*.ndjson*")}
    assert packed == {f"{path.name}.gz": path.read_bytes() for path in (folder / "fhir").glob("*.ndjson")}
    again = _digests(tmp_path)
    write_folder(tmp_path, PEOPLE, gz=True)
    assert _digests(tmp_path) == again


def test_the_truth_says_how_many_lines_there_are(folder: Path) -> None:
    truth = orjson.loads((folder / "truth.json").read_bytes())
    for path in (folder / "fhir").glob("*.ndjson"):
        terms = truth["reconciliation"][path.stem]
        assert terms["received"] == len(path.read_bytes().splitlines()), path.stem
        assert terms.pop("received") == sum(terms.values()), path.stem


def test_some_lines_are_broken_and_some_are_older_versions(folder: Path) -> None:
    terms = orjson.loads((folder / "truth.json").read_bytes())["reconciliation"]
    assert terms["Observation"]["superseded"] > 0
    for type_ in ("Observation", "Patient"):
        lines = (folder / "fhir" / f"{type_}.ndjson").read_bytes().splitlines()
        readable = [line for line in lines if _is_readable(line)]
        assert len(lines) - len(readable) == 1
        ids = Counter(orjson.loads(line)["id"] for line in readable)
        assert sum(count > 1 for count in ids.values()) == terms[type_]["superseded"]
        elsewhere = sum(b"https://elsewhere.example.invalid/" in line for line in lines)
        assert 3 <= terms[type_]["quarantined"] <= 3 + elsewhere


def test_what_is_broken_costs_no_type_its_numbers(folder: Path) -> None:
    terms = orjson.loads((folder / "truth.json").read_bytes())["reconciliation"]
    shares = {type_: counts["quarantined"] / counts["received"] for type_, counts in terms.items()}
    assert shares["Organization"] == 0
    assert max(shares.values()) < Config().quarantine_limit


def _is_readable(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return True


def test_the_imports_take_the_directory_and_the_memberships(folder: Path, tmp_path: Path) -> None:
    assert import_postcodes(folder / "postcodes.csv", tmp_path).rows == len(DIRECTORY)
    import_organisations(folder / "organisations.csv", tmp_path)
    areas = load_organisations(tmp_path)
    assert areas is not None
    assert len({one.practice for one in areas.memberships}) == 10


def test_the_overlay_completes_the_value_sets_of_the_measures(folder: Path) -> None:
    overlaid = load((folder / "overlay",))
    used = {id_ for measure in registry.load() for id_ in value_sets(measure)}
    assert {overlaid.value_set(id_).state for id_ in used} == {"full", "outdated", "demonstration"}


def test_nobody_is_a_folder_too(tmp_path: Path) -> None:
    write_folder(tmp_path, (), gz=False)
    truth = orjson.loads((tmp_path / "truth.json").read_bytes())
    assert truth["counts"] == []
    assert truth["people"]["persons"] == 0
    assert truth["reconciliation"]["Organization"]["kept"] == 18

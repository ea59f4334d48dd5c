"""`hi-fhir doctor`: what it finds on a bare machine, a set-up one, and with servers that do and do not answer."""

from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from hi_fhir.store.session import open_store
from hi_fhir.tables.identity import load_key
from hi_fhir.terminology.data_files import shipped_folder
from tests.support.cli import Ran, hi_fhir, settings

BASE = "http://example.invalid/fhir"
SOURCE = f'[sources.elm]\naddress = "{BASE}"\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with settings(monkeypatch, tmp_path):
        yield tmp_path


def given_imports(place: Path) -> None:
    (place / "postcodes.csv").write_text("pcds,lsoa11,lsoa21\nAA1 1AA,E01000001,E01000001\n", encoding="utf-8")
    assert hi_fhir("mappings", "import-postcodes", place / "postcodes.csv").code == 0


def states(ran: Ran) -> dict[str, str]:
    return {check["name"]: check["state"] for check in ran.json}


def found(ran: Ran, name: str) -> str:
    [check] = [check for check in ran.json if check["name"] == name]
    return f"{check['found']} {check['to_do']}"


def test_a_bare_machine_lacks_postcodes_alone_and_the_doctor_makes_nothing(place: Path) -> None:
    ran = hi_fhir("doctor", "--json")

    assert ran.code == 2
    assert [name for name, state in states(ran).items() if state == "set up"] == ["postcodes"]
    assert "the first run makes it" in found(ran, "identity key")
    assert list(place.iterdir()) == []


def test_what_is_set_up_is_told_and_the_code_is_0(place: Path) -> None:
    given_imports(place)
    key = load_key(place / "keys" / "identity.key")
    open_store(f"sqlite:///{place / 'data' / 'hi_fhir.sqlite'}").close()

    ran = hi_fhir("doctor", "--json")

    assert ran.code == 0
    assert set(states(ran).values()) == {"ok", "note"}
    assert key.key_id in found(ran, "identity key")
    assert "migrated" in found(ran, "store")
    assert key.secret.hex() not in ran.out


def test_measures_without_a_numerator_are_named_with_the_lists_that_lack(place: Path) -> None:
    ran = hi_fhir("doctor", "--json")

    assert states(ran)["severe-mental-illness-six-checks"] == "note"
    assert "alcohol, lipids" in found(ran, "severe-mental-illness-six-checks")
    assert "4 missing" in found(ran, "code lists")


def test_a_key_that_others_may_read_is_to_be_mended(place: Path) -> None:
    load_key(place / "keys" / "identity.key")
    (place / "keys" / "identity.key").chmod(0o644)

    ran = hi_fhir("doctor", "--json")

    assert states(ran)["identity key"] == "set up"
    assert "others may read it" in found(ran, "identity key")


def test_a_key_in_the_data_folder_is_to_be_moved(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HI_FHIR_KEY_FILE", str(place / "data" / "identity.key"))

    assert "HI_FHIR_KEY_FILE" in found(hi_fhir("doctor", "--json"), "identity key")


def test_a_data_folder_that_is_open_to_others_is_to_be_closed(place: Path) -> None:
    given_imports(place)
    assert states(hi_fhir("doctor", "--json"))["data folder"] == "ok"
    (place / "data").chmod(0o755)

    assert states(hi_fhir("doctor", "--json"))["data folder"] == "set up"


def test_a_file_that_is_no_store_is_told(place: Path) -> None:
    (place / "data").mkdir(mode=0o700)
    (place / "data" / "hi_fhir.sqlite").write_bytes(b"not a database at all" * 100)

    assert states(hi_fhir("doctor", "--json"))["store"] == "set up"


def test_an_opt_out_list_that_is_not_there_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HI_FHIR_OPT_OUT_POLICY", "imported-list")
    assert states(hi_fhir("doctor", "--json"))["opt-outs"] == "set up"
    (place / "list.csv").write_text("nhs_number\n", encoding="utf-8")
    monkeypatch.setenv("HI_FHIR_OPT_OUT_LIST", str(place / "list.csv"))

    assert states(hi_fhir("doctor", "--json"))["opt-outs"] == "ok"


def given_a_server(place: Path, *answers: dict[str, Any]) -> None:
    """A source whose /metadata and then whose Patient search answer so."""
    given_imports(place)
    (place / "hi-fhir.toml").write_text(SOURCE, encoding="utf-8")
    for path, answer in zip(("metadata", "Patient"), answers, strict=False):
        responses.get(f"{BASE}/{path}", **answer)


STATEMENT = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{"resource": []}]}
REFUSED = {"json": {"resourceType": "OperationOutcome", "issue": []}}
PAGE = {"body": b"<html>Welcome</html>", "content_type": "text/html"}
FOUND = {"json": {"resourceType": "Bundle", "type": "searchset"}}


@responses.activate
def test_a_server_that_answers_is_reached(place: Path) -> None:
    given_a_server(place, {"json": STATEMENT})

    ran = hi_fhir("doctor", "--json")

    assert (ran.code, states(ran)["source elm"]) == (0, "ok")
    assert "FHIR 4.0.1" in found(ran, "source elm")


@responses.activate
@pytest.mark.parametrize("metadata", [{**REFUSED, "status": 404}, {**REFUSED, "status": 401}, {"json": {"a": 1}}])
def test_a_server_without_a_statement_is_asked_for_a_search(place: Path, metadata: dict[str, Any]) -> None:
    given_a_server(place, metadata, FOUND)

    ran = hi_fhir("doctor", "--json")

    assert states(ran)["source elm"] == "ok"
    assert "answers a search" in found(ran, "source elm")


@responses.activate
def test_types_that_a_server_does_not_offer_are_a_note(place: Path) -> None:
    resource = [{"type": "Patient", "interaction": [{"code": "search-type"}]}, {"type": "Encounter", "interaction": []}]
    given_a_server(place, {"json": {**STATEMENT, "rest": [{"resource": resource}]}})

    ran = hi_fhir("doctor", "--json")

    assert (ran.code, states(ran)["source elm"]) == (0, "note")
    assert "not offered: Condition, EpisodeOfCare" in found(ran, "source elm")
    assert "Encounter" not in found(ran, "source elm")


@responses.activate
@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([PAGE], "is /fhir missing"),
        ([{**PAGE, "status": 404}, {**PAGE, "status": 404}], "is /fhir missing"),
        ([{"json": {"status": "up"}}, {"json": {"status": "up"}}], "is /fhir missing"),
        ([{**REFUSED, "status": 404}, REFUSED], "OperationOutcome"),
        ([{**REFUSED, "status": 401}, {**REFUSED, "status": 401}], "HI_FHIR_SOURCE_ELM_TOKEN"),
        ([{**REFUSED, "status": 503}, {**REFUSED, "status": 503}], "wait for the server"),
        ([{"json": {**STATEMENT, "fhirVersion": "3.0.2"}}], "speaks FHIR 3.0.2"),
        ([{"body": requests.ConnectionError("no")}], "cannot be reached"),
    ],
)
def test_a_server_that_cannot_be_used_says_why_and_the_code_is_3(place: Path, answers: list[Any], told: str) -> None:
    given_a_server(place, *answers)

    ran = hi_fhir("doctor", "--json")

    assert (ran.code, states(ran)["source elm"]) == (3, "unreachable")
    assert told in found(ran, "source elm")


def test_a_source_that_is_a_folder_is_looked_for(place: Path) -> None:
    (place / "export").mkdir()
    there, gone = f'[sources.a]\naddress = "{place}/export"\n', f'[sources.b]\naddress = "{place}/nowhere"\n'
    (place / "hi-fhir.toml").write_text(there + gone, encoding="utf-8")

    ran = hi_fhir("doctor", "--json")

    assert (states(ran)["source a"], states(ran)["source b"]) == ("ok", "unreachable")


def test_it_can_be_read_by_a_person(place: Path) -> None:
    ran = hi_fhir("doctor")

    assert "import-postcodes FILE" in ran.out
    assert "identity key" in ran.out


def test_a_made_up_list_is_told_beside_those_that_lack(place: Path) -> None:
    folder = place / "overlay" / "terminology" / "value_sets"
    folder.mkdir(parents=True)
    own = (shipped_folder("terminology") / "value_sets" / "alcohol.csv").read_text(encoding="utf-8")
    (folder / "alcohol.csv").write_text(own.replace("# state: partial", "# state: demonstration"), encoding="utf-8")

    told = found(hi_fhir("doctor", "--json", "--overlay", place / "overlay"), "severe-mental-illness-six-checks")

    assert "no numerator above the practice: lipids" in told
    assert "published to this machine only, made up: alcohol" in told

"""`hi-fhir accounts`: who is let in to pages, and that no password is an argument or is printed."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from hi_fhir.access.log_ins import LogInError, LogIns
from hi_fhir.cli.main import cli
from hi_fhir.core.clock import SystemClock
from hi_fhir.core.roles import Role
from hi_fhir.store import accounts
from hi_fhir.store.session import Store, open_store
from tests.support.cli import Ran, hi_fhir, settings

PASSWORD = "sandy otter kettle"
ANOTHER = "granite maple folder"


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with settings(monkeypatch, tmp_path):
        yield


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data" / "hi_fhir.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password.txt"
    path.write_text(f"{PASSWORD}\r\nand what is below it\n")
    return path


def add(name: str, file: Path, *more: str) -> Ran:
    return hi_fhir("accounts", "add", name, "--from", file, *(more or ("--role", "icb", "--organisation", "qx1")))


def test_an_account_is_made_listed_used_and_revoked(store: Store, file: Path) -> None:
    assert hi_fhir("accounts", "list").out.strip() == "Nobody has an account."
    assert add(" Ann.Smith", file, "--role", "icb", "--organisation", "qx1", "--json").json == {
        "account_id": "ann.smith",
        "role": "icb",
        "organisation": "QX1",
    }
    [told] = hi_fhir("accounts", "list", "--json").json
    assert (told["account_id"], told["role"], told["organisation"], told["logs_in_by"], told["revoked"]) == (
        *("ann.smith", "icb", "QX1", "password"),
        None,
    )
    log_ins = LogIns(store, SystemClock())
    token = log_ins.by_password("ann.smith", PASSWORD, "127.0.0.1")
    assert log_ins.person(token) == accounts.PagePerson("ann.smith", "ann.smith", Role.ICB, "QX1")

    assert hi_fhir("accounts", "revoke", "ann.smith").code == 0
    assert log_ins.person(token) is None
    assert hi_fhir("accounts", "list", "--json").json[0]["revoked"]
    for command in ("revoke", "password"):
        again = hi_fhir("accounts", command, "ann.smith")
        assert (again.code, "no account is called" in again.err) == (2, True)


def test_an_account_and_its_name_are_given_once(file: Path) -> None:
    assert add("ann", file).code == 0
    for _ in range(2):
        again = add("ANN", file)
        assert (again.code, "is there, or was" in again.err) == (2, True)
        hi_fhir("accounts", "revoke", "ann")


def test_another_password_ends_what_was_begun_with_the_one_before(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("ann", file)
    log_ins = LogIns(store, SystemClock())
    token = log_ins.by_password("ann", PASSWORD, "127.0.0.1")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ANOTHER}\n"))
    assert hi_fhir("accounts", "password", "ann", "--from", "-", "--json").json == {
        "account_id": "ann",
        "changed": True,
    }
    assert log_ins.person(token) is None
    with pytest.raises(LogInError):
        log_ins.by_password("ann", PASSWORD, "127.0.0.1")
    assert log_ins.person(log_ins.by_password("ann", ANOTHER, "127.0.0.1"))


def test_a_password_is_asked_for_twice_and_not_shown(store: Store) -> None:
    asked = ["accounts", "add", "ann", "--role", "operator"]
    ran = CliRunner().invoke(cli, asked, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert (ran.exit_code, ran.stdout.strip()) == (0, "Account ann: operator")
    assert PASSWORD not in ran.output
    differs = CliRunner().invoke(cli, ["accounts", "password", "ann"], input=f"{ANOTHER}\n{PASSWORD}\n")
    assert differs.exit_code != 0
    assert LogIns(store, SystemClock()).by_password("ann", PASSWORD, "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("ann", ("--role", "icb"), "--organisation ODS goes with the roles"),
        ("ann", ("--role", "operator", "--organisation", "QX1"), "--organisation ODS goes with the roles"),
        ("ann", ("--role", "icb", "--organisation", " "), "ODS codes is empty"),
        ("ann smith", ("--role", "operator"), "a name to log in by has"),
        ("oidc:x", ("--role", "operator"), "a name to log in by has"),
        ("", ("--role", "operator"), "a name to log in by has"),
        ("x" * 65, ("--role", "operator"), "a name to log in by has"),
        ("ann", ("--role", "public"), "'public' is not one of"),
    ],
)
def test_an_account_that_nobody_could_have_is_not_made(
    file: Path, name: str, arguments: tuple[str, ...], told: str
) -> None:
    ran = add(name, file, *arguments)
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert hi_fhir("accounts", "list", "--json").json == []


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "cannot be read"), (b"\xff\xfe", "cannot be read"), (b"short", "12 to 256"), (b"\nlong enough", "12 to")],
)
def test_a_file_without_a_password_makes_no_account(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    ran = add("ann", path)
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert hi_fhir("accounts", "list", "--json").json == []

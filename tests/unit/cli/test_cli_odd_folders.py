"""Whatever the data folder and the source are called, the whole run gives the same reports."""

import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.cli import hi_fhir, settings

PERIOD = ("--period", "2024-04-01..2025-03-31", "--measures", "nhs-number-verified,deprivation-linked")
PRACTICE = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99001"}}
EVERYTHING_ODD = "a:b ?#%41'\"[x]{y}*=1é日"
ODD = (
    "a:b",
    "file:x",
    "s3:x",
    "a b",
    "a?b",
    "a#b",
    "a%41b",
    "a%20b",
    "a'b",
    'a"b',
    "a[b]",
    "a*",
    "**",
    "key=1",
    "é 日本",
    "a\\b",
    "~",
    "$HOME",
    "{x}",
    "a;b&c",
    "a\nb",
    "a.sqlite",
)


def a_patient(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "birthDate": "1960-05-03",
        "meta": {"lastUpdated": "2025-04-02T10:00:00Z"},
        "managingOrganization": PRACTICE,
        "address": [{"use": "home", "postalCode": "AA1 1AA"}],
    }


def given(folder: Path, people: int) -> Path:
    """A source of so many people in `folder`, and a postcode directory beside it."""
    source = folder / "in"
    source.mkdir(parents=True)
    lines = [orjson.dumps(a_patient(number)) + b"\n" for number in range(people)]
    (source / "Patient.ndjson").write_bytes(b"".join([*lines, b'{"resourceType": "Patient"}\n']))
    (folder / "codes.csv").write_text("pcds,lsoa11,lsoa21\nAA1 1AA,E01000001,E01000001\n", encoding="utf-8")
    return source


def reports_of(place: Path, name: str, environment: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What every step of a run gives in a data folder of this name; all of them must succeed."""
    with settings(environment, place, data_dir=f"{name}/data", quarantine_limit=0.5):  # one of eleven is lost
        source = given(Path(name), 10)
        for arguments in (
            ("mappings", "import-postcodes", Path(name) / "codes.csv"),
            ("run", "--source", f"elm={source}", *PERIOD, "--audience", "practice"),
            ("report", "--audience", "icb"),
            ("status",),
            ("quarantine", "--source", "elm"),
        ):
            ran = hi_fhir(*arguments)
            assert ran.code == 0, ran.err
        assert hi_fhir("doctor").code in (0, 2)
        data = Path(name) / "data"
        reports = sorted(data.glob("runs/*/reports/**/*.json"))
        return {str(path.relative_to(data / "runs")).partition(os.sep)[2]: path.read_bytes() for path in reports}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as environment:
        found = reports_of(tmp_path_factory.mktemp("place"), "plain", environment)
    assert b'"count":10' in b"".join(found.values())
    return found


@pytest.mark.slow
def test_a_folder_with_every_odd_mark_in_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: dict[str, bytes]
) -> None:
    assert reports_of(tmp_path, EVERYTHING_ODD, monkeypatch) == plain


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_a_folder_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: dict[str, bytes], name: str
) -> None:
    assert reports_of(tmp_path, name, monkeypatch) == plain


@pytest.mark.slow
@pytest.mark.parametrize(("pattern", "other"), [("a*", "ab"), ("a[b]", "ab"), ("a?", "ab")])
def test_the_data_of_another_folder_that_the_name_would_match_as_a_pattern_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: dict[str, bytes], pattern: str, other: str
) -> None:
    reports_of(tmp_path, other, monkeypatch)
    assert reports_of(tmp_path, pattern, monkeypatch) == plain


@pytest.mark.slow
def test_a_slash_at_the_end_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with settings(monkeypatch, tmp_path, data_dir="data/"):
        source = given(Path("x"), 1)
        assert hi_fhir("run", "--source", f"{source}/", *PERIOD, "--data-dir", "a:b/").code == 0
        assert (tmp_path / "a:b" / "runs").is_dir()


@pytest.mark.parametrize(("name", "told"), [("a\udcff", "its name is not UTF-8"), ("a\\b*", "a backslash may not")])
def test_a_name_under_which_no_table_can_be_kept_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    with settings(monkeypatch, tmp_path):
        ran = hi_fhir("status", "--data-dir", name)
    assert ran.code == 2
    assert told in ran.err

"""`hi-fhir agreements`: recorded, listed and ended, and what is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import hi_fhir, settings

TERMS = (
    *("--organisation", "a99001", "--recipient", "QX1", "--audience", "icb", "--audience", "pcn"),
    *("--purpose", "Network Contract DES", "--lawful-basis", "UK GDPR Article 6(1)(e)", "--dpia", "DPIA-2026-014"),
)


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with settings(monkeypatch, tmp_path):
        yield


def test_an_agreement_is_recorded_listed_and_ended() -> None:
    assert "No agreement is recorded." in hi_fhir("agreements", "list").out
    id_ = hi_fhir("agreements", "add", *TERMS, "--start", "2020-04-01", "--json").json["agreement_id"]

    [told] = hi_fhir("agreements", "list", "--json").json
    assert (told["agreement_id"], told["practice"], told["audiences"]) == (id_, "A99001", "icb, pcn")
    assert (told["start"], told["last_day"], told["in_force"]) == ("2020-04-01", None, True)
    listed = hi_fhir("agreements", "list").out
    assert "A99001" in listed
    assert "not-required here" in listed

    assert hi_fhir("agreements", "end", id_).code == 0
    assert hi_fhir("agreements", "list", "--json").json[0]["in_force"] is False
    again = hi_fhir("agreements", "end", id_)
    assert (again.code, "is in force" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--start", "2026-04-01", "--end", "2026-03-31"), "--end is before --start"),
        (("--start", "2026-04-01", "--purpose", " "), "--purpose is one line"),
        (("--start", "2026-04-01", "--organisation", " "), "--organisation"),
        (("--start", "2026-04-01", "--audience", "practice"), "--audience"),
        (("--start", "soon"), "--start"),
    ],
)
def test_what_is_no_agreement_is_refused(more: tuple[str, ...], said: str) -> None:
    refused = hi_fhir("agreements", "add", *TERMS, *more)
    assert (refused.code, said in refused.err) == (2, True)
    assert "No agreement is recorded." in hi_fhir("agreements", "list").out

"""`hi-fhir retract`: the how-to as it is typed, what it prints, and what it refuses."""

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.store.session import open_store
from tests.support.cli import Ran, hi_fhir, settings
from tests.support.evaluations import AREAS, write_evaluation
from tests.support.pages import ROOT

PAGE = ROOT / "docs" / "how-to" / "withdraw-a-report.md"
WHY = ("--reason", "Counted twice", "--asked-by", "A. Analyst")


@pytest.fixture(autouse=True)
def _released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One measure's reports for a board."""
    data = tmp_path / "data"
    write_evaluation(data / "evaluations" / "e1", measures=["ethnicity-recorded"], areas=AREAS[:3])
    config, store = Config(data_dir=data), open_store(data / "hi_fhir.sqlite")
    context = RunContext(config, FixedClock(datetime(2025, 5, 3, tzinfo=UTC)), opened=store)
    report(context, data / "evaluations" / "e1", "icb", data / "runs" / "1")
    store.close()
    with settings(monkeypatch, tmp_path):
        yield


def typed() -> list[list[str]]:
    return [shlex.split(line)[1:] for line in PAGE.read_text().splitlines() if line.startswith("hi-fhir ")]


def test_the_how_to_as_it_is_typed() -> None:
    dry, done, lifted, again = typed()
    ran = hi_fhir(*dry)
    assert (ran.code, "Would be withdrawn" in ran.out, "A99001" in ran.out) == (0, True, True)
    assert not withdrawn()
    assert hi_fhir(*done).code == 0
    assert [(row["reporter"], row["value"]) for row in withdrawn()] == [("A99001", None)]
    assert "Counted twice" in withdrawn()[0]["reason"]
    ran = hi_fhir(*again)
    assert (ran.code, "1 of them stay withdrawn" in ran.err) == (0, True)
    assert hi_fhir(*lifted).out.startswith("1 reports are given again by the next release")
    assert withdrawn()
    assert hi_fhir(*again).code == 0
    assert not withdrawn()


def withdrawn() -> list[dict]:
    return [row for row in hi_fhir("statistics", "--json").json if row["statistic"] == "withdrawn"]


def test_json_says_what_was_withdrawn_and_by_which_version() -> None:
    [would] = hi_fhir("retract", "--reporter", "A99002", *WHY, "--dry-run", "--json").json
    told = hi_fhir("retract", would["id"], *WHY, "--json").json
    assert told["reports"] == [would]
    assert (would["version"], would["already"], told["sent"], told["files"]) == (2, False, 0, 1)
    [again] = hi_fhir("retract", would["identifier"], *WHY, "--json").json["reports"]
    assert again == would | {"already": True}
    assert hi_fhir("retract", would["id"], *WHY, "--lift", "--json").json == {"identifiers": [would["identifier"]]}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (WHY, "say which reports"),
        (("--audience", "icb", *WHY), "say which reports"),
        (("no-such-id", *WHY), "no released report is meant"),
        (("--measure", "ethnicity-recorded", *WHY, "--lift"), "reports is withdrawn"),
        (("--measure", "ethnicity-recorded", *WHY, "--lift", "--dry-run"), "--lift goes without"),
        (("--measure", "ethnicity-recorded", "--reason", "x"), "--asked-by"),
        (("--measure", "ethnicity-recorded", "--reason", " ", "--asked-by", "x"), "the reason is one line"),
        (
            ("--measure", "ethnicity-recorded", "--reason", "x", "--asked-by", "a\nb"),
            "the name of who asks is one line",
        ),
        (("--period", "2024", *WHY), "is not a period"),
        (("--measure", "ethnicity-recorded", *WHY, "--publish", "ftp://x"), "give the base of a FHIR server"),
    ],
)
def test_what_is_refused_withdraws_nothing(words: tuple[str, ...], told: str) -> None:
    ran: Ran = hi_fhir("retract", *words)
    assert ran.code == 2, ran
    assert told in ran.err
    assert not withdrawn()

"""Small inputs from public bug reports, each with its right value; they lie beside the project, where it has them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.canned_server import canned_server
from tests.support.cli import Ran, hi_fhir, settings

CASES = Path(__file__).parents[2].parent / "shared" / "review" / "cases"
QUICK = {"workers": 1, "tries": 3, "retry_after_cap_s": 0.05, "export_poll_cap_s": 0.02, "timeout_s": 5}
PERIOD = "2024-04-01..2025-03-31"
WITHHELD = None
"""A count that is not given."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.is_dir(), reason="the folder of cases beside the project is not there"),
]


@dataclass(frozen=True)
class Right:
    """What is right for a case. code: the exit code. counts: by reporter, of the whole, by population.

    strata: by stratifier, people of the initial population in each stratum of which there are any. told: what is said
    somewhere in the run's JSON or on stderr. people: entries of the run's people section. date: of its reports.
    """

    measure: str = "ethnicity-recorded"
    code: int = 0
    counts: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    strata: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    people: Mapping[str, Any] = field(default_factory=dict)
    audience: str = "practice"
    data_date: bool = True
    period: str = PERIOD
    by_export: bool = False
    date: str | None = None


SMOKING, PRESSURE = "smoking-status-recorded", "hypertension-treated-to-target-under-80"


def _of(numerator: int | None, denominator: int, practice: str = "A99001") -> dict[str, dict[str, int | None]]:
    return {practice: {"denominator": denominator, "numerator": numerator}}


RIGHT = {
    "absolute-reference-to-another-server": Right(SMOKING, counts=_of(WITHHELD, 1), told=("other.example",)),
    "blank-line-at-the-end": Right(by_export=True, counts={"A99001": {"denominator": 2}}),
    "born-in-year-1": Right(strata={"age-band": {"unknown": 1}}),
    "branch-surgery-in-partof": Right(
        audience="icb",
        counts={code: {"denominator": people} for code, people in {"A99001": 10, "U11111": 20, "QAA": 20}.items()},
        people={"pcn_unknown": 0},
    ),
    "byte-order-mark-in-answers": Right(counts={"A99001": {"denominator": 2}}),
    "comparator-above-140": Right(PRESSURE, counts=_of(0, 1)),
    "contained-practice": Right(counts={"A99001": {"denominator": 1}}),
    "count-gateway-timeout": Right(counts={"A99001": {"denominator": 2}}),
    "diagnosis-of-0001-01-01": Right(PRESSURE, counts={"A99001": {"initial_population": 1}}),
    "effective-timing": Right(SMOKING, counts=_of(1, 1)),
    "ethnic-code-not-understood": Right(counts=_of(3, 3)),
    "export-status-200-with-an-outcome": Right(by_export=True, code=3),
    "finding-denied-by-valueboolean": Right(PRESSURE, counts={"A99001": {"initial_population": 0}}),
    "folder-of-a-bulk-client-deleted": Right(counts={"A99001": {"denominator": 1}}),
    "folder-of-a-bulk-client-error": Right(code=4),
    "folder-of-a-bulk-client-log": Right(counts={"A99001": {"denominator": 2}}),
    "from-hapi/eoc": Right(counts={"A20047": {"denominator": 1}}),
    "from-hapi/eoc0": Right(counts={"A20047": {"denominator": 1}}),
    "from-hapi/eoc2": Right(counts={"A20047": {"denominator": 1}}),
    "from-hapi/lk": Right(counts={"A20047": {"denominator": 1}}),
    "from-hapi/loincbp": Right(PRESSURE, counts=_of(1, 1, "A20047")),
    "from-hapi/unborn": Right(
        period="2018-04-01..2019-03-31",
        counts={"A20047": {"denominator": 1}},
        people={"not_registered_by_reason": {"not-born": 1}},
    ),
    "home-that-has-not-begun": Right("deprivation-linked", strata={"imd-decile": {"8": 1}}),
    "merged-patient-counted-twice": Right(counts={"A99001": {"denominator": 1}}),
    "nhs-number-9999999999": Right(counts={code: {"denominator": 3} for code in ("A99001", "A99002")}),
    "not-performed-counts-as-recorded": Right(SMOKING, counts=_of(0, 1)),
    "old-ods-code-use-old": Right(counts={"A99002": {"denominator": 1}}),
    "one-lastupdated-in-the-future": Right(data_date=False, counts={"A99001": {"denominator": 2}}, date="2025-04-01"),
    "programme-episode-is-no-registration": Right(counts={"A99001": {"denominator": 1}}),
    "reason-by-reference": Right("encounter-reason-coded", counts=_of(1, 1)),
    "server-is-stu3": Right("encounter-reason-coded", code=3, told=("3.0.2",)),
    "subject-by-nhs-number-only": Right(SMOKING, counts=_of(1, 1)),
    "type-declared-without-search": Right(counts={"A99001": {"denominator": 2}}),
    "unit-code-of-snomed": Right(PRESSURE, counts=_of(1, 1)),
    "zero-because-all-in-quarantine-gzip-file": Right(SMOKING, by_export=True, counts=_of(1, 2)),
}


def _folders() -> Iterator[str]:
    for path in sorted(CASES.iterdir()) if CASES.is_dir() else ():
        if path.name == "from-hapi":
            yield from (f"{path.name}/{one.name}" for one in sorted(path.iterdir()))
        elif path.name != "definition":  # definitions of measures, which have tests of their own
            yield path.name


def test_every_case_has_a_right_value() -> None:
    assert sorted(_folders()) == sorted(RIGHT)


@contextmanager
def _sources(folder: Path) -> Iterator[list[str]]:
    """The sources of a case: what answers over HTTP, and folders."""
    with ExitStack() as closing:
        found = []
        if (folder / "routes.json").exists():
            found.append(f"oak={closing.enter_context(canned_server(folder))}")
        if (folder / "elm").exists():
            found.append(f"elm={folder / 'elm'}")
        yield found or [str(folder / "input" if (folder / "input").exists() else folder)]


@pytest.mark.parametrize("case", RIGHT)
def test_a_case_comes_out_right(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, folder = RIGHT[case], CASES / case
    method = "export-group:g1" if right.by_export else "search"
    with settings(monkeypatch, tmp_path, **QUICK, pull_method=method), _sources(folder) as sources:
        if (folder / "postcodes.csv").exists():
            assert hi_fhir("mappings", "import-postcodes", folder / "postcodes.csv").code == 0
        dated = right.data_date and not (folder / "routes.json").exists()
        ran = hi_fhir(
            "run",
            *(word for source in sources for word in ("--source", source)),
            *("--period", right.period, "--measures", right.measure, "--audience", right.audience, "--json"),
            *(("--extract-date", "2025-04-10") if dated else ()),
        )
        assert ran.code == right.code, ran.err
        for text in right.told:
            assert text in ran.out + ran.err
        if ran.code == 0:
            _hold(ran, right)


def _hold(ran: Ran, right: Right) -> None:
    found = [orjson.loads(Path(path).read_bytes()) for path in ran.json["reports"]]
    assert right.date is None or {one["date"] for one in found} == {right.date}
    reports = {one["reporter"]["identifier"]["value"]: one["group"][0] for one in found}
    for reporter, counts in right.counts.items():
        group = reports[reporter]
        assert {name: _count(group, name) for name in counts} == counts
        if any(count is WITHHELD for count in counts.values()):
            assert "measureScore" not in group
    for stratifier, strata in right.strata.items():
        assert _strata(reports["A99001"], stratifier) == strata
    for name, value in right.people.items():
        assert ran.json["people"][name] == value


def _count(group: Mapping[str, Any], population: str) -> int | None:
    [found] = [one for one in group["population"] if one["code"]["coding"][0]["code"] == population.replace("_", "-")]
    count: int | None = found.get("count")
    return count


def _strata(group: Mapping[str, Any], stratifier: str) -> dict[str, int]:
    [found] = [one for one in group["stratifier"] if "code" in one and _code(one["code"][0]) == stratifier]
    counts = {_code(one["value"]): _count(one, "initial_population") for one in found["stratum"]}
    return {stratum: count for stratum, count in counts.items() if count}


def _code(concept: Mapping[str, Any]) -> str:
    code: str = concept["coding"][0]["code"] if "coding" in concept else concept["text"]
    return code

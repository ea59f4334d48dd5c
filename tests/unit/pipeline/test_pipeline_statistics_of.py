"""What was released, with what follows from it, read from the store: as reports say it, and across two periods."""

import csv
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import NotFoundError, UserError
from hi_fhir.core.files import read_json
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import FORMAT, MANIFEST, read_evaluation
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.pipeline.statistics_of import statistics_of
from hi_fhir.reports.derived.plan import ReferenceGroup
from hi_fhir.reports.derived.table import Row, StatisticsTable
from hi_fhir.store.session import Store
from tests.support.evaluations import AREAS, write_evaluation
from tests.support.reporting import count_of, extensions, groups_of, parts

POLICIES = {"opt_out": "not-applicable", "imd_year": "2025", "quarantine_limit": "0.05"}
CLOCK = FixedClock(datetime(2025, 5, 3, tzinfo=UTC))
YEAR_BEFORE = {
    "period": Period(date(2023, 4, 1), date(2024, 3, 31)),
    "as_of": date(2024, 3, 31),
    "data_date": date(2024, 4, 2),
}


def release(
    config: Config, store: Store, name: str, seed: int = 1, measure: str = "ethnicity-recorded", **changed: Any
) -> ReportManifest:
    """The reports of an evaluation for a board. changed: fields of its manifest."""
    folder = config.data_dir / "evaluations" / name
    write_evaluation(folder, measures=[measure], areas=AREAS[:3], people=400, seed=seed)
    FORMAT.commit(folder / MANIFEST, msgspec.structs.replace(read_evaluation(folder), **changed))
    return report(RunContext(config, CLOCK, opened=store), folder, "icb", config.data_dir / "runs" / name)


def table(store: Store, **chosen: Any) -> StatisticsTable:
    with store.read() as session:
        return statistics_of(session, "icb", **chosen)


def changes(store: Store) -> dict[tuple[str, str | None], Row]:
    """Of the network of two practices, by stratum."""
    rows = table(store, reporters=["U99001"]).rows
    return {(row.stratifier, row.stratum): row for row in rows if row.statistic == "change"}


def test_rows_say_what_reports_say(config: Config, store: Store) -> None:
    manifest = release(config, store, "now")
    by_name = {row[2:3] + row[6:10]: row for row in table(store).rows}
    assert len(by_name) == len(table(store).rows)
    given = masked = 0
    for one in manifest.reports:
        found = read_json(Path(one.path))
        for stratifier, stratum, group in groups_of(found):
            row = by_name[one.reporter, "denominator", stratifier, stratum, None]
            count = count_of(group, "denominator")
            assert (row.value, row.state == "masked" or row.state == "suppressed") == (
                (None, True) if count == "masked" else (count, False)
            )
            masked += count == "masked"
            score = by_name[one.reporter, "score", stratifier, stratum, None]
            assert (score.value is not None) == ("measureScore" in group)
            for interval in extensions(group, "score-interval"):
                told = parts(interval)
                assert (score.lower, score.upper, score.method) == (told["lower"], told["upper"], told["method"])
        for statistic in extensions(found["group"][0], "statistic"):
            told = parts(statistic)
            name = (one.reporter, *(told.get(part) for part in ("kind", "stratifier", "stratum", "against")))
            row = by_name[name]
            names = ("value", "lower", "upper", "method", "reason")
            assert [getattr(row, n) for n in names] == [told.get("absent" if n == "reason" else n) for n in names]
            given += "absent" not in told
    assert given > 20
    assert masked > 20


def test_what_is_not_given_is_missing_in_every_form(config: Config, store: Store, monkeypatch: Any) -> None:
    release(config, store, "now")
    made = table(store, reporters=["A99001"])
    hidden = [number for number, row in enumerate(made.rows) if row.state in ("masked", "suppressed")]
    assert hidden

    frame = made.to_frame()
    assert list(frame.columns) == list(Row._fields)
    assert frame["value"].isna().tolist() == [row.value is None for row in made.rows]
    read = [*csv.DictReader(StringIO(made.to_csv()))]
    assert all(read[number]["value"] == "" for number in hidden)
    assert [float(row["value"]) for row in read if row["value"]] == [r.value for r in made.rows if r.value is not None]
    assert all(made.to_dicts()[number]["value"] is None for number in hidden)

    monkeypatch.setitem(sys.modules, "polars", SimpleNamespace(from_arrow=pa.Table.to_pydict))
    assert made.to_frame("polars")["value"] == [row.value for row in made.rows]


def test_a_library_that_reads_arrow_reads_it_without_being_known(config: Config, store: Store) -> None:
    release(config, store, "now")
    made = table(store, reporters=["A99001"])
    assert pa.table(made).to_pylist() == made.to_dicts()
    with duckdb.connect() as engine:
        asked = (
            "SELECT state, count(*), count(value), max(period_end) FROM made GROUP BY state ORDER BY state NULLS LAST"
        )
        told = engine.sql(asked).fetchall()
    numbers = Counter(row.state for row in made.rows)
    given = Counter(row.state for row in made.rows if row.value is not None)
    days = date(2025, 3, 31)
    assert told == [
        (one, numbers[one], given[one], days) for one in sorted(numbers, key=lambda one: (one is None, one))
    ]


def test_columns_have_their_types_where_nothing_is_given() -> None:
    nothing, masked = StatisticsTable([]), StatisticsTable([Row(*"abcd", *[date(2025, 1, 1)] * 2, *"efg")])
    assert nothing.to_arrow().schema == masked.to_arrow().schema
    assert nothing.to_arrow().schema.names == list(Row._fields)
    assert str(masked.to_arrow().schema.field("value").type) == "double"
    assert masked.to_frame()["value"].isna().tolist() == [True]


def test_a_frame_is_of_a_library_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="pandas, polars"):
        StatisticsTable([]).to_frame("excel")
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(UserError, match="not installed"):
        StatisticsTable([]).to_frame("polars")
    assert len(StatisticsTable([]).to_frame()) == 0


def test_a_change_is_of_the_period_before(config: Config, store: Store) -> None:
    release(config, store, "before", seed=2, **YEAR_BEFORE)
    release(config, store, "now")
    scores = {
        row.period_end.year: row.value
        for row in table(store, reporters=["U99001"]).rows
        if (row.statistic, row.stratifier) == ("score", "all")
    }
    change = changes(store)["all", "all"]
    assert change.value == pytest.approx(scores[2025] - scores[2024], abs=2e-6)
    assert change.lower < change.value < change.upper
    assert (change.against, change.method) == ("2023-04-01..2024-03-31", "newcombe")
    assert change.period_end == date(2025, 3, 31)
    assert change.includes_rounding


def test_a_change_between_periods_that_share_days_says_so(config: Config, store: Store) -> None:
    rolling = {"period": Period(date(2023, 7, 1), date(2024, 6, 30)), "as_of": date(2024, 6, 30)}
    release(config, store, "before", seed=2, **YEAR_BEFORE | rolling)
    release(config, store, "now")
    assert changes(store)["all", "all"].method == "newcombe-overlapping"


def test_without_a_period_before_there_is_no_change(config: Config, store: Store) -> None:
    release(config, store, "quarter", period=Period(date(2023, 4, 1), date(2023, 6, 30)), as_of=date(2023, 6, 30))
    release(config, store, "now")
    assert changes(store) == {}


@pytest.mark.parametrize(
    ("changed", "reason", "broken", "whole"),
    [
        ({"policies": POLICIES | {"imd_year": "2019"}}, "imd-year-changed", "core20", "sex"),
        ({"versions": {"rule/ethnicity": "0"}}, "ethnicity-rule-changed", "ethnic-group-5", "age-band"),
        ({"areas": [AREAS[0], AREAS[2]]}, "membership-changed", "sex", None),
        ({"policies": POLICIES | {"opt_out": "all"}}, "opt-out-policy-changed", "all", None),
    ],
)
def test_no_change_is_told_across_another_basis(
    config: Config, store: Store, changed: dict[str, Any], reason: str, broken: str, whole: str | None
) -> None:
    release(config, store, "before", seed=2, **YEAR_BEFORE | changed)
    release(config, store, "now", **({"versions": {"rule/ethnicity": "1"}} if "versions" in changed else {}))
    found = changes(store)
    of_broken = [row for (stratifier, _), row in found.items() if stratifier == broken]
    assert of_broken
    assert {(row.value, row.reason) for row in of_broken} == {(None, reason)}
    told = {row.reason for (stratifier, _), row in found.items() if stratifier == whole}
    assert told <= {None, "part-not-given", "empty-part"}
    assert (whole is None) == (None not in told)


def told_of_all(store: Store) -> set[tuple[float | None, str | None]]:
    """Value and reason of each change."""
    found = {(row.value, row.reason) for row in changes(store).values()}
    assert found
    return found


def test_no_change_is_told_across_another_version_of_the_measure(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    older(monkeypatch, version="2020.1")
    release(config, store, "before", seed=2, **YEAR_BEFORE)
    monkeypatch.undo()
    release(config, store, "now")
    assert told_of_all(store) == {(None, "measure-changed")}


def older(monkeypatch: pytest.MonkeyPatch, **fields: str) -> None:
    """Have the measure say something else."""
    there = registry.defined()
    one = there["ethnicity-recorded"]
    was = replace(one.measure, **fields)
    monkeypatch.setattr(registry, "defined", lambda overlays=(): {**there, was.id: one._replace(measure=was)})
    monkeypatch.setattr(registry, "load", lambda ids=None, overlays=(): (was,))


def test_no_change_is_told_across_another_value_set(config: Config, store: Store) -> None:
    smoking = "smoking-status-recorded"
    release(config, store, "now", measure=smoking)
    [reference] = read_evaluation(config.data_dir / "evaluations" / "now").measures
    [used] = reference.value_sets
    then = msgspec.structs.replace(reference, value_sets=[msgspec.structs.replace(used, version="0")])
    release(config, store, "before", seed=2, measure=smoking, measures=[then], **YEAR_BEFORE)
    assert told_of_all(store) == {(None, "value-set-changed")}


def test_a_map_that_changed_under_its_version_is_not_released_again(config: Config, store: Store) -> None:
    release(config, store, "before", measure="smoking-status-recorded", seed=2, **YEAR_BEFORE)
    contents = dict(read_evaluation(config.data_dir / "evaluations" / "before").contents)
    units = contents["mappings/units"]
    contents["mappings/units"] = units._replace(digest="another")
    with pytest.raises(UserError, match=f"mappings/units version {units.version}"):
        release(config, store, "now", measure="smoking-status-recorded", contents=contents)
    contents["mappings/units"] = units._replace(version="next", digest="another")
    versions = {"mappings/units": "next"}
    release(config, store, "now", measure="smoking-status-recorded", contents=contents, versions=versions)


def test_a_definition_that_changed_under_its_version_is_not_released_again(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    older(monkeypatch, description="Somebody else is counted.")
    release(config, store, "before", seed=2, **YEAR_BEFORE)
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"ethnicity-recorded version \S+\. Raise the version"):
        release(config, store, "now")
    assert changes(store) == {}


def test_of_two_definitions_by_one_version_no_change_is_told(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a release of before the check was there comes from another store."""
    older(monkeypatch, description="Somebody else is counted.")
    release(config, store, "before", seed=2, **YEAR_BEFORE)
    monkeypatch.undo()
    monkeypatch.setattr("hi_fhir.pipeline.giving.check_definitions", lambda *_: None)
    release(config, store, "now")
    assert told_of_all(store) == {(None, "definition-changed")}


def test_whom_groups_are_compared_with_is_chosen(config: Config, store: Store) -> None:
    release(config, store, "now")
    rows = table(store, reference=ReferenceGroup.WHOLE).rows
    assert {row.against for row in rows if row.stratifier == "ethnic-category-16" and row.against} == {"all"}


def test_a_measure_of_another_version_has_its_scores_alone(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(config, store, "now")
    there = {id_: one for id_, one in registry.defined().items() if id_ == "ethnicity-recorded"}
    newer = {id_: one._replace(measure=replace(one.measure, version="another")) for id_, one in there.items()}
    monkeypatch.setattr(registry, "defined", lambda overlays=(): newer)
    kinds = {row.statistic for row in table(store).rows}
    assert "score" in kinds
    assert not kinds & {"difference", "slope-index", "standardised-rate"}


def test_what_was_never_released_is_said(store: Store) -> None:
    with pytest.raises(NotFoundError, match="nothing of that was released to the icb audience"):
        table(store)


def test_some_breakdowns_are_told_as_among_all_of_them(config: Config, store: Store) -> None:
    release(config, store, "now")
    release(config, store, "then", seed=2, **YEAR_BEFORE)
    chosen = table(store, stratifiers=["core20", "ethnic-group-5"]).rows
    among_all = [row for row in table(store).rows if row.stratifier in ("all", "core20", "ethnic-group-5")]
    assert list(chosen) == among_all
    assert {row.statistic for row in chosen} >= {"score", "difference", "change", "denominator"}

"""What an evaluation is asked for: which day it is of, what is refused, and what decides its name."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import ConfigError
from hi_fhir.measures import registry
from hi_fhir.pipeline.evaluation_job import scope_of
from hi_fhir.tables.scope import Scope
from tests.support.evaluating import (
    PERIOD,
    TERMINOLOGY,
    TWO,
    a_village,
    evaluated,
    job,
)
from tests.support.landing import config_in
from tests.support.tables import SnapshotBuilder


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


@pytest.mark.parametrize(
    ("data_date", "named", "as_of"),
    [
        (date(2025, 4, 2), None, PERIOD.end),
        (date(2025, 1, 15), None, date(2025, 1, 15)),
        (date(2025, 4, 2), date(2024, 12, 31), date(2024, 12, 31)),
    ],
)
def test_the_as_of_day_is_the_named_one_else_the_periods_end_or_the_datas_date_if_earlier(
    config: Config, tmp_path: Path, data_date: date, named: date | None, as_of: date
) -> None:
    assert job(config, SnapshotBuilder(data_date=data_date).write(tmp_path), as_of=named).context.as_of == as_of


def test_the_datas_date_of_several_sources_is_the_earliest(config: Config, tmp_path: Path) -> None:
    elm, oak = SnapshotBuilder("elm", data_date=date(2025, 2, 1)), SnapshotBuilder("oak", data_date=date(2025, 1, 1))

    assert job(config, elm.write(tmp_path), oak.write(tmp_path)).context.as_of == date(2025, 1, 1)


def test_an_as_of_day_before_the_period_is_refused(config: Config, tmp_path: Path) -> None:
    old = SnapshotBuilder(data_date=date(2024, 3, 31)).write(tmp_path)

    with pytest.raises(ConfigError, match="the reference date 2024-03-31 is before the period starts"):
        evaluated(config, old)


def test_an_as_of_day_after_the_period_is_refused(config: Config, tmp_path: Path) -> None:
    new = SnapshotBuilder(data_date=date(2025, 6, 1)).write(tmp_path)

    with pytest.raises(ConfigError, match="the reference date 2025-04-01 is after the period's end") as refused:
        evaluated(config, new, as_of=date(2025, 4, 1))

    assert "Name a day in the period" in str(refused.value)


def test_an_as_of_day_after_any_sources_data_is_refused(config: Config, tmp_path: Path) -> None:
    elm, oak = SnapshotBuilder("elm", data_date=date(2025, 2, 1)), SnapshotBuilder("oak", data_date=date(2025, 1, 1))
    folders = [elm.write(tmp_path), oak.write(tmp_path)]

    with pytest.raises(ConfigError, match="the reference date 2025-01-02 is after the extract date, 2025-01-01"):
        evaluated(config, *folders, as_of=date(2025, 1, 2))
    assert job(config, *folders, as_of=date(2025, 1, 1)).context.as_of == date(2025, 1, 1)


@pytest.mark.slow
def test_a_snapshot_whose_pull_asked_for_less_than_the_measures_read_is_refused(config: Config, tmp_path: Path) -> None:
    asked = scope_of(config, registry.load(TWO[:1]), TERMINOLOGY)
    narrow = SnapshotBuilder(scope=asked)
    narrow.patient("ann")
    folder = narrow.write(tmp_path)

    assert evaluated(config, folder, measures=TWO[:1]).measures[0].id == TWO[0]
    with pytest.raises(ConfigError, match="source main: its pull did not ask for all of Observation"):
        evaluated(config, folder)


def test_a_snapshot_without_a_type_that_the_measures_read_is_refused(config: Config, tmp_path: Path) -> None:
    asked = scope_of(config, registry.load(["encounter-reason-coded"]), TERMINOLOGY)
    without = Scope(types={type_: tokens for type_, tokens in asked.types.items() if type_ != "Encounter"})

    with pytest.raises(ConfigError, match="did not ask for all of Encounter"):
        evaluated(config, SnapshotBuilder(scope=without).write(tmp_path), measures=("encounter-reason-coded",))


def test_snapshots_of_one_source_or_none_are_refused(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one snapshot of each of its sources"):
        evaluated(config)
    twice = [SnapshotBuilder("elm").write(tmp_path / part) for part in ("one", "two")]
    with pytest.raises(ConfigError, match="one snapshot of each of its sources"):
        evaluated(config, *twice)


def test_snapshots_made_with_different_keys_are_refused(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="different identity keys"):
        evaluated(config, SnapshotBuilder("elm").write(tmp_path), SnapshotBuilder("oak", key_id="01").write(tmp_path))


def test_what_decides_a_number_decides_the_id_and_what_does_not_does_not(config: Config, tmp_path: Path) -> None:
    village = a_village(4).write(tmp_path)

    def name(settings: Config = config, **named: Any) -> str:
        return job(settings, village, **named).folder.name

    first = name()
    assert name(replace(config, workers=2, memory_mb=512)) == first
    others = [
        name(measures=TWO[1:]),
        name(as_of=date(2025, 3, 30)),
        name(period=Period(date(2024, 4, 2), PERIOD.end)),
        name(replace(config, imd_year=2019)),
        name(replace(config, opt_out_policy="applied-upstream")),
    ]
    assert len({first, *others}) == 6

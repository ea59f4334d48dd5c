"""A killed run goes on where it stopped and ends with the same bytes; 200 kills: `tests/bench/bench_kill.py`."""

import random

import pytest

from tests.support.kills import differences, killed_runs

pytestmark = pytest.mark.slow

KILLS_A_RUN, RUNS = 3, 2


def test_half_a_dozen_kills_change_no_table_no_report_and_no_version_at_the_target(tmp_path):
    with killed_runs(tmp_path, people=60) as trial:
        expected = trial.reference()

        found = [trial.disturbed(number, KILLS_A_RUN, random.Random(number)) for number in range(RUNS)]

    assert sum(trial.killed.values()) >= RUNS * KILLS_A_RUN // 2
    assert any(path.startswith("published/") for path in expected)
    assert [differences(expected, one) for one in found] == [[]] * RUNS

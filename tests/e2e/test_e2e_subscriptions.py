"""A service and a subscriber as processes, killed at any time: every event comes, in order, and none is skipped."""

import random
from pathlib import Path

import pytest

from tests.support.killed_subscriber import trial


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_event_is_lost_whoever_is_killed(tmp_path: Path) -> None:
    with trial(tmp_path) as one:
        one.disturb(20, random.Random(1))

        assert one.faults() == []
        assert len(one.released) > 50
        assert min(one.killed.values()) > 5

"""The kernel's number stands for its rows: the same records give the same rows as long as it is the same."""

import re
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.files import read_json
from tests.support.kernel_rows import ROWS, fault, rows_now

KEPT = {"kernel": 3, "schema": 2, "tables": {"patient": "a", "observation": "b"}, "told": "c"}


def test_the_same_records_give_the_same_rows_under_the_same_number(tmp_path: Path) -> None:
    assert fault(rows_now(tmp_path), read_json(ROWS)) is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"tables": {"patient": "x", "observation": "b"}}, r"other rows than before \(patient\)"),
        ({"tables": {"patient": "a"}}, r"\(observation\)"),
        ({"told": "x"}, r"\(what the snapshot tells\)"),
        ({"kernel": 4}, "of another KERNEL_VERSION"),
        ({"schema": 3, "told": "x"}, "of another KERNEL_VERSION or SCHEMA_VERSION. Run: make fix"),
    ],
)
def test_rows_that_changed_under_the_same_number_are_told(changed: dict[str, Any], told: str) -> None:
    assert fault(KEPT, KEPT) is None
    assert re.search(told, fault({**KEPT, **changed}, KEPT) or "nothing")

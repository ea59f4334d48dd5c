"""Every setting has its line in the reference, and the reference names no other."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from hi_fhir.core.config import RANGES, Config
from hi_fhir.core.source_settings import SourceSettings

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
LINES = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, flags=re.MULTILINE))
SPANS = dict(re.findall(r"^\| `(\w+)` \|[^|]+\| ([^|]+) \|", PAGE, flags=re.MULTILINE))


def test_the_page_has_a_line_for_every_setting_and_for_no_other() -> None:
    assert set(LINES) == {field.name for field in fields(Config)}


@pytest.mark.parametrize("field", fields(Config), ids=lambda field: field.name)
def test_the_default_on_the_page_is_the_default(field) -> None:
    told = LINES[field.name].strip()

    if isinstance(field.default, bool):
        assert told == f"`{field.default}`".lower()
    elif isinstance(field.default, str | int | float):
        number = float(told.strip("`")) if not isinstance(field.default, str) else told.strip("`")
        assert number == field.default
    elif field.default in (None, ()):
        assert told == "none"


@pytest.mark.parametrize("field", fields(SourceSettings), ids=lambda field: field.name)
def test_the_page_tells_of_every_setting_of_a_source(field) -> None:
    if field.name == "name":  # the table's own
        assert "[sources.main]" in PAGE
    else:
        assert re.search(rf"^    \[?(sources\.main\.)?{field.name}\b", PAGE, flags=re.MULTILINE)


def test_the_page_tells_the_range_of_every_number() -> None:
    assert {name: f"{lowest} to {highest:,}" for name, (lowest, highest) in RANGES.items()} == SPANS

"""Nothing changes under a version that stands in the table of releases, and the table has everything there is."""

from dataclasses import replace
from pathlib import Path

import pytest

from hi_fhir.measures import registry
from hi_fhir.measures.released import Versioned, faults, read_table, versioned, write_table
from hi_fhir.terminology.catalogue import Terminology, load
from hi_fhir.terminology.data_files import content_digest

(MEASURE,) = registry.load(["smoking-status-recorded"])
HEAD = {
    "title": "A list",
    "system": "urn:example",
    "version": "1",
    "source": "here",
    "retrieved": "2026-01-01",
    "licence": "MIT",
    "reviewed_by": "somebody",
    "next_review": "2027-01-01",
    "state": "full",
}


def a_file(folder: Path, rows: str = "a,\n", **head: str) -> Path:
    path = folder / "list.csv"
    lines = "".join(f"# {name}: {value}\n" for name, value in {**HEAD, **head}.items())
    path.write_text(f"{lines}code,note\n{rows}", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def terminology() -> Terminology:
    return load()


def test_the_table_is_what_is_here() -> None:
    now, released = versioned(registry.load(), load()), read_table()

    assert faults(now, released) == []
    assert now == released, "raise the version of what was changed, then run make fix"


def test_a_measure_that_changed_and_kept_its_version_is_a_fault(terminology: Terminology) -> None:
    released = versioned([MEASURE], terminology)
    changed = replace(MEASURE, numerator=~MEASURE.numerator)

    [fault] = faults(versioned([changed], terminology), released)
    assert fault.startswith(
        "measures/smoking-status-recorded: it is not what its version 2026.2 was released as. Raise"
    )
    assert faults(versioned([replace(changed, version="2026.3")], terminology), released) == []


def test_what_was_not_released_yet_may_be_anything(terminology: Terminology) -> None:
    assert faults(versioned([replace(MEASURE, id="of-our-own")], terminology), read_table()) == []


def test_what_is_written_is_read(tmp_path: Path) -> None:
    now = {"measures/m": Versioned("1", "a"), "value_sets/v": Versioned("2026-01", "b")}
    write_table(now, tmp_path / "table.csv")

    assert read_table(tmp_path / "table.csv") == now
    assert read_table(tmp_path / "none.csv") == {}


@pytest.mark.parametrize(
    ("rows", "head"),
    [("b,\n", {}), ("a,\nb,\n", {}), ("a,\n", {"system": "urn:other"}), ("a,\n", {"analyte": "hba1c"})],
)
def test_a_files_digest_goes_by_what_it_says(tmp_path: Path, rows: str, head: dict[str, str]) -> None:
    before = content_digest(a_file(tmp_path))

    assert content_digest(a_file(tmp_path, rows, **head)) != before


def test_a_files_digest_goes_not_by_where_it_comes_from(tmp_path: Path) -> None:
    before = content_digest(a_file(tmp_path))

    assert (
        content_digest(a_file(tmp_path, version="2", reviewed_by="another", state="outdated", reason="old")) == before
    )

"""A file of an overlay that nothing reads is named."""

from pathlib import Path

import pytest

from hi_fhir.measures.overlays import unread


def an_overlay(folder: Path, *files: str) -> Path:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_what_is_read_is_not_named(tmp_path: Path) -> None:
    overlay = an_overlay(
        tmp_path,
        "measures/ours.py",
        "stratifiers/older.py",
        "terminology/value_sets/ours.csv",
        "terminology/answers/ours.csv",
        "mappings/ours.csv",
        "README.md",
        ".git/hook.py",
        "measures/__pycache__/ours.py",
    )

    assert list(unread([overlay])) == []


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("measure/ours.py", "Files NAME.py are read in measures/ and stratifiers/ of an overlay."),
        ("ours.py", "Files NAME.py are read in measures/"),
        ("measures/more/ours.py", "Files NAME.py are read in measures/"),
        (
            "terminology/ours.csv",
            "Files NAME.csv are read in terminology/value_sets/, terminology/answers/ and mappings/",
        ),
        ("mappings/ours.CSV", "Files NAME.csv are read in"),
    ],
)
def test_what_is_not_read_is_named_with_where_it_would_be(tmp_path: Path, name: str, where: str) -> None:
    (fault,) = unread([an_overlay(tmp_path, name)])

    assert fault.startswith(f"{tmp_path / name}: nothing reads it. {where}")


def test_an_overlay_with_nothing_is_named(tmp_path: Path) -> None:
    (fault,) = unread([an_overlay(tmp_path, "README.md")])

    assert fault.startswith(f"{tmp_path}: there is nothing in it to read.")

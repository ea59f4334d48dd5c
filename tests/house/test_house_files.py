"""No file names a package registry or a place on somebody's machine, and the lock carries hashes and no address."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ("hi_fhir", "mappings", "terminology", "docs", "tests", ".ci")
TOP = [
    path
    for path in ROOT.iterdir()
    if path.is_file() and path.suffix in ("", ".md", ".toml", ".lock", ".yaml") and path.name != ".git"  # a worktree's
]
SUFFIXES = {".py", ".md", ".csv", ".toml", ".json", ".sh", ".java", ".xml", ".ini", ".mako", ".yaml", ".txt", ""}
REGISTRIES = re.compile("|".join((r"pypi\.", r"pythonhosted", r"repo1?\.maven", r"npmjs", r"conda\.anaconda")))
MACHINE_PATH = re.compile(r"(?<![\w.}\])/])/(?:root|home|work|tmp|Users|var/folders)/")


def texts() -> list[Path]:
    below = (path for place in PLACES for path in (ROOT / place).rglob("*"))
    return sorted(
        path
        for path in (*below, *TOP)
        if path.is_file() and path.suffix in SUFFIXES and not {"__pycache__", "target"} & set(path.parts)
        if path != Path(__file__) and not path.name.startswith("imd-")
    )


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRIES) == []


def test_no_file_names_a_place_on_a_machine() -> None:
    assert lines_with(MACHINE_PATH) == []


def test_the_lock_has_a_hash_for_every_package_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.findall(r"^[\w.-]+==.*?(?=^\S|\Z)", lock, flags=re.MULTILINE | re.DOTALL)

    assert "://" not in lock
    assert len(packages) > 50
    assert all("--hash=sha256:" in package for package in packages)


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_no_module_is_called_after_nothing(name: str) -> None:
    assert not [path for path in (ROOT / "hi_fhir").rglob("*") if path.stem == name]

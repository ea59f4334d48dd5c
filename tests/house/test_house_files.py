"""No file names a package registry or a place on somebody's machine, and the lock carries hashes and no address."""

import re
import subprocess
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).parents[2]
SUFFIXES = {".py", ".md", ".csv", ".toml", ".json", ".sh", ".java", ".xml", ".ini", ".mako", ".yaml", ".txt", ""}
REGISTRIES = re.compile("|".join((r"pypi\.", r"pythonhosted", r"repo1?\.maven", r"npmjs", r"conda\.anaconda")))
MACHINE_PATH = re.compile(r"(?<![\w.}\])/])/(?:root|home|work|tmp|Users|var/folders)/")


def texts() -> list[Path]:
    """What git keeps or would keep, so that what a tool leaves behind (`.coverage`) is not read."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout.split("\0")
    paths = (ROOT / name for name in names if name and not PurePath(name).name.startswith("imd-"))
    return [path for path in paths if path.suffix in SUFFIXES and path.is_file() and path != Path(__file__)]


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

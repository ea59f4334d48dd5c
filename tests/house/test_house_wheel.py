"""What a user installs: the wheel carries the data files and the migrations, and no test or sandbox state."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True, timeout=240
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("folder", ["mappings", "terminology"])
def test_every_data_file_travels_inside_the_wheel(names, folder):
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.csv")}

    assert files
    assert {f"hi_fhir/_data/{file}" for file in files} <= names


def test_every_module_and_migration_travels_inside_the_wheel(names):
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "hi_fhir").rglob("*.py")}

    assert files <= names
    assert any("/migrations/versions/" in name for name in names)


def test_what_pages_look_like_travels_inside_the_wheel(names):
    assert {"hi_fhir/pages/static/pages.css", "hi_fhir/pages/templates/base.html"} <= names


def test_nothing_else_is_in_the_wheel(names):
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"hi_fhir"}

"""The image is made of what the project was tried with, and its context holds nothing that it does not need."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def locked(name: str) -> dict[str, frozenset[str]]:
    """Each package with its version, and the hashes that it may have."""
    text = (ROOT / name).read_text(encoding="utf-8")
    parts = re.findall(r"^([\w.-]+==[^\s;]+)(.*?)(?=^\S|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return {package: frozenset(re.findall(r"sha256:\w{64}", rest)) for package, rest in parts}


@pytest.mark.parametrize("name", ["docker/requirements.lock", "docker/build.lock"])
def test_the_locks_of_the_image_are_a_part_of_the_projects(name: str) -> None:
    found, whole = locked(name), locked("requirements.lock")

    assert found
    assert all(found.values())
    assert {package: hashes for package, hashes in found.items() if whole.get(package) != hashes} == {}


def test_the_lock_of_the_image_has_all_that_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = (*project["dependencies"], *project["optional-dependencies"]["postgres"])
    declared = {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", line)[0]).lower() for line in asked}

    assert declared - {package.partition("==")[0] for package in locked("docker/requirements.lock")} == set()


def test_every_line_of_the_context_is_there() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]

    assert "*" in lines
    assert [name for name in kept if not (ROOT / name).exists()] == []

"""What the tests of folders share: where a run keeps its data, and the folder that it reads."""

from pathlib import Path

import pytest

from hi_fhir.core.config import Config
from tests.support.landing import config_in


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path, slices=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "export"
    made.mkdir()
    return made

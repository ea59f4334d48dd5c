"""What the tests of releases share: settings with a store of their own, and a small evaluation to release."""

from pathlib import Path

import pytest

from hi_fhir.core.config import Config
from tests.support.evaluations import write_evaluation


@pytest.fixture
def config(tmp_path: Path, store_url: str) -> Config:
    return Config(data_dir=tmp_path, store_url=store_url)


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    folder = tmp_path / "evaluations" / "e1"
    write_evaluation(folder, measures=["ethnicity-recorded"])
    return folder

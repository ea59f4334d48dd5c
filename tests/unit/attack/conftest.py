"""Tests of this folder change how releases are decided: none takes what was decided for another."""

import pytest

from hi_fhir.disclosure.release import release
from hi_fhir.pipeline import giving


@pytest.fixture(autouse=True)
def decided_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving, "release", release)

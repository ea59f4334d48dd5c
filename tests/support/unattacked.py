"""Releases that are kept whatever they give away, as they were before an attack came first."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def kept_unattacked() -> Iterator[None]:
    """Releases within are kept unattacked, and the store knows that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hi_fhir.pipeline.keeping.attack_candidate", lambda *_: None)
        yield

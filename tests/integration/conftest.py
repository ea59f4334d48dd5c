"""What the tests against real servers share: a HAPI full of sandbox people, with strays among them."""

import pytest

from tests.support.crowd import Crowd, make_crowd
from tests.support.hapi import Hapi, hapi, lenient_hapi
from tests.support.strays import stray_resources

__all__ = ["hapi", "lenient_hapi"]

PEOPLE, SEED = 80, 20


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    return make_crowd(tmp_path_factory.mktemp("crowd"), PEOPLE, SEED)


@pytest.fixture(scope="session")
def source(lenient_hapi: Hapi, crowd: Crowd) -> Hapi:
    """A HAPI to pull from. Tests leave it as it is."""
    lenient_hapi.load([*crowd.at(lenient_hapi.base_url), *stray_resources()])
    return lenient_hapi


@pytest.fixture(scope="module")
def target(hapi: Hapi) -> Hapi:
    """A strict HAPI, empty when a module of tests begins."""
    hapi.reset()
    return hapi

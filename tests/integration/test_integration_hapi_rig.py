"""The HAPI that the other tests rely on: it keeps its data over a restart and can be emptied."""

import pytest

from tests.support.hapi import Hapi

pytestmark = pytest.mark.real


def test_hapi_keeps_what_it_has_over_a_restart_and_forgets_it_on_reset(hapi: Hapi) -> None:
    hapi.load([{"resourceType": "Organization", "id": "A99001", "name": "Elm Practice"}])
    address = hapi.base_url

    hapi.stop()
    hapi.start()

    assert hapi.base_url == address
    assert hapi.get("Organization/A99001")["meta"]["versionId"] == "1"

    hapi.reset()

    assert hapi.search("Organization") == []

"""Too many requests a minute: 429 with when to ask again, for each client and address by itself."""

from pathlib import Path

import pytest

from hi_fhir.access.rates import Asker, Rates
from hi_fhir.core.config import Config
from hi_fhir.store.audit_events import AuditReason
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import registered
from hi_fhir.web.serve import _rates
from tests.support.door import CLIENTS, PLACES, Door, open_door, register
from tests.support.paging import CLOCK as PAGES_CLOCK
from tests.support.released import CLOCK, release
from tests.support.signing import token_form
from tests.support.visiting import guarded_site, register_people, somebody

LIMITS = {Asker.CLIENT: 4, Asker.PEER: 3, Asker.TOKEN: 5}
BAD = {"Authorization": "Bearer nobody"}


@pytest.fixture(scope="module")
def kept(module_store, tmp_path_factory):
    release(module_store, memberships=PLACES)
    register(module_store, *CLIENTS)
    return module_store, tmp_path_factory.mktemp("keys")


@pytest.fixture
def door(kept: tuple) -> Door:
    return open_door(*kept, limits=LIMITS)


def statuses(door: Door, path: str, times: int, **more: object) -> list[int]:
    return [door.http.get(path, **more).status_code for _ in range(times)]


def test_a_client_that_asks_too_often_is_told_when_to_ask_again(door):
    headers = door.headers("mine")
    assert statuses(door, "/fhir/MeasureReport", 6, headers=headers) == [200] * 4 + [429] * 2

    refused = door.http.get("/fhir/MeasureReport", headers=headers)
    assert (refused.json["resourceType"], refused.json["issue"][0]["code"]) == ("OperationOutcome", "throttled")
    assert {note.reason for note in door.notes} == {AuditReason.TOO_MANY}
    assert {note.client_id for note in door.notes} == {"mine"}
    assert statuses(door, "/fhir/MeasureReport", 1, headers=door.headers("theirs")) == [200]  # from the same address
    door.clock.go_on(seconds=int(refused.headers["Retry-After"]))
    assert statuses(door, "/fhir/MeasureReport", 1, headers=headers) == [200]


@pytest.mark.parametrize("headers", [{}, BAD])
@pytest.mark.parametrize(("path", "status"), [("/fhir/MeasureReport", 401), ("/fhir/metadata", 200), ("/nowhere", 404)])
def test_who_is_nobody_is_counted_by_address_whatever_it_shows(door, path, status, headers):
    assert statuses(door, path, 5, headers=headers) == [status] * 3 + [429] * 2
    assert statuses(door, path, 1, headers=headers, environ_base={"REMOTE_ADDR": "192.0.2.9"}) == [status]
    assert statuses(door, "/fhir/metadata", 1, headers=door.headers("mine")) == [200]


def test_networks_of_one_site_are_one_address(door):
    found = [
        door.http.get("/fhir/metadata", environ_base={"REMOTE_ADDR": f"2001:db8::{number}"}).status_code
        for number in range(1, 6)
    ]
    assert found == [200] * 3 + [429] * 2


def test_tokens_are_counted_by_themselves_and_told_as_a_problem(door):
    form = token_form("nobody", "x", CLOCK.at)
    answers = [door.http.post("/auth/token", data=form) for _ in range(7)]

    assert [one.status_code for one in answers] == [401] * 5 + [429] * 2
    assert answers[-1].content_type == "application/problem+json"
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert statuses(door, "/fhir/metadata", 1) == [200]


def test_whether_it_lives_is_free(door):
    for path in ("/healthz", "/readyz"):
        assert statuses(door, path, 10) == [200] * 10


def test_a_token_is_looked_up_once_for_a_request(door, monkeypatch):
    asked = []
    headers = door.headers("mine")

    def looked_up(*arguments):
        asked.append(arguments)
        return real(*arguments)

    from hi_fhir.web import readers

    real = readers.caller
    monkeypatch.setattr(readers, "caller", looked_up)
    assert statuses(door, "/fhir/MeasureReport", 1, headers=headers) == [200]
    assert len(asked) == 1  # by what counts and by what reads


def test_people_on_pages_are_counted_by_account(kept):
    store, _ = kept
    register_people(store)
    app = guarded_site(store, PAGES_CLOCK, rates=Rates(PAGES_CLOCK, {**LIMITS, Asker.PEER: 100}))
    one, other = somebody(app, "icb"), somebody(app, "pcn")

    assert [one.http.get("/").status_code for _ in range(6)][-1] == 429
    with one.http.get("/static/pages.css") as style:
        assert style.status_code == 200
    assert other.http.get("/").status_code == 200


def test_where_nobody_logs_in_or_no_limit_is_set_nobody_is_refused(kept):
    store, _ = kept
    app = create_app(store, CLOCK, registered(store, CLOCK), rates=Rates(CLOCK, dict.fromkeys(Asker, 0)))
    assert [app.test_client().get("/fhir/metadata").status_code for _ in range(30)] == [200] * 30


@pytest.mark.parametrize(
    ("settings", "limited"),
    [
        ({}, True),
        ({"public_url": "https://numbers.example"}, False),
        ({"public_url": "https://numbers.example", "trusted_proxy": "10.0.0.5"}, True),
        ({"public_url": "https://numbers.example", "trusted_proxy": "*"}, True),
        ({"rate_peer": 0, "rate_token": 0}, False),
    ],
)
def test_addresses_are_limited_where_they_are_known(settings, limited):
    rates = _rates(Config(data_dir=Path("x"), **settings), CLOCK)
    for asker, most in ((Asker.PEER, 600), (Asker.TOKEN, 60)):
        refused = [rates.wait_s(asker, "192.0.2.1") is not None for _ in range(most + 1)]
        assert refused[-1] is limited
        assert not any(refused[:-1])
    assert [rates.wait_s(Asker.CLIENT, "c") is None for _ in range(3_001)][-1] is False

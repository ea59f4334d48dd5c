"""Pages that people log in to: two boards' numbers for every audience, an account of each role, and who tries them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hi_fhir.access.log_ins import LogIns
from hi_fhir.access.passwords import hashed
from hi_fhir.access.rates import Rates
from hi_fhir.core.audiences import Audience
from hi_fhir.core.clock import Clock
from hi_fhir.core.config import Config
from hi_fhir.core.roles import Role
from hi_fhir.pages.door import Door
from hi_fhir.pages.provider import Provider
from hi_fhir.pages.reading import Shelf
from hi_fhir.pages.site import make_site_with_door
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.store import accounts
from hi_fhir.store.audit_events import Note, unheard
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import reaching, registered
from tests.support.evaluations import an_area, write_evaluation
from tests.support.paging import CLOCK

PASSWORD = "sandy otter kettle"
PLACES = (an_area("A99001"), an_area("A99002"), an_area("A99003", "U99002", "QZ2"))
PEOPLE = {
    "practice": (Role.PRACTICE, "A99001"),
    "pcn": (Role.PCN, "U99001"),
    "icb": (Role.ICB, "QZ1"),
    "operator": (Role.OPERATOR, None),
    "another-icb": (Role.ICB, "QZ2"),
}
"""By the name that they log in by: an account of each role, and one of another board."""
KEY = b"a key of the tests, of 32 bytes."
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def release_for_all(data_dir: Path, store: Store, measures: Sequence[str] = ("ethnicity-recorded",)) -> None:
    """What made-up people of two boards count, for each audience."""
    folder = data_dir / "evaluations" / "now"
    write_evaluation(folder, measures=list(measures), areas=PLACES, people=120, seed=1)
    for audience in Audience:
        context = RunContext(Config(data_dir=data_dir), CLOCK, opened=store)
        report(context, folder, audience, data_dir / "runs" / audience)


@cache
def _kept() -> str:
    return hashed(PASSWORD)


def register_people(store: Store) -> None:
    kept = _kept()
    with store.write() as session:
        for name, (role, organisation) in PEOPLE.items():
            accounts.add_account(session, accounts.NewAccount(name, name, role, organisation, kept), CLOCK.at)


def guarded_site(
    store: Store,
    clock: Clock = CLOCK,
    *,
    is_secure: bool = False,
    provider: Provider | None = None,
    note: Note = unheard,
    rates: Rates | None = None,
) -> Flask:
    door = Door(LogIns(store, clock), clock, KEY, is_secure, provider)
    site = make_site_with_door(Shelf(store), reaching(door.reader_of, store, clock), door)
    reader_of = reaching(registered(store, clock), store, clock)
    return create_app(store, clock, reader_of, pages=site, has_clients=True, note=note, rates=rates)


@dataclass
class Someone:
    """Somebody's browser, without a browser."""

    http: FlaskClient

    def form_token(self, path: str = "/log-in") -> str:
        found = _TOKEN.search(self.http.get(path).text)
        assert found, path
        return found[1]

    def log_in(self, name: str, password: str = PASSWORD, on: str | None = None) -> TestResponse:
        form = {"name": name, "password": password, "csrf_token": self.form_token()}
        return self.http.post("/log-in", data=form | ({"next": on} if on else {}))

    def log_out(self) -> TestResponse:
        return self.http.post("/log-out", data={"csrf_token": self.form_token("/")})


def somebody(app: Flask, name: str | None = None) -> Someone:
    """Who has logged in by the name; None: nobody yet."""
    one = Someone(app.test_client())
    if name is not None:
        assert one.log_in(name).status_code == 303
    return one


def without_form_token(html: str) -> str:
    """A page but for what differs each time that it is made."""
    return _TOKEN.sub("", html)

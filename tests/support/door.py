"""The service for registered clients, and clients that ask it for tokens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from hi_fhir.access.keys import KeysByUrl
from hi_fhir.access.rates import Asker, Rates
from hi_fhir.access.scopes import ALL
from hi_fhir.access.tokens import TokenGiver
from hi_fhir.core.audiences import Audience
from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.store import clients
from hi_fhir.store.audit_events import AuditNote
from hi_fhir.store.session import Store
from hi_fhir.web import smart_api
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import reaching, registered
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import CLOCK
from tests.support.signing import EC, RSA, jwks, token_form
from tests.support.subscribing import TOPIC, HandClock

TOKEN_URL = "https://numbers.example/auth/token"
PLACES = [("A99001", "U99001", "QX1"), ("A99002", "U99002", "QX2")]
CLIENTS = {
    "mine": ("QX1", str(ALL)),
    "colleague": ("QX1", str(ALL)),
    "theirs": ("QX2", str(ALL)),
    "revoked": ("QX1", str(ALL)),
    "narrow": ("QX1", "system/MeasureReport.r"),
    "operator": ("QX1", f"{ALL} system/AuditEvent.rs"),
}
"""Id to organisation and the most that it is given."""


@dataclass
class Door:
    """notes: what was noted of what was refused."""

    store: Store
    clock: HandClock
    http: FlaskClient
    notes: list[AuditNote] = field(default_factory=list)

    def token(self, client: str, key: Any = RSA, scope: str = "system/*.cruds", **said: Any):
        form = token_form(client, TOKEN_URL, self.clock.now(), key, **said)
        return self.http.post("/auth/token", data={**form, "scope": scope})

    def headers(self, client: str, scope: str = "system/*.cruds") -> dict[str, str]:
        answer = self.token(client, scope=scope)
        assert answer.status_code == 200, answer.json
        return {"Authorization": f"Bearer {answer.json['access_token']}"}


def register(store: Store, *names: str) -> None:
    """Have the store know these of the clients."""
    with store.write() as session:
        for name in names:
            organisation, scopes = CLIENTS[name]
            new = clients.NewClient(name, name, Audience.ICB, organisation, scopes, jwks(RSA, EC))
            clients.add_client(session, new, CLOCK.at)
        if "revoked" in names:
            assert clients.revoke_client(session, "revoked", CLOCK.at)


def open_door(
    store: Store,
    keys: Path,
    note: Callable[[AuditNote], None] | None = None,
    limits: Mapping[Asker, int] | None = None,
) -> Door:
    """note: takes notes in place of the door's own list. limits: requests a minute; None: as many as they like."""
    clock, guard, notes = HandClock(CLOCK.at), Guard((ip_network("127.0.0.0/8"),), plain_http=True), []
    note = note or notes.append
    reader_of = reaching(registered(store, clock), store, clock)
    rates = Rates(clock, limits) if limits is not None else None
    base = "https://numbers.example/fhir"
    seal = load_seal(keys / "key")
    views = SubscriptionViews(store, clock, reader_of, seal, guard, base, TOPIC, note=note)
    app = create_app(store, clock, reader_of, subscriptions=views, has_clients=True, note=note, rates=rates)
    giver = TokenGiver(store, clock, KeysByUrl(guard, clock), TOKEN_URL)
    app.register_blueprint(smart_api.make_blueprint(giver, TOKEN_URL, "/fhir"))
    return Door(store, clock, app.test_client(), notes)

"""A service, its store and who attends to subscriptions, at a time that is set on by hand."""

from dataclasses import dataclass
from ipaddress import ip_network

from flask.testing import FlaskClient

from hi_fhir.fhir.guard import Guard
from hi_fhir.store import subscriptions as store
from hi_fhir.store.session import Store
from hi_fhir.subscriptions.attending import Attendant
from tests.support.subscribing import HandClock

PUBLIC = "https://numbers.example/fhir"
LOOPBACK = Guard((ip_network("127.0.0.0/8"),), plain_http=True)
PLACES = [("A99001", "U99001", "QX1"), ("A99002", "U99002", "QX2")]
ORGANISATION = "X-Organisation"


@dataclass
class Rig:
    store: Store
    clock: HandClock
    client: FlaskClient
    attendant: Attendant

    def create(self, resource: dict, organisation: str = "QX1") -> str:
        answer = self.client.post(
            "/fhir/Subscription",
            json=resource,
            headers={ORGANISATION: organisation, "Content-Type": "application/fhir+json"},
        )
        assert answer.status_code == 201, answer.json
        assert answer.json["status"] == "requested"
        return answer.json["id"]

    def get(self, path: str, organisation: str = "QX1"):
        return self.client.get(f"/fhir/{path}", headers={ORGANISATION: organisation})

    def shown(self, id_: str) -> dict:
        return self.get(f"Subscription/{id_}").json

    def attend(self) -> int:
        """Do all that is due now; how many steps that was."""
        steps = 0
        with self.store.read() as session:
            found = store.due(session, self.clock.now(), 100)
        for id_, _ in found:
            steps += 1
            while self.attendant.attend(id_):
                steps += 1
        return steps


def foci(bundle: dict) -> list[str]:
    parts = [one["part"] for one in bundle["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    return [part["valueReference"]["reference"] for of_it in parts for part in of_it if part["name"] == "focus"]

"""A subscriber that is a registered client: subscribes with its key, and keeps each report that it is told of.

Run: python subscriber.py FOLDER ID BASE [PORT]. Its keys are in FOLDER (client.py makes them), the reports go into
FOLDER/reports. It prints its subscription once it is told of what happens. BASE: as https://numbers.example/fhir.
"""

import sys
import threading
import time
from pathlib import Path

from client import FHIR, Client
from receiver import Receiver

CONTENT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content"
TOPIC = (
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical"
)


def topic_of(metadata: dict) -> str:
    types = {one["type"]: one for one in metadata["rest"][0]["resource"]}
    return next(one["valueCanonical"] for one in types["Subscription"]["extension"] if one["url"] == TOPIC)


def subscribe(client: Client, endpoint: str) -> str:
    """The address of a subscription that was made now and is active."""
    asked = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "All reports of our organisation",
        "criteria": topic_of(client.call("metadata")),
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": FHIR,
            "_payload": {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]},
        },
    }
    made = client.call("Subscription", asked)
    while made["status"] == "requested":  # until the handshake was answered
        time.sleep(0.2)
        made = client.call(f"Subscription/{made['id']}")
    if made["status"] != "active":
        sys.exit(f"not subscribed: {made.get('error')}")
    return f"{client.base}/Subscription/{made['id']}"


if __name__ == "__main__":
    folder, client_id, base, *port = sys.argv[1:]
    reports = Path(folder) / "reports"
    reports.mkdir(exist_ok=True)
    client = Client(base, client_id, Path(folder))
    receiver = Receiver(reports, int(port[0]) if port else 0, client.headers)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    print(subscribe(client, f"http://127.0.0.1:{receiver.server_port}/"), flush=True)
    threading.Event().wait()

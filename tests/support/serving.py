"""The whole FHIR service over a store: all that `hi-fhir serve` offers, with the definitions that are shipped."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.measures import registry
from hi_fhir.reports.artifacts.naming_systems import identifier_system
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.terminology.catalogue import load
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is, reaching
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import BASE, CLOCK, SYSTEM
from tests.support.subscribing import TOPIC

PUBLIC = "https://numbers.example"


MINE = Reader("icb", {"QX1"})


def whole_service(
    store: Store,
    keys: Path,
    base: str = BASE,
    version: str | None = None,
    reader: Reader = MINE,
    *,
    has_clients: bool = False,
) -> FlaskClient:
    """base: of canonical URLs. version: of every measure, where reports of another than the shipped were released.

    has_clients: whether it offers what it offers to registered clients.
    """
    reader_of = reaching(everyone_is(reader), store, CLOCK)
    measures = [replace(one, version=version or one.version) for one in registry.load()]
    terminology = load()
    seal = load_seal(keys / "sealing.key")
    app = create_app(
        store,
        CLOCK,
        reader_of,
        definitions=[*served_artifacts(base, measures, terminology), identifier_system(SYSTEM)],
        subscriptions=SubscriptionViews(store, CLOCK, reader_of, seal, Guard(), f"{PUBLIC}/fhir", TOPIC),
        public_url=PUBLIC,
        requirements=MeasureRequirements(base, measures, terminology),
        has_clients=has_clients,
    )
    return app.test_client()


def names_of_ours(element: Any, base: str) -> Iterator[str]:
    """Every canonical URL, address of an extension and code system of the deployment in an element."""
    if isinstance(element, dict):
        for value in element.values():
            yield from names_of_ours(value, base)
    elif isinstance(element, list):
        for value in element:
            yield from names_of_ours(value, base)
    elif isinstance(element, str) and element.startswith((f"{base}/", "urn:hi-fhir:")):
        yield element


def resolved(service: FlaskClient, name: str, base: str) -> dict[str, Any] | None:
    """What a name stands for, as a client finds it: by its type, URL and version, or as the system of identifiers."""
    url, _, version = name.partition("|")
    if url == SYSTEM:
        return dict(service.get(f"/fhir/NamingSystem?value={url}").get_json()["entry"][0]["resource"])
    type_ = "CodeSystem" if url.startswith("urn:") else url.removeprefix(f"{base}/").partition("/")[0]
    asked = {"url": url, **({"version": version} if version else {})}
    found = service.get(f"/fhir/{type_}", query_string=asked).get_json()
    [entry] = found.get("entry", [{"resource": None}])
    resource: dict[str, Any] | None = entry["resource"]
    return resource

"""The whole FHIR service over a store: all that `hi-fhir serve` offers, with the definitions that are shipped."""

from dataclasses import replace
from pathlib import Path

from flask.testing import FlaskClient

from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.measures import registry
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.terminology.catalogue import load
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import BASE, CLOCK
from tests.support.subscribing import TOPIC

PUBLIC = "https://numbers.example"


def whole_service(store: Store, keys: Path, base: str = BASE, version: str | None = None) -> FlaskClient:
    """base: of canonical URLs. version: of every measure, where reports of another than the shipped were released."""
    reader_of = everyone_is(Reader("icb", {"QX1"}))
    measures = [replace(one, version=version or one.version) for one in registry.load()]
    terminology = load()
    seal = load_seal(keys / "sealing.key")
    app = create_app(
        store,
        CLOCK,
        reader_of,
        definitions=served_artifacts(base, measures, terminology),
        subscriptions=SubscriptionViews(store, CLOCK, reader_of, seal, Guard(), f"{PUBLIC}/fhir", TOPIC),
        public_url=PUBLIC,
        requirements=MeasureRequirements(base, measures, terminology),
    )
    return app.test_client()

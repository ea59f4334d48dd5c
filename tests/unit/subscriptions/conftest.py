"""The service and the endpoint of each test."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hi_fhir.core.sealing import load_seal
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.subscriptions.attending import Attendant, Terms
from hi_fhir.subscriptions.sending import Sender
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import reaching
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import CLOCK, release
from tests.support.subscribing import TOPIC, Endpoint, HandClock, endpoint
from tests.support.subscription_rig import LOOPBACK, ORGANISATION, PLACES, PUBLIC, Rig


@pytest.fixture
def rig(store: Store, tmp_path: Path) -> Rig:
    kept, clock, seal = store, HandClock(CLOCK.at), load_seal(tmp_path / "sealing.key")
    release(kept, reporters=("A99001",), measures=("sex-recorded",), memberships=PLACES)

    def reader_of(request) -> Reader:
        return Reader("icb", {request.headers[ORGANISATION]})

    today = reaching(reader_of, kept, clock)
    views = SubscriptionViews(kept, clock, today, seal, LOOPBACK, PUBLIC, TOPIC)
    client = create_app(kept, clock, today, subscriptions=views).test_client()
    terms = Terms(PUBLIC, TOPIC, timedelta(days=7))
    return Rig(kept, clock, client, Attendant(kept, clock, seal, Sender(LOOPBACK), terms))


@pytest.fixture
def hook() -> Iterator[Endpoint]:
    with endpoint() as found:
        yield found

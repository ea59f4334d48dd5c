"""Where agreements are required a subscriber has a report while its practice agrees; else its number alone."""

from hi_fhir.core.audiences import Audience
from hi_fhir.core.sealing import load_seal
from hi_fhir.store.agreements import NewAgreement, add_agreement, end_agreement
from hi_fhir.subscriptions.attending import Attendant, Terms
from hi_fhir.subscriptions.sending import Sender
from hi_fhir.web.app import create_app
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import CLOCK, DAY, release
from tests.support.subscribing import TOPIC, numbers_of, subscription
from tests.support.subscription_rig import LOOPBACK, PLACES, PUBLIC, foci


def test_a_report_is_told_of_while_its_practice_agrees(rig, hook, tmp_path):
    seal = load_seal(tmp_path / "sealing.key")
    terms = Terms(PUBLIC, TOPIC, needs_agreements=True)
    rig.attendant = Attendant(rig.store, rig.clock, seal, Sender(LOOPBACK), terms)

    def everyone(request):
        from hi_fhir.store.criteria import Reader

        return Reader("icb", {"QX1"})

    views = SubscriptionViews(rig.store, rig.clock, everyone, seal, LOOPBACK, PUBLIC, TOPIC, needs_agreements=True)
    rig.client = create_app(rig.store, rig.clock, everyone, subscriptions=views).test_client()
    id_ = rig.create(subscription(hook.url, "id-only"))
    rig.attend()
    with rig.store.write() as session:
        new = NewAgreement("A99001", "QX1", (Audience.ICB,), "DES", "Article 6(1)(e)", "DPIA-1", DAY)
        agreement = add_agreement(session, new, CLOCK.at)
    release(rig.store, reporters=("A99001",), measures=("smoking-status-recorded",), memberships=PLACES)
    rig.attend()
    with rig.store.write() as session:
        end_agreement(session, agreement, CLOCK.at)
    release(rig.store, reporters=("A99001",), measures=("ethnicity-recorded",), memberships=PLACES)
    rig.attend()

    first, second = hook.told("event-notification")
    assert (first.numbers, len(foci(first.body))) == ([1], 1)
    assert (second.numbers, foci(second.body)) == ([2], [])
    told = rig.get(f"Subscription/{id_}/$events").json
    assert (numbers_of(told), foci(told)) == ([1, 2], [])

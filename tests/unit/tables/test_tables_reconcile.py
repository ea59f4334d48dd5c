"""That what arrived is accounted for, in the terms of now whoever wrote them."""

import pytest

from hi_fhir.core.errors import GateError
from hi_fhir.tables.reconcile import Reconciliation, reconcile, with_current_terms


def test_what_arrived_is_what_is_accounted_for_in_every_term() -> None:
    arrived = {"received": {"Patient": 9, "Claim": 1}, "carried": {"Patient": 1}}
    accounted = {"kept": {"Patient": 4}, "superseded": {"Patient": 3}, "deleted": {"Patient": 2}}
    rest = {"out_of_scope": {"Claim": 1}, "quarantined": {"Patient": 1}}

    found = reconcile({**arrived, **accounted, **rest}, "elm", ["Patient", "Condition"])

    assert found == {
        "Claim": Reconciliation(received=1, out_of_scope=1),
        "Condition": Reconciliation(),
        "Patient": Reconciliation(carried=1, received=9, kept=4, superseded=3, deleted=2, quarantined=1),
    }


@pytest.mark.parametrize("term", ["kept", "superseded", "deleted", "out_of_scope", "quarantined"])
def test_one_record_too_many_in_any_term_stops_at_the_type(term: str) -> None:
    with pytest.raises(GateError, match=r"source elm: .* Patient: "):
        reconcile({"received": {"Patient": 1}, term: {"Patient": 2}}, "elm", [])


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_manifest_that_calls_records_out_of_scope_not_asked_for_is_read_in_the_terms_of_now(wrapped: bool) -> None:
    before, now = {"Claim": {"received": 1, "not_asked_for": 1}}, {"Claim": {"received": 1, "out_of_scope": 1}}

    found = with_current_terms({"id": "s", "reconciliation": {"elm": before} if wrapped else before})

    assert found == {"id": "s", "reconciliation": {"elm": now} if wrapped else now}

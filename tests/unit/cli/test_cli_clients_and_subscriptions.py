"""`hi-fhir clients` and `hi-fhir subscriptions`: what they do, what they print, and what they refuse."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hi_fhir.core.sealing import load_seal
from hi_fhir.store import subscriptions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store, open_store
from hi_fhir.subscriptions.asked import read_subscription
from hi_fhir.subscriptions.resource import kept_content, sealed_headers
from tests.support.cli import hi_fhir, settings
from tests.support.released import CLOCK, release
from tests.support.signing import EC, RSA, jwks
from tests.support.subscribing import subscription

ID = "0b0e1a3c-6d2f-4a53-9a0e-0c1d2e3f4a5b"


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with settings(monkeypatch, tmp_path):
        yield


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "platform.jwks.json"
    path.write_text(jwks(RSA, EC))
    return path


def test_a_client_is_registered_listed_and_revoked(keys: Path) -> None:
    assert hi_fhir("clients", "list").out.strip() == "No client is registered."
    made = hi_fhir("clients", "add", "QX1 platform", "--organisation", "qx1", "--jwks", keys, "--json").json

    [told] = hi_fhir("clients", "list", "--json").json
    assert (told["client_id"], told["organisation"], told["audience"], told["revoked"]) == (
        made["client_id"],
        "QX1",
        "icb",
        None,
    )
    assert "QX1 platform" in hi_fhir("clients", "list").out

    assert hi_fhir("clients", "revoke", made["client_id"]).code == 0
    assert hi_fhir("clients", "list", "--json").json[0]["revoked"]
    again = hi_fhir("clients", "revoke", made["client_id"])
    assert (again.code, "no client is called" in again.err) == (2, True)


def test_of_a_board_that_ended_no_client_is_registered_and_those_that_are_say_when(keys: Path, tmp_path: Path) -> None:
    hi_fhir("clients", "add", "old", "--organisation", "QA1", "--jwks", keys)
    file = tmp_path / "succ.csv"
    file.write_text("QA1,QX1,R,20260401,\nQC1,QX1,R,29990401,\n", encoding="utf-8")
    [told] = hi_fhir("mappings", "import-successors", file, "--json").json["here"]
    assert (told["organisation"], told["clients"]) == ("QA1", 1)

    refused = hi_fhir("clients", "add", "late", "--organisation", "QA1", "--jwks", keys)
    early = hi_fhir("clients", "add", "early", "--organisation", "QC1", "--jwks", keys)

    assert (refused.code, early.code) == (2, 0)
    assert "QA1 ended on 2026-04-01 (QX1 follows it)" in refused.err
    assert [one["ends"] for one in hi_fhir("clients", "list", "--json").json] == ["2026-04-01", "2999-04-01"]


def test_a_client_is_given_no_more_than_was_said(keys: Path) -> None:
    scope = ("--scope", "system/MeasureReport.r system/Condition.rs system/Patient.rs")
    whose = ("--organisation", "A99001", "--audience", "practice")
    made = hi_fhir("clients", "add", "n", *whose, "--jwks", keys, *scope, "--json").json
    assert made["scopes"] == "system/MeasureReport.r system/Patient.r"


def test_only_a_practices_own_client_is_told_of_patients(keys: Path) -> None:
    for audience in ("pcn", "icb", "public"):
        whose = ("--organisation", "QX1", "--audience", audience, "--jwks", keys)
        ran = hi_fhir("clients", "add", "n", *whose, "--scope", "system/Patient.r")
        assert (ran.code, "--audience practice" in ran.err) == (2, True), ran.err
    everything = hi_fhir(
        "clients", "add", "n", "--organisation", "A99001", "--audience", "practice", "--jwks", keys, "--json"
    )
    assert "Patient" not in everything.json["scopes"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--jwks FILE"),
        (("--jwks", "absent.json"), "cannot be read"),
        (("--jwks", "private.json"), "private key"),
        (("--jwks-url", "http://keys.example/"), "https"),
        (("--jwks-url", "https://keys.example/", "--scope", "system/Condition.rs"), "nothing that the service offers"),
        (("--jwks-url", "https://keys.example/", "--jwks", "private.json"), "--jwks FILE"),
    ],
)
def test_a_client_that_could_not_sign_is_not_registered(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    (tmp_path / "private.json").write_text('{"keys": [{"kty": "RSA", "kid": "a", "d": "x"}]}')
    ran = hi_fhir("clients", "add", "n", "--organisation", "QX1", *arguments)
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert hi_fhir("clients", "list", "--json").json == []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """With a subscription that was told of one of its two events."""
    opened = open_store(tmp_path / "data" / "hi_fhir.sqlite")
    resource = subscription("https://icb.example/secret/hook", header=["Authorization: Bearer hush"])
    headers = sealed_headers(read_subscription(resource), load_seal(tmp_path / "keys" / "sealing.key"))
    new = subscriptions.NewSubscription(ID, Reader("icb", {"QX1"}), kept_content(resource), headers, "active", None)
    with opened.write() as session:
        subscriptions.add(session, new, CLOCK.at)
    release(opened, reporters=("A99001",), memberships=[("A99001", "U99001", "QX1")])
    with opened.write() as session:
        [row] = subscriptions.every(session)
        row.acknowledged, row.error = 1, "the endpoint answered 500."
    yield opened
    opened.close()


def test_nobody_has_subscribed() -> None:
    assert hi_fhir("subscriptions", "list").out.strip() == "Nobody has subscribed."
    assert hi_fhir("subscriptions", "list", "--json").json == []


def test_the_operator_sees_how_far_a_subscription_is_and_no_secret_of_it(store: Store) -> None:
    [told] = hi_fhir("subscriptions", "list", "--json").json
    assert (told["id"], told["whose"], told["host"], told["status"]) == (ID, "QX1 (icb)", "icb.example", "active")
    assert (told["events"], told["not_told_yet"], told["last_error"]) == (2, 1, "the endpoint answered 500.")
    for ran in (hi_fhir("subscriptions", "list"), hi_fhir("subscriptions", "list", "--json")):
        assert ID in ran.out
        assert not any(secret in ran.out for secret in ("hush", "secret"))


def test_a_replay_has_events_told_anew(store: Store) -> None:
    assert hi_fhir("subscriptions", "replay", ID, "--from", "1", "--json").json == {"id": ID, "events": 1}
    assert hi_fhir("subscriptions", "list", "--json").json[0]["not_told_yet"] == 2


def test_a_replay_of_what_was_never_told_is_refused(store: Store) -> None:
    for id_, first, told in ((ID, "2", "give a number up to that"), ("x", "1", "no subscription is called")):
        ran = hi_fhir("subscriptions", "replay", id_, "--from", first)
        assert (ran.code, told in ran.err) == (2, True)

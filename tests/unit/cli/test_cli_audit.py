"""`hi-fhir audit`: what it lists, by what, and that who looks at people's records is kept before they see them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hi_fhir.store.audit_events import AuditNote, AuditOutcome, AuditReason, forget, record_at_once
from hi_fhir.store.session import Store, open_store
from tests.support.cli import hi_fhir, settings

AT = datetime(2026, 7, 1, 22, 59, tzinfo=UTC)  # a minute before midnight in London
REFUSED = AuditNote(
    AuditOutcome.REFUSED,
    AuditReason.SCOPE,
    client_id="mine",
    organisation="QX1",
    audience="icb",
    method="GET",
    route="/fhir/<type:type_>",
    resource_type="MeasureReport",
)
NOBODY = AuditNote(AuditOutcome.REFUSED, AuditReason.NO_TOKEN, peer="192.0.2.1")
OVERFLOW = AuditNote(AuditOutcome.OVERFLOW, AuditReason.MORE_THAN_KEPT)
FOR_EVER = timedelta(days=3_650)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with settings(monkeypatch, tmp_path):
        opened = open_store(tmp_path / "data" / "hi_fhir.sqlite")
        with opened.write() as session:
            for number, note in enumerate((REFUSED, NOBODY, OVERFLOW)):
                record_at_once(session, note, AT + timedelta(minutes=number), FOR_EVER)
        yield opened
        opened.close()


@pytest.mark.parametrize(
    ("arguments", "reasons"),
    [
        ((), ["more-than-kept", "no-token", "scope"]),
        (("--day", "2026-07-01"), ["scope"]),
        (("--day", "2026-07-02"), ["more-than-kept", "no-token"]),
        (("--client", "mine"), ["scope"]),
        (("--organisation", "QX1"), ["scope"]),
        (("--peer", "192.0.2.1"), ["no-token"]),
        (("--outcome", "overflow"), ["more-than-kept"]),
        (("--outcome", "refused", "--day", "2026-07-02"), ["no-token"]),
        (("--limit", "1"), ["more-than-kept"]),
        (("--client", "nobody"), []),
    ],
)
def test_events_are_listed_by_day_client_and_outcome_the_newest_first(
    store: Store, arguments: tuple[str, ...], reasons: list[str]
) -> None:
    ran = hi_fhir("audit", *arguments, "--json")

    assert ran.code == 0
    assert [one["reason"] for one in ran.json] == reasons


def test_they_are_shown_with_who_and_what(store: Store) -> None:
    told = hi_fhir("audit", "--limit", "2").out

    assert "unauthenticated, 192.0.2.1" in told
    assert "The newest 2 of 3" in told
    [first] = hi_fhir("audit", "--client", "mine", "--json").json
    assert (first["route"], first["resource"], first["times"]) == ("GET /fhir/<type:type_>", "MeasureReport", 1)
    assert hi_fhir("audit", "--client", "nobody").out.strip() == "No such event is kept."


@pytest.mark.parametrize("arguments", [("--day", "yesterday"), ("--outcome", "x"), ("--limit", "0")])
def test_what_is_no_option_is_refused(store: Store, arguments: tuple[str, ...]) -> None:
    assert hi_fhir("audit", *arguments).code == 2


def test_a_command_forgets_what_is_too_old(store: Store) -> None:
    with store.write() as session:
        record_at_once(session, NOBODY, AT + timedelta(days=30), timedelta(days=7))
    assert [one["reason"] for one in hi_fhir("audit", "--json").json] == ["no-token"]
    with store.write() as session:
        assert forget(session, AT) is False


def test_who_is_shown_values_of_records_is_kept_before(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": 7, "birthDate": "CANARY"}\n')
    pulled = hi_fhir("pull", "--source", f"elm={folder}", "--extract-date", "2026-04-01")
    assert pulled.code == 0, pulled.err
    flattened = hi_fhir("flatten", "--source", "elm")
    before = hi_fhir("audit", "--json").json

    hi_fhir("quarantine", "--source", "elm")
    assert hi_fhir("audit", "--json").json == before
    shown = hi_fhir("quarantine", "--source", "elm", "--raw")

    assert "CANARY" in shown.out, (flattened, shown)
    [one] = hi_fhir("audit", "--outcome", "shown", "--json").json
    assert (one["reason"], one["route"]) == ("person-level", "hi-fhir quarantine --raw --source elm")
    assert one["who"]
    assert "CANARY" not in str(one)


def test_what_cannot_be_kept_is_not_shown(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hi_fhir.pipeline.history.latest_snapshot", lambda *_: tmp_path)
    monkeypatch.setenv("HI_FHIR_STORE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")

    ran = hi_fhir("quarantine", "--raw")

    assert (ran.code, ran.out) == (2, "")

"""The commands with their store in PostgreSQL, and its password nowhere but in the setting."""

import json
from pathlib import Path

import pytest

from hi_fhir.store import deliveries
from hi_fhir.store.session import open_store
from tests.support.postgres import PASSWORD, Postgres
from tests.support.processes import environment, run_hi_fhir
from tests.support.released import CLOCK, release

pytestmark = pytest.mark.real


def test_commands_read_it_and_tell_its_password_nowhere(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.migrated()
    store = open_store(url)
    first, *_ = release(store).reports
    with store.write() as session:
        sent = deliveries.Delivered(first.identifier, first.version, "http://example.invalid/fhir", "sent")
        deliveries.record_delivery(session, sent, CLOCK.at)
    store.close()
    env = environment(tmp_path / "identity.key", store_url=url, data_dir=tmp_path / "data")

    status, attack, doctor = (run_hi_fhir([word, "--json"], env) for word in ("status", "attack", "doctor"))

    [told] = json.loads(status.stdout)["deliveries"]
    assert (told["status"], told["reports"]) == ("sent", 1)
    assert json.loads(attack.stdout)["reports"] == 4
    [found] = [check for check in json.loads(doctor.stdout) if check["name"] == "store"]
    assert (found["state"], found["found"].endswith(", migrated")) == ("ok", True)
    assert found["found"].startswith("postgresql://127.0.0.1:")
    secret = PASSWORD.partition("/")[2]
    assert not any(secret in ran.stdout + ran.stderr for ran in (status, attack, doctor))
    assert list(tmp_path.rglob("*.sqlite*")) == []

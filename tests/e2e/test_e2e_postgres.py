"""The commands with their store in PostgreSQL, and its password nowhere but in the setting."""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from hi_fhir.store import deliveries
from hi_fhir.store.session import open_store
from tests.support import noting_receiver
from tests.support.killed_subscriber import Killed, address_of, fhir, until
from tests.support.noting_receiver import NOTES
from tests.support.postgres import PASSWORD, Postgres
from tests.support.processes import HI_FHIR, environment, run_hi_fhir, sandbox
from tests.support.released import CLOCK, release
from tests.support.subscribing import subscription

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


@pytest.mark.timeout(600)
def test_two_services_tell_what_run_and_report_release_once_and_in_order(postgres: Postgres, tmp_path: Path) -> None:
    """serve twice, run, publish and report as processes, with no store but the one in PostgreSQL."""
    (folder := tmp_path / "received").mkdir()
    (tmp_path / "data").mkdir(mode=0o700)
    settings = {"callback_networks": "127.0.0.0/8", "callback_http": "true", "data_dir": tmp_path / "data"}
    env = environment(tmp_path / "keys" / "identity.key", store_url=postgres.migrated(), **settings)
    with ExitStack() as stack:
        source = stack.enter_context(sandbox(["--people", "60"], env))
        target = stack.enter_context(sandbox(["--people", "1"], env))
        serve = [*HI_FHIR, "serve", "--audience", "icb", "--port", "0"]
        receive = [sys.executable, "-m", noting_receiver.__name__, str(folder), "0"]
        services = [Killed(serve, env, tmp_path / f"service-{number}.log") for number in range(2)]
        receiver = Killed(receive, dict(os.environ), tmp_path / "receiver.log")
        for one in (*services, receiver):
            stack.callback(one.kill)
        bases = [address_of(one) for one in services]
        made = [fhir(f"{base}/Subscription", subscription(address_of(receiver), "id-only", most=3)) for base in bases]
        for one in made:
            until(lambda one=one: fhir(f"{bases[0]}/Subscription/{one['id']}")["status"] == "active", 60)

        period = ("--period", "2024-04-01..2025-03-31")
        measures = ("--measures", "ethnicity-recorded,smoking-status-recorded,bmi-recorded,blood-pressure-recorded")
        ran = run_hi_fhir(["run", "--source", source, *period, *measures, "--audience", "icb"], env)
        assert ran.returncode == 0, ran.stderr
        sent = run_hi_fhir(["publish", "--audience", "icb", "--publish", target], env)
        again = run_hi_fhir(["report", "--audience", "icb"], env)
        assert (sent.returncode, again.returncode) == (0, 0), sent.stderr + again.stderr

        total = fhir(f"{bases[1]}/MeasureReport?_summary=count")["total"]
        assert total > 50
        until(lambda: len((folder / NOTES).read_text().split('"mr-')) - 1 >= 2 * total, 120)
        calls = [json.loads(line) for line in (folder / NOTES).read_text().splitlines()]
        following = [1, 1]  # the next number of each of the two subscriptions
        for number in (number for call in calls for number, _ in call):
            assert number in following
            following[following.index(number)] += 1
        assert following == [total + 1, total + 1]
        seen = json.loads((folder / "seen.json").read_text())  # by the address that either service has by itself
        assert {one.rpartition("/")[2] for one in seen} == {one["id"] for one in made}
        assert max(seen.values()) == total
    assert list(tmp_path.rglob("*.sqlite*")) == []

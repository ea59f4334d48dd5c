"""The service over a store of many large reports: answers for each CPU-second of the server, by kind of request.

Run: python -m tests.bench.bench_service [reports] [requests of a kind] [postgres: the store is in one]

A report is of 114 strata, about 130 kB. 10 measures, 12 periods, the rest reporters. Each kind is asked for as it is
and as gzip, as most libraries ask.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from hi_fhir.core.files import canonical_json
from hi_fhir.measures import registry
from hi_fhir.store import ledger
from hi_fhir.store.cells import NewCells
from hi_fhir.store.session import open_store
from tests.support.postgres import a_postgres
from tests.support.processes import HI_FHIR, environment
from tests.support.recording import record_reports
from tests.support.reporting import SETTINGS, released_reports

GOALS = {"read": 1_500, "by_identifier": 800, "by_reporter": 150}
CODINGS = ("identity", "gzip")
CLIENTS, BATCH = 4, 200
MEASURES, PERIODS = 10, 12
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
AT = datetime(2025, 4, 2, 12, tzinfo=UTC)


def main(reports: int = 10_000, requests: int = 2_000, *, in_postgres: bool = False) -> None:
    """Print one JSON object. CPU-seconds of a PostgreSQL are not among the service's."""
    with tempfile.TemporaryDirectory() as folder, a_postgres() if in_postgres else nullcontext() as server:
        found = measure(Path(folder), reports, requests, server.migrated() if server else None)
        print(json.dumps(found | {"in_postgres": in_postgres}))  # noqa: T201  a bench prints


def measure(folder: Path, reports: int, requests: int, store_url: str | None = None) -> dict[str, object]:
    data_dir = folder / "data"
    data_dir.mkdir()
    reporters = make_store(store_url or data_dir / "hi_fhir.sqlite", reports)
    env = environment(folder / "keys" / "identity.key", **({"store_url": store_url} if store_url else {}))
    command = [*HI_FHIR, "serve", "--data-dir", str(data_dir), "--port", "0", "--audience", "icb"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        base = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        found = {
            coding: {
                name: answers_per_cpu_s(process.pid, base, path, requests, coding)
                for name, path in kinds(reporters, reports).items()
            }
            for coding in CODINGS
        }
    finally:
        process.terminate()
        process.wait(60)
    size = sum(path.stat().st_size for path in data_dir.glob("hi_fhir.sqlite*"))
    return {"reports": reports, "store_mib": round(size / 2**20), "answers_per_cpu_s": found, "goals": GOALS}


def kinds(reporters: Sequence[str], reports: int) -> dict[str, Callable[[random.Random], str]]:
    """Kind of request to a maker of its path."""

    def any_identifier(chance: random.Random) -> str:
        return identifier(chance.randrange(reports))

    def found_by(**pairs: str) -> str:
        return f"/MeasureReport?{urlencode(pairs)}"

    return {
        "metadata": lambda chance: "/metadata",
        "read": lambda chance: f"/MeasureReport/mr-{any_identifier(chance)}",
        "by_identifier": lambda chance: found_by(identifier=f"{SETTINGS.identifier_system}|{any_identifier(chance)}"),
        "by_reporter": lambda chance: found_by(
            **{"reporter:identifier": f"{ODS}|{chance.choice(reporters)}", "_count": "10"}
        ),
        "by_measure_and_period": lambda chance: found_by(
            measure=f"{SETTINGS.base}/Measure/{chance.choice(measures())}", period="eq2024", _count="10"
        ),
        "count": lambda chance: found_by(_summary="count"),
    }


def answers_per_cpu_s(pid: int, base: str, path: Callable[[random.Random], str], requests: int, coding: str) -> int:
    """Answers for each CPU-second of process `pid`, while CLIENTS ask at once."""
    ask(base, path, 20, 0, coding)
    before = cpu_s(pid)
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda seed: ask(base, path, requests // CLIENTS, seed, coding), range(1, CLIENTS + 1)))
    return round(requests / (cpu_s(pid) - before))


def ask(base: str, path: Callable[[random.Random], str], requests: int, seed: int, coding: str) -> None:
    chance, where = random.Random(seed), urlsplit(base)
    connection = HTTPConnection(str(where.hostname), where.port, timeout=60)
    for _ in range(requests):
        connection.request("GET", where.path + path(chance), headers={"Accept-Encoding": coding})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
    connection.close()


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_store(path: Path | str, reports: int) -> list[str]:
    """A store of so many reports; the codes of their reporters."""
    store = open_store(path)
    release = ledger.NewRelease("e", "icb", "icb-primary", "1", "d", {"main": "2025-04-02"})
    made = made_up_reports(reports)
    while batch := list(islice(made, BATCH)):
        with store.write() as session:
            record_reports(session, release, batch, AT)
    store.close()
    return [reporter(number) for number in range(-(-reports // (MEASURES * PERIODS)))]


def made_up_reports(count: int) -> Iterator[ledger.NewReport]:
    """Clones of one report a measure, each of a reporter and period of its own."""
    defined = registry.load(measures())
    whole = [released_reports("icb", measure=measure, people=400) for measure in defined]
    contents = [canonical_json(one.reports["U99001"]) for one in whole]
    cells = [NewCells.of(one.cells["U99001"]) for one in whole]
    own = [one.reports["U99001"]["identifier"][0]["value"].encode() for one in whole]
    for number in range(count):
        rest, which = divmod(number, MEASURES)
        who, month = divmod(rest, PERIODS)
        id_, code = identifier(number), reporter(who)
        yield ledger.NewReport(
            id=f"mr-{id_}",
            identifier_system=SETTINGS.identifier_system,
            identifier=id_,
            measure_url=f"{SETTINGS.base}/Measure/{measures()[which]}",
            measure_version=defined[which].version,
            reporter_id=f"ods-{code.lower()}",
            reporter_system=ODS,
            reporter=code,
            status="complete",
            period_start=date(2023 + (month + 1) // 12, (month + 1) % 12 + 1, 1),
            period_end=date(2024, month + 1, 28),
            as_of=date(2024, month + 1, 28),
            data_date=date(2024, month + 1, 28),
            content=contents[which].replace(own[which], id_.encode()).replace(b"U99001", code.encode()),
            cells=cells[which],
        )


def measures() -> list[str]:
    return [measure.id for measure in registry.load()][:MEASURES]


def identifier(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def reporter(number: int) -> str:
    return f"Y{number:05d}"


if __name__ == "__main__":
    in_postgres = "postgres" in sys.argv[1:]
    main(*(int(one) for one in sys.argv[1:] if one != "postgres"), in_postgres=in_postgres)

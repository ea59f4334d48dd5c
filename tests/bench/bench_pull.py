"""Megabytes a second of a pull by search, and its own CPU, beside a bare loop of HTTP requests over the same slices.

Run: python tests/bench/bench_pull.py [URL]. Without URL the far end is a stub with 50 ms a page; with it a real server,
from which every type that the measures read is pulled whole.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode, urljoin

import msgspec
import requests

from hi_fhir.core.config import Config
from hi_fhir.core.files import read_json
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.sources.searches import TypeSearch, filters
from hi_fhir.tables.scope import Scope

_STUB = Path(__file__).with_name("pages_server.py")
_TYPES = ("Patient", "Encounter", "EpisodeOfCare", "Condition", "Observation", "Procedure", "Organization")
_NEXT = re.compile(rb'"next",\s*"url":\s*"([^"]+)"')
_SEARCHES = msgspec.json.Decoder(list[TypeSearch])


@contextmanager
def stub(records: int, latency_ms: float) -> Iterator[str]:
    """The address of a stub server that ends with the block."""
    command = [sys.executable, str(_STUB), str(records), str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def measure(url: str, types: tuple[str, ...], config: Config) -> dict[str, object]:
    """One pull, then the bare loop over its slices."""
    with tempfile.TemporaryDirectory() as name:
        config = replace(config, data_dir=Path(name) / "data")
        scope = Scope(types=dict.fromkeys(types))
        wall, cpu = time.perf_counter(), time.process_time()
        manifest = pull(RunContext(config), SourceSettings("bench", url), scope, None, 1)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        plan = config.data_dir / "sources" / "bench" / "raw" / manifest.id / "plan.json"
        searches = _SEARCHES.decode(msgspec.json.encode(read_json(plan)["plan"]["searches"]))
    started = time.perf_counter()
    size = bare_loop(url, searches, config)
    bare = time.perf_counter() - started
    return {
        "records": _records(manifest),
        "slices": sum(len(search.slices) for search in searches),
        "mb": round(size / 1e6),
        "pull_mb_a_s": round(size / wall / 1e6, 1),
        "bare_mb_a_s": round(size / bare / 1e6, 1),
        "share_of_bare": round(bare / wall, 2),
        "own_cpu_share_of_wall": round(cpu / wall, 2),
    }


def bare_loop(url: str, searches: list[TypeSearch], config: Config) -> int:
    """Bytes of all pages of the same slices, by as many threads, with nothing done to them."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=config.slices))

    def pages(first: str) -> int:
        size, address = 0, first
        while address:
            body = session.get(address, headers={"Cache-Control": "no-cache"}, timeout=60).content
            size += len(body)
            following = _NEXT.search(body[:4096])
            address = urljoin(address, following[1].decode()) if following else ""
        return size

    firsts = [
        f"{url}/{search.type}?{urlencode([*filters(search, slice_), ('_count', str(config.page_size))])}"
        for search in searches
        for slice_ in search.slices
    ]
    with ThreadPoolExecutor(config.slices) as pool:
        return sum(pool.map(pages, firsts))


def _records(manifest: PullManifest) -> int:
    return sum(counts.received for counts in manifest.counts.values())


def main() -> None:
    if len(sys.argv) > 1:
        result = measure(sys.argv[1], _TYPES, Config())
    else:
        with stub(240_000, 50) as url:
            result = measure(url, ("Observation",), replace(Config(), page_size=1_000))
    print(json.dumps(result, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()

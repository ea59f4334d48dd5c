"""Run by itself: reads a hostile server's answer with eight threads at a time, and tells how much memory that took.

usage: python -m tests.support.under_attack BASE     prints what the answers were found to be, and the peak in MB
"""

import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.responses import FhirResponse, read_json
from hi_fhir.fhir.settings import source_client
from hi_fhir.sources.chunks import LaneTally
from hi_fhir.sources.pages import Distinct, decode_bundle, take
from tests.support.calling import NOW

THREADS = 8


def kind_of(client: FhirClient) -> str:
    """A page as the pull reads one."""
    try:
        return client.exchange(Request("search of Patient", f"{client.base}/Patient"), records_in)
    except SourceError as error:
        return error.kind


def records_in(answer: FhirResponse) -> str:
    page = take(read_json(answer, decode_bundle), LaneTally(), Distinct(), pretty=False)
    return f"{page.records} records"


def main(base: str) -> None:
    config = Config(tries=1, response_limit_s=120, slices=THREADS)
    settings = source_client(config, SourceSettings("elm", base))
    with FhirClient(settings, NOW) as client, ThreadPoolExecutor(THREADS) as pool:
        kinds = {*pool.map(lambda _: kind_of(client), range(THREADS))}
    print(*sorted(kinds), peak_mb(), sep="\n")  # noqa: T201


def peak_mb() -> int:
    """The most memory that this program ever had. `getrusage` would tell that of whoever started it, if it is more."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    [line] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) >> 10


if __name__ == "__main__":
    main(sys.argv[1])

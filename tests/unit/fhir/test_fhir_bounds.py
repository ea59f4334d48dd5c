"""Whatever a server sends, it is read within bounds of bytes, time and memory, and named when it goes beyond one."""

import gzip
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.core.inflating import inflated
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.fhir.bodies import Limit
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.settings import source_client
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sources.pages import decode_bundle
from hi_fhir.tables.scope import Scope
from tests.support import hostile
from tests.support.calling import NOW
from tests.support.hostile import Attack, Send, body
from tests.support.landing import config_in
from tests.support.pulling import landed_lines

ROOT = Path(__file__).parents[3]
SMALL = Config(tries=2, retry_after_cap_s=0, response_limit_mb=2, response_limit_s=60, timeout_s=5)
SOON = replace(SMALL, response_limit_s=0.5)
MEMORY_MB = 400
"""What eight answers at a time may come to, of a program that takes 50 MB without them; docs/reference/settings.md."""


def caught(attack: Attack, config: Config = SMALL) -> SourceError:
    with (
        hostile.hostile(attack) as base,
        FhirClient(source_client(config, SourceSettings("elm", base)), NOW) as client,
        pytest.raises(SourceError) as error,
    ):
        client.resource(Request("search of Patient", f"{base}/Patient"), decode_bundle)
    assert str(error.value).startswith("elm: search of Patient: ")
    return error.value


@pytest.mark.parametrize(
    ("attack", "kind", "told"),
    [
        (hostile.endless, "too-large", r"larger than 2 MB \(response_limit_mb\)"),
        (hostile.endless_chunks, "too-large", "response_limit_mb"),
        (hostile.announced, "too-large", "response_limit_mb"),
        (hostile.bomb, "too-large", "response_limit_mb"),
        (hostile.deep, "too-deep", "nested deeper"),
        (hostile.drip, "too-slow", "response_limit_s"),
        (hostile.unasked_packing, "content-encoding", "not asked for"),
        (hostile.endless_refusal, "http-status", "is 500"),
        (hostile.many_headers, "bad-headers", "headers"),
        (hostile.long_header, "bad-headers", "headers"),
        (hostile.no_http, "no-http", "speaks no HTTP"),
    ],
)
def test_what_is_beyond_a_bound_is_named_and_not_asked_for_again(attack: Attack, kind: str, told: str) -> None:
    tried = []

    def counted(send: Send, asked: str) -> None:
        tried.append(asked)
        attack(send, asked)

    error = caught(counted, SOON if kind == "too-slow" else SMALL)
    assert error.kind == kind
    assert error.exit_code == 3
    assert re.search(told, str(error))
    assert len(tried) == 1


@pytest.mark.parametrize(
    "attack",
    [
        hostile.bomb,
        *(
            pytest.param(attack, marks=pytest.mark.slow)
            for attack in (hostile.endless, hostile.endless_chunks, hostile.many_objects)
        ),
    ],
)
def test_memory_stays_under_a_stated_figure(attack: Attack) -> None:
    with hostile.hostile(attack) as base:
        kind, peak_mb = under_attack(base)
    assert kind in ("too-large", "unreadable-body")
    assert peak_mb < MEMORY_MB


@pytest.mark.slow
def test_memory_stays_under_it_for_a_page_that_is_just_taken() -> None:
    with hostile.hostile(hostile.as_many_as_go) as base:
        kind, peak_mb = under_attack(base)
    assert kind.endswith(" records")
    assert peak_mb < MEMORY_MB


def under_attack(base: str) -> tuple[str, int]:
    """What a program of its own made of the answers, and the most memory that it took."""
    command = [sys.executable, "-m", "tests.support.under_attack", base]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=240)
    kind, peak = ran.stdout.split("\n")[:2]
    return kind, int(peak)


def test_a_bomb_is_seen_by_what_it_comes_to_before_it_has_come_to_the_limit() -> None:
    error = caught(hostile.bomb, replace(SMALL, response_limit_mb=1_024))
    assert "250 times its size" in str(error)


def test_a_head_that_drips_is_no_answer_in_time() -> None:
    error = caught(hostile.dripping_head, SOON)
    assert error.kind == "too-slow"


def test_a_file_may_take_as_long_as_it_likes_if_only_it_goes_on() -> None:
    def steady(send: Send, _: str) -> None:
        send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _part in range(8):
            send(b" " * (1 << 20))
            time.sleep(0.2)

    with hostile.hostile(steady) as base, FhirClient(source_client(SOON, SourceSettings("elm", base)), NOW) as client:
        limit = Limit(100, "unpacked_limit_mb", whole=False)
        size = client.exchange(Request("export file", base), lambda answer: sum(map(len, answer.blocks(limit))))
    assert size == 8 << 20
    with (
        hostile.hostile(steady) as base,
        FhirClient(source_client(SOON, SourceSettings("elm", base)), NOW) as client,
        pytest.raises(SourceError) as error,
    ):
        client.exchange(Request("page", base), lambda answer: sum(map(len, answer.blocks(Limit(100, "")))))
    assert error.value.kind == "too-slow"


def pages(number_of_news: int) -> Attack:
    """A chain of ever new links, whose first pages bring a record each and whose others bring one of those again."""

    def answer(send: Send, asked: str) -> None:
        target = asked.split()[1]
        if "metadata" in target:
            return body(send, b"", status=b"404 No")
        if "_summary" in target:
            return body(send, b'{"resourceType": "Bundle"}')
        number = int(target.rpartition("=")[2]) if "page=" in target else 0
        record = {"resourceType": "Patient", "id": f"p{min(number, number_of_news)}"}
        following = {"relation": "next", "url": f"/fhir/Patient?page={number + 1}"}
        return body(
            send, orjson.dumps({"resourceType": "Bundle", "link": [following], "entry": [{"resource": record}]})
        )

    return answer


def pull_from(config: Config, base: str) -> Any:
    return pull(RunContext(config, NOW), SourceSettings("elm", base), Scope(types={"Patient": None}), None, 1)


def test_pages_that_bring_nothing_new_come_to_an_end(tmp_path: Path) -> None:
    config = config_in(tmp_path, idle_pages=10, slices=1)
    with hostile.hostile(pages(15)) as base, pytest.raises(SourceError, match=r"10 pages .* \(idle_pages\)") as error:
        pull_from(config, base)
    assert error.value.kind == "endless-pages"


def test_what_has_landed_before_is_kept_and_gone_on_from(tmp_path: Path) -> None:
    config = config_in(tmp_path, slices=1, response_limit_mb=1, tries=1)
    asked: list[str] = []
    is_mended = False

    def second_page_is_endless(send: Send, line: str) -> None:
        asked.append(line)
        if "page=2" not in line:
            return pages(0)(send, line) if "page=1" not in line else body(send, page_to("/fhir/Patient?page=2"))
        return body(send, b'{"resourceType": "Bundle"}') if is_mended else hostile.endless(send, line)

    def page_to(link: str) -> bytes:
        record = {"resource": {"resourceType": "Patient", "id": "p1"}}
        return orjson.dumps({"resourceType": "Bundle", "link": [{"relation": "next", "url": link}], "entry": [record]})

    with hostile.hostile(second_page_is_endless) as base:
        with pytest.raises(SourceError) as error:
            pull_from(config, base)
        assert error.value.kind == "too-large"
        before = len(asked)
        is_mended = True
        manifest = pull_from(config, base)
    assert [line.split()[1] for line in asked[before:]] == ["/fhir/Patient?page=2"]
    assert len(landed_lines(config, manifest)["Patient"]) == 2


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
@pytest.mark.parametrize("kind", ["gzip", "two", "zlib", "bare", "padded"])
def test_what_is_packed_in_any_usual_way_is_unpacked(kind: str, size: int) -> None:
    content = b'{"resourceType": "Patient"}\n' * 5_000
    bare = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(content),
        "two": gzip.compress(content[:100]) + gzip.compress(content[100:]),
        "zlib": zlib.compress(content),
        "bare": bare.compress(content) + bare.flush(),
        "padded": gzip.compress(content) + bytes(20),
    }[kind]

    def blocks() -> Iterator[bytes]:
        for start in range(0, len(packed), size):
            yield packed[start : start + size]

    assert b"".join(piece for piece, _ in inflated(blocks())) == content

"""A server of prebuilt search pages with a fixed latency, as its own process: the far end of the pull's benchmark.

Run: python tests/bench/pages_server.py RECORDS LATENCY_MS; it prints its address.
"""

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import orjson

_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_TEXT = "Recorded in practice. " * 38


def _entry(number: int) -> bytes:
    """An Observation of about 1.6 kB, updated `number` seconds after the first."""
    resource = {
        "resourceType": "Observation",
        "id": f"o{number:08d}",
        "meta": {"versionId": "1", "lastUpdated": (_FIRST + timedelta(seconds=number)).isoformat()},
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{_TEXT}</div>'},
        "identifier": [{"system": "https://example.invalid/observations", "value": f"{number:012d}"}],
        "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "75367002"}]},
        "subject": {"reference": f"Patient/p{number // 30:07d}"},
        "effectiveDateTime": "2024-05-03T10:00:00+01:00",
        "valueQuantity": {"value": number % 90 + 90, "unit": "mmHg", "system": "http://unitsofmeasure.org"},
    }
    return orjson.dumps({"fullUrl": f"http://127.0.0.1/Observation/o{number:08d}", "resource": resource})


class Pages:
    """Answers to the few requests that a pull by search makes."""

    def __init__(self, records: int, latency_s: float) -> None:
        self.entries = [_entry(number) for number in range(records)]
        self.latency_s = latency_s

    def answer(self, target: str) -> bytes:
        url = urlsplit(target)
        query = parse_qsl(url.query)
        asked = dict(query)
        if url.path.endswith("/metadata"):
            parameters = [{"name": "_lastUpdated"}]
            return orjson.dumps({"rest": [{"resource": [{"type": "Observation", "searchParam": parameters}]}]})
        if "_from" in asked:
            return self._page(int(asked["_from"]), int(asked["_to"]), int(asked["_count"]), None)
        low, high = self._bounds([value for name, value in query if name == "_lastUpdated"])
        if asked.get("_summary") == "count":
            return orjson.dumps({"resourceType": "Bundle", "total": high - low})
        if asked.get("_sort", "").startswith("-"):
            low = max(high - 1, low)
        return self._page(low, high, int(asked["_count"]), target)

    def _bounds(self, texts: list[str]) -> tuple[int, int]:
        low, high = 0, len(self.entries)
        for text in texts:
            seconds = (datetime.fromisoformat(text[2:]) - _FIRST) / timedelta(seconds=1)
            place = min(max(-int(-seconds // 1), 0), len(self.entries))
            low, high = (max(low, place), high) if text.startswith("ge") else (low, min(high, place))
        return low, high

    def _page(self, low: int, high: int, count: int, own: str | None) -> bytes:
        end = min(low + count, high)
        links = [{"relation": "self", "url": own}] if own else []
        if end < high:
            links.append({"relation": "next", "url": f"/fhir?_from={end}&_to={high}&_count={count}"})
        head = orjson.dumps({"resourceType": "Bundle", "type": "searchset", "link": links})[:-1]
        return head + b',"entry":[' + b",".join(self.entries[low:end]) + b"]}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = re.match(rb"GET (\S+)", head)
                body = self.answer(target[1].decode() if target else "/")
                await asyncio.sleep(self.latency_s)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n")
                writer.write(f"Date: Wed, 02 Apr 2025 12:00:00 GMT\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main(records: int, latency_ms: float) -> None:
    pages = Pages(records, latency_ms / 1000)
    server = await asyncio.start_server(pages.serve, "127.0.0.1", 0, limit=1 << 20)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/fhir", flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))

"""The client tries again what may pass, names what does not, and tells nobody else the token."""

import gzip
import threading
from typing import Any

import msgspec
import pytest
import requests
import responses

from hi_fhir.core.clock import Clock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import SourceError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.fhir.auth import AccessToken, RenewedBearer
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.conformance import read_capability
from hi_fhir.fhir.settings import server_client, source_client
from tests.support.calling import BASE, NOW, a_client

URL = f"{BASE}/Patient?name=Quartz&identifier=9990000018"
WHAT = "search of Patient"
decode = msgspec.json.Decoder(dict[str, Any]).decode


def read(client: FhirClient, url: str = URL) -> dict[str, Any]:
    return client.resource(Request(WHAT, url), decode)[0]


def caught(client: FhirClient, url: str = URL) -> SourceError:
    with pytest.raises(SourceError) as error:
        read(client, url)
    assert "Quartz" not in str(error.value)
    assert "999" not in str(error.value)
    assert str(error.value).startswith("elm: search of Patient: ")
    return error.value


@responses.activate
def test_a_request_asks_for_fhir_json_that_is_fresh_and_zipped() -> None:
    responses.get(URL, json={"ok": 1})
    read(a_client(token="secret"))
    headers = responses.calls[0].request.headers
    assert headers["Accept"] == "application/fhir+json"
    assert headers["Accept-Encoding"] == "gzip"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Authorization"] == "Bearer secret"


@responses.activate
def test_a_zipped_body_is_unzipped() -> None:
    responses.get(URL, body=gzip.compress(b'{"ok": 1}'), headers={"Content-Encoding": "gzip"})
    assert read(a_client()) == {"ok": 1}


@responses.activate
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again_ever_later(status: int) -> None:
    waits: list[float] = []
    responses.get(URL, status=status)
    responses.get(URL, status=status)
    responses.get(URL, json={"ok": 1})
    assert read(a_client(waits)) == {"ok": 1}
    assert 1 <= waits[0] <= 1.25
    assert 2 <= waits[1] <= 2.5


@responses.activate
def test_a_failure_that_stays_is_named_after_the_last_try() -> None:
    waits: list[float] = []
    responses.get(URL, status=503)
    error = caught(a_client(waits))
    assert (error.kind, error.status, error.retryable) == ("http-status", 503, True)
    assert len(waits) == 2
    assert len(responses.calls) == 3


@responses.activate
def test_a_connection_that_fails_is_tried_again() -> None:
    responses.get(URL, body=requests.ConnectionError(f"cannot reach {URL}"))
    responses.get(URL, body=requests.Timeout(f"no answer from {URL}"))
    responses.get(URL, json={"ok": 1})
    assert read(a_client()) == {"ok": 1}


@responses.activate
def test_a_server_that_is_not_there_is_named_without_its_address() -> None:
    responses.get(URL, body=requests.ConnectionError(f"cannot reach {URL}"))
    error = caught(a_client())
    assert error.kind == "no-connection"
    assert error.__cause__ is None
    assert error.__context__ is None


@responses.activate
@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("7", 7, 8.75),
        ("0", 0.5, 0.625),
        ("900", 60, 60),
        ("Wed, 02 Apr 2025 12:00:20 GMT", 20, 25),
        ("Wed, 02 Apr 2025 11:00:00 GMT", 0.5, 0.625),
        ("1762431234567", 1, 1.25),
        ("1762431234", 1, 1.25),
        ("soon", 1, 1.25),
        ("-5", 1, 1.25),
        ("", 1, 1.25),
    ],
)
def test_retry_after_is_honoured_where_it_makes_sense_and_capped(text: str, least: float, most: float) -> None:
    waits: list[float] = []
    responses.get(URL, status=429, headers={"Retry-After": text})
    responses.get(URL, json={"ok": 1})
    read(a_client(waits, config=Config(tries=3, retry_after_cap_s=60)))
    assert least <= waits[0] <= most


@responses.activate
def test_a_date_to_wait_for_is_read_by_the_servers_own_clock() -> None:
    waits: list[float] = []
    dates = {"Retry-After": "Sun, 01 Jan 2023 00:00:10 GMT", "Date": "Sun, 01 Jan 2023 00:00:00 GMT"}
    responses.get(URL, status=503, headers=dates)
    responses.get(URL, json={"ok": 1})
    read(a_client(waits))
    assert 10 <= waits[0] <= 12.5


@responses.activate
@pytest.mark.parametrize(
    ("status", "kind"), [(401, "unauthorised"), (403, "forbidden"), (404, "http-status"), (500, "http-status")]
)
def test_a_refusal_is_named_at_once(status: int, kind: str) -> None:
    responses.get(URL, status=status, body="AccessToken of Quartz expired", content_type="text/html")
    error = caught(a_client())
    assert (error.kind, error.status) == (kind, status)
    assert len(responses.calls) == 1


@responses.activate
def test_of_an_outcome_only_its_codes_are_told() -> None:
    issue = {"severity": "error", "code": "not-supported", "diagnostics": "HAPI-0524: no Quartz with 9990000018"}
    responses.get(URL, status=400, json={"resourceType": "OperationOutcome", "issue": [issue]})
    assert "400 (HAPI-0524, not-supported)" in str(caught(a_client()))


@responses.activate
@pytest.mark.parametrize(
    ("body", "kind", "tries"),
    [
        (b"<html><h1>Sign in, Quartz</h1></html>", "html-body", 1),
        (b'  \n<?xml version="1.0"?><Bundle/>', "html-body", 1),
        (b"", "empty-body", 3),
        (b'{"resourceType": "Bundle", "entry": [', "truncated-body", 3),
        (b"[1, 2]", "unreadable-body", 1),
    ],
)
def test_a_body_that_is_no_resource_is_named(body: bytes, kind: str, tries: int) -> None:
    responses.get(URL, body=body, content_type="application/fhir+json")
    assert caught(a_client()).kind == kind
    assert len(responses.calls) == tries


@responses.activate
@pytest.mark.parametrize(("code", "tries"), [("exception", 1), ("transient", 3), ("throttled", 3)])
def test_an_outcome_in_place_of_a_result_is_named(code: str, tries: int) -> None:
    class Bundle(msgspec.Struct):
        total: int

    issue = {"severity": "error", "code": code, "diagnostics": "Quartz"}
    responses.get(URL, json={"resourceType": "OperationOutcome", "issue": [issue]})
    with pytest.raises(SourceError, match=code) as error:
        a_client().resource(Request(WHAT, URL), msgspec.json.Decoder(Bundle).decode)
    assert error.value.kind == "operation-outcome"
    assert len(responses.calls) == tries


@responses.activate
def test_a_request_answers_with_any_status_that_does_not_pass() -> None:
    responses.put(f"{BASE}/MeasureReport", status=412, json={"issue": []}, headers={"ETag": 'W/"3"'})
    answer = a_client().request(Request("update", f"{BASE}/MeasureReport", "PUT", body=b"{}"))
    assert (answer.status, answer.headers["etag"], answer.body) == (412, 'W/"3"', b'{"issue": []}')


@responses.activate
def test_the_cap_holds_for_the_shortest_wait_too() -> None:
    waits: list[float] = []
    responses.get(URL, status=429, headers={"Retry-After": "0"})
    responses.get(URL, json={"ok": 1})
    read(a_client(waits, config=Config(tries=3, retry_after_cap_s=0.1)))
    assert waits == [0.1]


@responses.activate
def test_nothing_is_tried_again_once_the_wait_is_called_off() -> None:
    stop = threading.Event()
    stop.set()
    responses.get(URL, status=503)
    with FhirClient(source_client(Config(tries=6), SourceSettings("elm", BASE)), NOW, stop.wait) as client:
        assert caught(client).status == 503
    assert len(responses.calls) == 1


def a_client_with_tokens(*given: AccessToken, clock: Clock = NOW) -> FhirClient:
    """Whose tokens are those given, one after the other."""
    left = iter(given)
    auth = RenewedBearer(lambda: next(left), clock)
    return FhirClient(server_client(Config(tries=3), "elm", BASE, auth), NOW, lambda _: None)


def sent() -> list[str | None]:
    return [call.request.headers.get("Authorization") for call in responses.calls]


@responses.activate
def test_a_token_that_is_no_longer_taken_is_asked_for_once_more() -> None:
    responses.get(URL, status=401)
    responses.get(URL, json={"ok": 1})

    client = a_client_with_tokens(AccessToken("old"), AccessToken("new"))

    assert read(client) == read(client) == {"ok": 1}
    assert sent() == ["Bearer old", "Bearer new", "Bearer new"]


@responses.activate
def test_a_server_that_takes_no_token_is_asked_with_two_and_no_more() -> None:
    responses.get(URL, status=401)

    assert caught(a_client_with_tokens(*map(AccessToken, "abcd"))).kind == "unauthorised"
    assert sent() == ["Bearer a", "Bearer b"]


@responses.activate
@pytest.mark.parametrize("token", ["secret", None])
def test_a_token_that_does_not_change_is_not_tried_again(token: str | None) -> None:
    responses.get(URL, status=401)

    assert caught(a_client(token=token)).kind == "unauthorised"
    assert len(responses.calls) == 1


@responses.activate
def test_a_request_without_a_token_does_not_ask_for_another() -> None:
    responses.get(URL, status=401)
    client = a_client_with_tokens(AccessToken("own"))

    response = client.request(Request(WHAT, URL, with_token=False))

    assert (response.status, sent()) == (401, [None])


@responses.activate
def test_a_write_that_was_refused_for_its_token_is_made_again_with_its_body() -> None:
    responses.post(BASE, status=401)
    responses.post(BASE, status=200)

    a_client_with_tokens(AccessToken("old"), AccessToken("new")).request(
        Request("a transaction", BASE, method="POST", body=b"{}")
    )

    assert [call.request.body for call in responses.calls] == [b"{}", b"{}"]
    assert sent() == ["Bearer old", "Bearer new"]


def redirect(to: str, status: int = 302) -> None:
    responses.get(URL, status=status, headers={"Location": to})


@responses.activate
@pytest.mark.parametrize(
    ("target", "token"),
    [
        ("/fhir/Patient/2", "Bearer secret"),
        ("http://example.invalid:80/fhir/Patient/2", "Bearer secret"),
        ("http://files.invalid/Patient/2", "Bearer files"),
        ("http://open.invalid/Patient/2", None),
    ],
)
def test_a_redirect_takes_the_token_no_further_than_it_is_bound_to(target: str, token: str | None) -> None:
    redirect(target)
    responses.get(requests.compat.urljoin(URL, target), json={"ok": 1})
    client = a_client(token="secret", trusted_hosts={"files.invalid": "files", "open.invalid": ""})
    assert read(client) == {"ok": 1}
    assert responses.calls[1].request.headers.get("Authorization") == token


ELSEWHERE = ("http://example.invalid:8080/fhir/2", "https://example.invalid/fhir/2", "http://elsewhere.invalid/2")


@responses.activate
@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_redirect_to_another_server_is_an_error(target: str) -> None:
    redirect(target)
    error = caught(a_client(token="secret"))
    assert error.kind == "foreign-redirect"
    assert "trusted_hosts" in str(error)
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize("target", ELSEWHERE)
def test_what_may_lie_anywhere_is_fetched_there_without_the_token(target: str) -> None:
    redirect(target)
    responses.get(target, json={"ok": 1})
    file = Request("export file", URL, anywhere=True)
    assert a_client(token="secret").resource(file, decode)[0] == {"ok": 1}
    assert "Authorization" not in responses.calls[1].request.headers


@responses.activate
def test_a_redirect_to_another_host_can_be_put_back_on_this_one() -> None:
    redirect("http://internal:8080/fhir/Patient/2")
    responses.get(f"{BASE}/Patient/2", json={"ok": 1})
    assert read(a_client(rewrite_next_host=True)) == {"ok": 1}


@responses.activate
def test_a_page_where_the_capabilities_should_be_is_named_with_its_source() -> None:
    responses.get(f"{BASE}/metadata", body=b"<html>Sign in</html>")
    with pytest.raises(SourceError, match="elm: capability statement: the response is a page of HTML") as error:
        read_capability(a_client())
    assert error.value.kind == "html-body"


@responses.activate
def test_a_trusted_host_gets_its_token_over_https_where_the_source_is() -> None:
    secure = "https://example.invalid/fhir"
    responses.get("http://files.invalid/1", json={"ok": 1})
    read(a_client(address=secure, token="secret", trusted_hosts={"files.invalid": "files"}), "http://files.invalid/1")
    assert "Authorization" not in responses.calls[0].request.headers


@responses.activate
def test_netrc_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.sessions, "get_netrc_auth", lambda url: ("somebody", "password"))
    responses.get(URL, json={"ok": 1})
    read(a_client())
    assert "Authorization" not in responses.calls[0].request.headers


@responses.activate
def test_redirects_that_have_no_end_are_named() -> None:
    redirect(URL)
    assert caught(a_client()).kind == "redirect-loop"


@responses.activate
def test_a_body_is_sent_to_no_other_host() -> None:
    responses.post(f"{BASE}/Patient/_search", status=307, headers={"Location": "http://elsewhere.invalid/"})
    with pytest.raises(SourceError) as error:
        a_client().request(Request(WHAT, f"{BASE}/Patient/_search", "POST", body=b"identifier=1"))
    assert error.value.kind == "foreign-redirect"
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (f"{BASE}?_getpages=1", f"{BASE}?_getpages=1"),
        ("/fhir?_getpages=1", f"{BASE}?_getpages=1"),
        ("?page=2", f"{BASE}/Patient?page=2"),
        ("http://EXAMPLE.invalid:80/fhir?page=2", "http://EXAMPLE.invalid:80/fhir?page=2"),
        ("http://files.invalid/fhir?page=2", "http://files.invalid/fhir?page=2"),
    ],
)
def test_a_next_link_is_followed_as_it_is(link: str, url: str) -> None:
    assert a_client(trusted_hosts={"files.invalid": None}).follow(link, f"{BASE}/Patient?a=b", WHAT) == url


FOREIGN = ("http://internal:8080/fhir?page=2", "https://example.invalid:443:443/fhir?page=2")


@pytest.mark.parametrize("link", FOREIGN)
def test_a_next_link_to_another_host_is_an_error(link: str) -> None:
    with pytest.raises(SourceError, match="rewrite_next_host") as error:
        a_client().follow(link, BASE, WHAT)
    assert error.value.kind == "foreign-next-link"
    assert "page=2" not in str(error.value)


@pytest.mark.parametrize("link", FOREIGN)
def test_a_next_link_to_another_host_can_be_put_back_on_this_one(link: str) -> None:
    assert a_client(rewrite_next_host=True).follow(link, BASE, WHAT) == f"{BASE}?page=2"


def test_an_address_that_is_none_is_named() -> None:
    assert caught(a_client(address="http://"), "http://").kind == "no-connection"

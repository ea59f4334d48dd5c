"""What HTTP says of every answer: methods, what is had already, media types, pages of elsewhere."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from hi_fhir.web.cors import allow_origins
from hi_fhir.web.readers import everyone_is
from tests.support.released import CLOCK, release

ORIGIN = "https://dashboard.example.nhs.uk"


@pytest.fixture(scope="module")
def make(module_store: Store) -> Callable[..., FlaskClient]:
    release(module_store, reporters=("A99001",), memberships=[("A99001", "U99001", "QX1")])
    return lambda **more: create_app(module_store, CLOCK, everyone_is(Reader("icb")), **more).test_client()


@pytest.fixture(scope="module")
def service(make: Callable[..., FlaskClient]) -> FlaskClient:
    return make()


def a_report(service: FlaskClient) -> str:
    return f"/fhir/MeasureReport/{service.get('/fhir/MeasureReport').json['entry'][0]['resource']['id']}"


def test_a_head_is_as_the_get_without_its_body(service):
    own = a_report(service)
    for path in (
        own,
        f"{own}/_history/1",
        f"{own}/_history",
        "/fhir/MeasureReport?_count=1",
        "/fhir/metadata",
        "/healthz",
    ):
        got, head = service.get(path), service.head(path)
        assert (head.status_code, head.data, [*head.headers]) == (200, b"", [*got.headers]), path


def test_every_route_that_is_got_has_a_head(service):
    rules = [*service.application.url_map.iter_rules()]

    assert all("HEAD" in rule.methods for rule in rules if "GET" in rule.methods)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Modified-Since": "Wed, 02 Apr 2025 12:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Thu, 03 Apr 2025 00:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Wed, 02 Apr 2025 11:59:59 GMT"}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Modified-Since": "Wed, 02 Apr 2025 12:00:00 -0000"}, 200),
        ({"If-Modified-Since": "Thu, 03 Apr 2025 00:00:00 GMT", "If-None-Match": 'W/"7"'}, 200),
        ({"If-None-Match": 'W/"7", W/"1"'}, 304),
        ({"If-None-Match": "*"}, 304),
    ],
)
def test_what_a_client_has_already_is_not_sent_again(service, headers, status):
    answer = service.get(a_report(service), headers=headers)

    assert answer.status_code == status
    assert answer.headers["ETag"] == 'W/"1"'
    assert bool(answer.data) == (status == 200)


@pytest.mark.parametrize(
    ("accept", "format_", "status"),
    [
        ("application/fhir+json", "", 200),
        ("application/json;q=0.5, text/html", "", 200),
        ("text/html,*/*;q=0.1", "", 200),
        ("application/fhir+json; fhirVersion=4.0", "", 200),
        ("application/fhir+json; fhirVersion=5.0", "", 406),
        ("application/fhir+xml", "", 406),
        ("text/turtle", "", 406),
        ("application/fhir+xml", "json", 200),
        ("application/fhir+json", "application/fhir%2Bxml", 406),
        ("", "application/fhir+json", 200),
        ("", "text/html", 406),
    ],
)
def test_json_is_what_there_is(service, accept, format_, status):
    answer = service.get(f"/fhir/MeasureReport?_format={format_}", headers={"Accept": accept} if accept else {})

    assert (answer.status_code, answer.content_type) == (status, "application/fhir+json; charset=utf-8")


@pytest.mark.parametrize("path", ["/fhir/MeasureReport", "/fhir/MeasureReport/x", "/fhir/metadata"])
def test_pages_of_elsewhere_may_not_ask_unless_they_are_listed(make, path):
    off, on = make(), make(cors_origins=(ORIGIN,))

    assert not [name for name in off.get(path, headers={"Origin": ORIGIN}).headers if "Access-Control" in name[0]]
    listed, other = (on.get(path, headers={"Origin": origin}) for origin in (ORIGIN, f"{ORIGIN}.evil.example"))
    assert listed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "ETag" in listed.headers["Access-Control-Expose-Headers"]
    assert not [name for name in [*other.headers] if "Access-Control" in name[0]]
    assert {one.headers["Vary"] for one in (listed, other)} == {"Accept-Encoding, Origin"}
    assert "Access-Control-Allow-Credentials" not in listed.headers


def test_a_browser_is_told_beforehand_what_it_may_send(make):
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = make(cors_origins=(ORIGIN,)).options("/fhir/MeasureReport", headers=asked)

    assert answer.status_code == 200
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("origin", ["*", "null", "https://x.example/", "https://X.example", "x.example", ""])
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ConfigError, match="cors_origins"):
        allow_origins([origin])


def test_origins_are_a_list_of_the_settings():
    assert Config.from_env({"HI_FHIR_CORS_ORIGINS": f"{ORIGIN},https://b.example"}).cors_origins == (
        ORIGIN,
        "https://b.example",
    )

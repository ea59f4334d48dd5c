"""What is sent as gzip is what others are sent as it is."""

import gzip

import pytest
from flask.testing import FlaskClient

from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from tests.support.released import CLOCK, release

AS_GZIP = {"Accept-Encoding": "gzip, deflate"}


@pytest.fixture(scope="module")
def service(module_store: Store) -> FlaskClient:
    release(module_store)
    return create_app(module_store, CLOCK, everyone_is(Reader("icb"))).test_client()


def a_report(service: FlaskClient) -> str:
    return str(service.get("/fhir/MeasureReport?_count=1").json["entry"][0]["resource"]["id"])


@pytest.mark.parametrize("path", ["MeasureReport/{id}", "MeasureReport", "MeasureReport?_count=1", "Measure"])
def test_an_answer_as_gzip_has_the_same_bytes(service, path):
    path = f"/fhir/{path.format(id=a_report(service))}"
    plain, packed = service.get(path), service.get(path, headers=AS_GZIP)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers.get("ETag") == packed.headers.get("ETag")


def test_what_is_long_is_sent_as_gzip_though_it_is_not_kept_so(service):
    answer = service.get("/fhir/metadata", headers=AS_GZIP)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == service.get("/fhir/metadata").data


@pytest.mark.parametrize("path", ["MeasureReport?_summary=count", "MeasureReport/nobody"])
def test_what_is_short_is_sent_as_it_is(service, path):
    answer = service.get(f"/fhir/{path}", headers=AS_GZIP)

    assert "Content-Encoding" not in answer.headers
    assert answer.json["resourceType"]


def test_a_version_that_the_client_has_is_not_sent_again_as_gzip_either(service):
    path = f"/fhir/MeasureReport/{a_report(service)}"
    tag = service.get(path, headers=AS_GZIP).headers["ETag"]

    again = service.get(path, headers={**AS_GZIP, "If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["/fhir/metadata", "/fhir/MeasureReport", "/fhir/Patient", "/healthz", "/nowhere"])
def test_every_answer_says_that_it_is_kept_by_its_client_alone_and_shown_in_no_page(service, path):
    headers = service.get(path).headers

    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_an_answer_to_a_name_of_elsewhere_has_the_same_headers(service):
    answer = service.get("/fhir/metadata", base_url="http://example.invalid")

    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (400, "nosniff")


def test_a_page_has_no_more_than_twenty_however_many_are_asked_for(store):
    release(store, reporters=[f"A990{number:02}" for number in range(11)])
    service = create_app(store, CLOCK, everyone_is(Reader("icb"))).test_client()

    first = service.get("/fhir/MeasureReport?_count=1000").json
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    rest = service.get(following).json

    assert (first["total"], len(first["entry"]), len(rest["entry"])) == (22, 20, 2)
    assert [link["url"] for link in first["link"] if link["relation"] == "self"] == [
        "http://localhost/fhir/MeasureReport?_count=20"
    ]

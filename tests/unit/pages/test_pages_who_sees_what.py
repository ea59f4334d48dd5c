"""Who sees which page: every route of pages, asked by each role, by another board and by nobody.

The rows are of the application's own routes, and a route without one fails. What one may not see is answered, to the
letter, as what is not there; who is not logged in is sent to do so.
"""

from dataclasses import dataclass

import pytest
from flask import Flask

from hi_fhir.core.open_id_settings import OpenIdSettings
from hi_fhir.pages.log_in import PROVIDER_BACK
from hi_fhir.pages.provider import Provider, ProviderSettings
from hi_fhir.store.session import Store
from tests.support.visiting import (
    PEOPLE,
    Someone,
    guarded_site,
    register_people,
    release_for_all,
    somebody,
    without_form_token,
)

ROLES = tuple(PEOPLE)
EVERYBODY = frozenset(ROLES)
OWN = {
    "A99001": frozenset({"practice", "pcn", "icb", "operator"}),
    "A99002": frozenset({"pcn", "icb", "operator"}),
    "A99003": frozenset({"another-icb", "operator"}),
    "U99001": frozenset({"pcn", "icb", "operator"}),
    "U99002": frozenset({"another-icb", "operator"}),
    "QZ1": frozenset({"icb", "operator"}),
    "QZ2": frozenset({"another-icb", "operator"}),
}
"""Area to who may see it. An operator sees what was released to the public."""

MEASURE = "measures/ethnicity-recorded"
WITHIN = {
    "area": ("",),
    "completeness": ("/completeness", "/completeness?by=sex"),
    "population": ("/population",),
    "people_picture": ("/population/sex.svg",),
    "about": ("/about",),
    "taken": ("/figures.csv", "/figures.xlsx", "/figures.pdf"),
    "measure": (f"/{MEASURE}",),
    "chart": (f"/{MEASURE}/sex.svg", f"/{MEASURE}/sex.png"),
    "csv": (f"/{MEASURE}.csv",),
}
"""Endpoint to what is asked of it below each area."""

TO_ALL = {
    "start": ("/",),
    "definition": ("/measures/ethnicity-recorded",),
}
TO_OPERATORS = {"service": ("/service",)}
WITHOUT_LOG_IN = {
    "static": ("/static/pages.css", "/static/icon.svg"),
    "log_in": ("/log-in",),
    "log_in_by_name": (),  # a POST: test_pages_log_in
    "log_out": (),
    "provider": (),  # and what comes back of it: test_pages_provider
    "back": (),
}


@dataclass(frozen=True)
class Row:
    path: str
    seen_by: frozenset[str]


ROWS = [
    *(Row(f"/areas/{area}{path}", who) for paths in WITHIN.values() for path in paths for area, who in OWN.items()),
    *(Row(path, EVERYBODY) for paths in TO_ALL.values() for path in paths),
    *(Row(path, frozenset({"operator"})) for paths in TO_OPERATORS.values() for path in paths),
]


@pytest.fixture(scope="module")
def app(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    release_for_all(tmp_path_factory.mktemp("data"), module_store)
    register_people(module_store)
    settings = OpenIdSettings("https://login.example", "x", "role", "ods", {"board": "icb"})
    provider = Provider(ProviderSettings(settings, "a secret", "https://numbers.example"), PROVIDER_BACK)
    return guarded_site(module_store, provider=provider)


@pytest.fixture(scope="module")
def people(app: Flask) -> dict[str, Someone]:
    return {name: somebody(app, name) for name in ROLES}


def test_every_route_of_pages_has_a_row(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("pages.")}

    assert routes == {f"pages.{name}" for name in (*WITHIN, *TO_ALL, *TO_OPERATORS, *WITHOUT_LOG_IN)}


def test_every_other_route_needs_a_token_or_is_about_the_service_itself(app: Flask) -> None:
    routes = {rule.endpoint.partition(".")[0] for rule in app.url_map.iter_rules()}

    assert routes == {"pages", "fhir", "health"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_a_page_is_seen_by_who_may_see_it_and_is_not_there_for_others(people: dict[str, Someone], row: Row) -> None:
    seen = {name: one.http.get(row.path) for name, one in people.items()}

    assert {name for name, answer in seen.items() if answer.status_code == 200} == row.seen_by
    for name, answer in seen.items():
        if name not in row.seen_by:
            missing = people[name].http.get("/areas/Z99999")
            assert (answer.status_code, answer.mimetype) == (404, "text/html")
            assert without_form_token(answer.text) == without_form_token(missing.text)
            assert sorted(answer.headers.keys()) == sorted(missing.headers.keys())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_nobody_is_sent_to_log_in_and_told_nothing(app: Flask, row: Row) -> None:
    nobody = app.test_client()
    for method in ("GET", "HEAD"):
        answer = nobody.open(row.path, method=method)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/log-in?next=")
    absent = nobody.get("/areas/Z99999/about")
    assert (absent.status_code, absent.headers["Location"]) == (303, "/log-in?next=/areas/Z99999/about")


@pytest.mark.parametrize("path", [path for paths in WITHOUT_LOG_IN.values() for path in paths])
def test_what_logging_in_needs_is_there_for_everybody(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    answer.close()
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ROLES)
def test_the_first_page_lists_what_one_may_see_and_nothing_else(people: dict[str, Someone], name: str) -> None:
    text = people[name].http.get("/").text

    assert {area for area in OWN if f"/areas/{area}" in text} == {area for area, who in OWN.items() if name in who}


def test_a_practice_alone_sees_exact_numbers(people: dict[str, Someone]) -> None:
    pages = {name: people[name].http.get(f"/areas/A99001/{MEASURE}").text for name in OWN["A99001"]}

    assert {name for name, text in pages.items() if "1 to 7" not in text and "held back" not in text} == {"practice"}


def test_the_fhir_interface_takes_no_cookie(people: dict[str, Someone]) -> None:
    for path in ("MeasureReport", "Measure", "Organization", "MeasureReport/x"):
        answer = people["icb"].http.get(f"/fhir/{path}")
        assert (answer.status_code, answer.json["resourceType"]) == (401, "OperationOutcome")

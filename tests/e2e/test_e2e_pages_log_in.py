"""Logging in to pages in a real browser, by clicking: each role by a provider on loopback, and one with a password."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from hi_fhir.pages.log_in import PROVIDER_BACK
from hi_fhir.pages.provider import Provider, ProviderSettings
from hi_fhir.store.session import open_store
from tests.support.browsing import WIDTHS, Visitor, chromium, shown, visitor_of
from tests.support.open_id_provider import PEOPLE, SECRET, open_id_provider
from tests.support.visiting import PASSWORD, guarded_site, register_people, release_for_all

pytestmark = pytest.mark.real

AREAS = {
    "practice": {"A99001"},
    "pcn": {"U99001", "A99001", "A99002"},
    "icb": {"QZ1", "U99001", "A99001", "A99002"},
    "another-icb": {"QZ2", "U99002", "A99003"},
    "operator": {"QZ1", "QZ2", "U99001", "U99002", "A99001", "A99002", "A99003"},
}
TABS = ("What is recorded", "People", "About the data", "Gaps and measures")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of pages that one logs in to, whose provider is on another port."""
    folder = tmp_path_factory.mktemp("pages")
    store = open_store(f"sqlite:///{folder / 'hi_fhir.sqlite'}")
    release_for_all(folder, store)
    register_people(store)
    with open_id_provider() as provider, shown() as server:
        settings = ProviderSettings(provider.settings(), SECRET, server.base)
        server.show(guarded_site(store, provider=Provider(settings, PROVIDER_BACK)))
        yield server.base
    store.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from chromium()


@pytest.fixture
def visitor(browser: Any, base: str) -> Iterator[Visitor]:
    """In a window of its own, without anybody's cookies."""
    window = browser.new_context(accept_downloads=True)
    yield visitor_of(window.new_page(), base)
    window.close()


def by_provider(visitor: Visitor, subject: str, path: str = "/") -> None:
    visitor.go(path)
    assert visitor.tab.locator("h1").inner_text() == "Log in"
    visitor.tab.get_by_role("button", name="Log in with Test Log-in").click()
    visitor.tab.get_by_role("link", name=f"Be {subject}", exact=True).click()
    visitor.tab.wait_for_url(f"{visitor.base}/**", wait_until="networkidle")


def areas(visitor: Visitor) -> set[str]:
    links = visitor.tab.get_by_role("main").get_by_role("link").all()
    return {(link.get_attribute("href") or "").rpartition("/")[2] for link in links}


@pytest.mark.parametrize("role", AREAS)
def test_each_role_logs_in_sees_its_areas_takes_numbers_away_and_logs_out(visitor: Visitor, role: str) -> None:
    by_provider(visitor, role)
    assert PEOPLE[role]["name"] in visitor.tab.get_by_role("banner").inner_text()
    assert areas(visitor) == AREAS[role]
    visitor.tab.get_by_role("main").get_by_role("link").first.click()
    visitor.tab.wait_for_url(f"{visitor.base}/areas/*")
    area = visitor.tab.url.rpartition("/")[2]
    assert area in AREAS[role]
    for name in TABS:
        visitor.tab.get_by_role("link", name=name, exact=True).click()
        visitor.tab.locator("[aria-current=page]", has_text=name).wait_for()
    with visitor.tab.expect_download() as taken:
        visitor.tab.get_by_role("link", name="All figures (CSV)").click()
    assert area in taken.value.suggested_filename
    visitor.tab.get_by_role("link", name="Ethnicity recorded").first.click()
    visitor.tab.locator("h1", has_text="Ethnicity recorded").wait_for()
    assert visitor.told == []

    for other in sorted(AREAS["operator"] - AREAS[role]):
        visitor.go(f"/areas/{other}")
        assert visitor.tab.locator("h1").inner_text() == "Page not found"

    visitor.tab.get_by_role("button", name="Log out").click()
    visitor.tab.locator("h1", has_text="Log in").wait_for()
    visitor.tab.go_back(wait_until="networkidle")
    assert visitor.tab.locator("h1").inner_text() == "Log in"


def test_who_was_sent_to_log_in_goes_on_to_what_was_asked_for(visitor: Visitor) -> None:
    by_provider(visitor, "pcn", "/areas/U99001/about")
    assert visitor.tab.url == f"{visitor.base}/areas/U99001/about"


def test_a_stranger_of_the_provider_is_told_so(visitor: Visitor) -> None:
    by_provider(visitor, "stranger")
    assert "does not say that you may look at these numbers" in visitor.tab.get_by_role("alert").inner_text()
    assert visitor.axe() == []


def test_somebody_logs_in_with_a_name_and_a_password_after_a_slip_by_keys_alone(visitor: Visitor) -> None:
    visitor.go("/areas/QZ1")
    assert visitor.axe() == []
    for password in ("not the password", PASSWORD):
        visitor.tab.get_by_label("Name").fill("icb")
        visitor.tab.get_by_label("Password").focus()
        visitor.tab.keyboard.type(password)
        with visitor.tab.expect_navigation(wait_until="networkidle"):
            visitor.tab.keyboard.press("Enter")
        if password != PASSWORD:
            assert "The name or the password is wrong" in visitor.tab.get_by_role("alert").inner_text()
            assert visitor.tab.title().startswith("Error: ")
            assert visitor.tab.get_by_label("Password").input_value() == ""
            assert visitor.axe() == []
            assert not visitor.overflows()
    assert visitor.tab.url == f"{visitor.base}/areas/QZ1"
    assert [one for one in visitor.told if "403" not in one] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_in_the_way_at_any_width(visitor: Visitor, width: int) -> None:
    visitor.go("/log-in", width)
    assert visitor.axe() == []
    assert not visitor.overflows()
    visitor.tab.get_by_label("Name").fill("another-icb")
    visitor.tab.get_by_label("Password").fill(PASSWORD)
    with visitor.tab.expect_navigation(wait_until="networkidle"):
        visitor.tab.get_by_role("button", name="Log in", exact=True).click()
    for path in ("/", "/areas/QZ2", "/nowhere"):
        visitor.go(path, width)
        assert visitor.axe() == []
        assert not visitor.overflows(), path
        if path != "/nowhere":
            assert visitor.tab.get_by_role("button", name="Log out").is_visible()
    assert [one for one in visitor.told if "404" not in one] == []
    assert all(one.startswith(visitor.base) for one in visitor.asked)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_operator_goes_to_the_state_of_the_service_by_clicking(visitor: Visitor, width: int) -> None:
    visitor.go("/log-in", width)
    visitor.tab.get_by_label("Name").fill("operator")
    visitor.tab.get_by_label("Password").fill(PASSWORD)
    with visitor.tab.expect_navigation(wait_until="networkidle"):
        visitor.tab.get_by_role("button", name="Log in", exact=True).click()
    visitor.tab.get_by_role("link", name="State of the service").click()
    visitor.tab.get_by_role("heading", name="State of the service").wait_for()
    assert visitor.axe() == []
    assert not visitor.overflows()
    assert visitor.told == []


def test_it_works_without_scripts_and_who_is_logged_in_shows_in_print_nowhere(browser: Any, base: str) -> None:
    window = browser.new_context(java_script_enabled=False)
    tab = window.new_page()
    tab.goto(f"{base}/areas/U99002")
    tab.fill("#name", "another-icb")
    tab.fill("#password", PASSWORD)
    tab.click("text=Log in >> nth=-1")
    assert tab.url == f"{base}/areas/U99002"
    assert re.search(r"board QZ2", tab.inner_text("header"))
    tab.emulate_media(media="print")
    assert not tab.is_visible(".page-person")
    window.close()

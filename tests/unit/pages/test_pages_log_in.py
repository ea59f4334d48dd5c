"""Logging in and out of pages: what is taken, what is refused, how long it lasts, and what others learn of it."""

import hashlib
import re
from datetime import timedelta
from importlib.util import find_spec, module_from_spec
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import select

from hi_fhir.access import passwords
from hi_fhir.access.log_ins import LASTS, MOST_TRIES, MOST_TRIES_OF_CALLER
from hi_fhir.access.passwords import check_password, hashed
from hi_fhir.core.errors import UserError
from hi_fhir.core.roles import Role
from hi_fhir.pages.door import IDLE_S, way_on
from hi_fhir.store import accounts
from hi_fhir.store.account_models import AccountRow, FailedLogInRow, VisitRow
from hi_fhir.store.audit_events import AuditNote
from hi_fhir.store.session import Store
from tests.support.paging import CLOCK
from tests.support.subscribing import HandClock
from tests.support.visiting import PASSWORD, Someone, guarded_site, register_people, somebody

WRONG = "The name or the password is wrong."


@pytest.fixture
def clock() -> HandClock:
    return HandClock(CLOCK.at)


@pytest.fixture
def app(store: Store, clock: HandClock) -> Flask:
    register_people(store)
    return guarded_site(store, clock)


def account(store: Store, name: str, **changes: object) -> None:
    """Change an account past whatever usually does."""
    with store.write() as session:
        row = accounts.account(session, name)
        assert row is not None
        for key, value in changes.items():
            setattr(row, key, value)


def test_who_cannot_log_in_or_asks_for_anothers_page_is_noted(store: Store, clock: HandClock) -> None:
    register_people(store)
    notes: list[AuditNote] = []
    app = guarded_site(store, clock, note=notes.append)
    somebody(app).log_in("CANARY", "CANARY")
    one = somebody(app, "pcn")
    assert one.http.get("/areas/U99002").status_code == 404
    assert one.http.get("/nowhere").status_code == 404

    told = [(note.reason, note.peer, note.user_name, note.organisation, note.route) for note in notes]
    assert told == [
        ("log-in", "127.0.0.1", None, None, "/log-in"),
        ("not-found", None, "pcn", "U99001", notes[-1].route),
    ]
    assert "CANARY" not in str(notes)


def is_in(one: Someone) -> bool:
    return one.http.get("/").status_code == 200


def test_who_logs_in_goes_on_to_what_was_asked_for_and_is_named_there(app: Flask) -> None:
    one = somebody(app)
    sent = one.http.get("/areas/U99001?period=2024-04-01..2025-03-31")
    assert (sent.status_code, sent.headers["Location"]) == (
        303,
        "/log-in?next=/areas/U99001?period%3D2024-04-01..2025-03-31",
    )
    form = one.http.get(sent.headers["Location"]).text
    on = re.search(r'name="next" value="([^"]+)"', form)
    assert on
    answer = one.log_in(" PCN ", on=on[1])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/areas/U99001?period=2024-04-01..2025-03-31")
    assert "pcn, network U99001" in one.http.get("/").text
    assert one.http.get("/log-in").headers["Location"] == "/"


def test_the_way_on_leads_to_a_page_of_ours_or_to_the_first(app: Flask) -> None:
    page = "/areas/QZ1/measures/ethnicity-recorded?period=x"
    elsewhere = (
        *("https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example"),
        *("javascript:alert(1)", "/%0d%0aX-Own: 1", "/\r\nX-Own: 1", "/\t/evil.example", " /", "/nowhere", "", None),
        *("/log-in", "/log-out", "/log-in?next=/log-in", "/fhir/metadata", "/healthz", "/" + "a" * 5_000),
        *("//[::1", "http:/areas/QZ1", "/areas/QZ1\0", "/@evil.example", "/.evil.example", "/areas/../log-in"),
    )
    with app.test_request_context("/"):
        assert way_on(page) == page
        assert {way_on(asked) for asked in elsewhere} == {"/"}
    answer = somebody(app).log_in("icb", on="//evil.example/\r\nX-Own: 1")
    assert (answer.status_code, answer.headers["Location"], "X-Own" in answer.headers) == (303, "/", False)


def test_what_is_refused_is_refused_in_the_same_words(app: Flask, store: Store) -> None:
    account(store, "practice", revoked_at=CLOCK.at)
    account(store, "operator", password=None, issuer="https://login.example")
    bodies = set()
    for name, password in (
        *(("icb", "sandy otter kettl"), ("icb", ""), ("icb", PASSWORD + "\0"), ("icb", "x" * 20_000)),
        *(("nobody", PASSWORD), ("", ""), ("practice", PASSWORD), ("operator", PASSWORD), ("\0", PASSWORD)),
        *(("é" * 500, PASSWORD), ("icb\0", PASSWORD), ("icb'--", PASSWORD)),
    ):
        one = somebody(app)
        answer = one.log_in(name, password)
        assert (answer.status_code, is_in(one)) == (403, False), name
        assert WRONG in answer.text
        assert password not in answer.text or not password
        bodies.add(re.sub(r'(csrf_token"|"name" type="text") value="[^"]*"', "", answer.text))
    assert len(bodies) == 1


def test_whether_there_is_such_an_account_takes_as_long_to_tell(app: Flask) -> None:
    """A password is held against a hash either way."""
    asked = []
    with patch.object(passwords, "_HASHER", wraps=passwords._HASHER) as hasher:
        for name in ("icb", "nobody"):
            somebody(app).log_in(name, "not the password")
            asked.append(hasher.verify.call_count)
    assert asked == [1, 2]


def test_many_failures_with_a_name_end_in_a_wait_whether_or_not_it_is_there(
    app: Flask, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hi_fhir.access.log_ins.is_password", lambda password, kept: bool(kept) and password == "right")
    for name in ("icb", "nobody"):
        one = somebody(app)
        assert [one.log_in(name, "wrong").status_code for _ in range(MOST_TRIES)] == [403] * MOST_TRIES
        late = one.log_in(name.upper(), "right")
        assert (late.status_code, late.headers["Retry-After"], is_in(one)) == (429, "900", False)
        assert "Too many log-ins failed" in late.text
    assert somebody(app).log_in("pcn", "right").status_code == 303
    clock.go_on(minutes=15)
    assert somebody(app).log_in("icb", "right").status_code == 303


def test_one_that_succeeds_forgets_those_that_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hi_fhir.access.log_ins.is_password", lambda password, kept: password == "right")
    one = somebody(app)
    for _ in range(3):
        assert [one.log_in("icb", "wrong").status_code for _ in range(MOST_TRIES - 1)] == [403] * (MOST_TRIES - 1)
        assert one.log_in("icb", "right").status_code == 303
        assert one.log_out().status_code == 303


def test_many_failures_from_one_address_end_in_a_wait_there_alone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hi_fhir.access.log_ins.is_password", lambda password, kept: password == "right")
    one = somebody(app)
    failed = [one.log_in(f"guess{number}", "wrong").status_code for number in range(MOST_TRIES_OF_CALLER)]
    assert set(failed) == {403}
    assert one.log_in("icb", "right").status_code == 429
    other = somebody(app)
    other.http.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert other.log_in("icb", "right").status_code == 303


def test_of_ipv6_a_whole_network_is_one_address(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hi_fhir.access.log_ins.is_password", lambda password, kept: password == "right")
    one = somebody(app)
    for number in range(MOST_TRIES_OF_CALLER):
        one.http.environ_base["REMOTE_ADDR"] = f"2001:db8::{number:x}"
        assert one.log_in(f"guess{number}", "wrong").status_code == 403
    assert one.log_in("icb", "right").status_code == 429
    one.http.environ_base["REMOTE_ADDR"] = "2001:db8:0:1::1"
    assert one.log_in("icb", "right").status_code == 303


def test_failures_are_kept_without_names_and_not_for_long(app: Flask, store: Store, clock: HandClock) -> None:
    somebody(app).log_in("somebodys.name", "wrong")
    clock.go_on(minutes=16)
    somebody(app).log_in("another.name", "wrong")
    with store.read() as session:
        rows = session.execute(select(FailedLogInRow.__table__)).all()
    assert len(rows) == 2  # of the name and of the address
    assert "name" not in str(rows)
    assert "127.0.0.1" not in str(rows)


def test_a_log_in_is_over_after_a_time_and_after_less_without_a_page(app: Flask, clock: HandClock) -> None:
    one, idle = somebody(app, "icb"), somebody(app, "icb")
    assert idle.http.get("/").status_code == 200
    for _ in range(int(LASTS.total_seconds()) // (IDLE_S - 60)):
        assert is_in(one)
        clock.go_on(seconds=IDLE_S - 60)
    assert not is_in(idle)
    assert is_in(one)
    clock.at = CLOCK.at + LASTS
    assert not is_in(one)


def test_a_cookie_of_before_is_no_way_back(app: Flask) -> None:
    one = somebody(app, "icb")
    kept = one.http.get_cookie("hi_fhir")
    assert kept
    assert one.log_out().headers["Location"] == "/log-in"
    assert not is_in(one)
    one.http.set_cookie("hi_fhir", kept.value)
    assert not is_in(one)


def test_a_cookie_that_another_key_signed_or_that_was_changed_is_none(app: Flask, store: Store) -> None:
    kept = somebody(app, "icb").http.get_cookie("hi_fhir")
    assert kept
    other = guarded_site(store)
    other.secret_key = b"another key"
    forged = other.session_interface.get_signing_serializer(other)
    assert forged
    for value in (kept.value[:-2] + "xx", forged.dumps({"visit": "x", "seen": 1}), "", "x", "e30.e30.e30"):
        one = somebody(app)
        one.http.set_cookie("hi_fhir", value)
        assert not is_in(one)


def test_what_was_there_before_the_log_in_is_not_afterwards(app: Flask) -> None:
    one = somebody(app)
    one.form_token()
    before = one.http.get_cookie("hi_fhir")
    assert one.log_in("icb").status_code == 303
    after = one.http.get_cookie("hi_fhir")
    assert before
    assert after
    assert before.value != after.value
    one.http.set_cookie("hi_fhir", before.value)
    assert not is_in(one)


@pytest.mark.parametrize("change", ["revoked", "password"])
def test_who_is_revoked_or_has_another_password_is_out_at_once(app: Flask, store: Store, change: str) -> None:
    one, other = somebody(app, "icb"), somebody(app, "pcn")
    with store.write() as session:
        row = accounts.account(session, "icb")
        assert row
        if change == "revoked":
            accounts.revoke_account(session, row, CLOCK.at)
        else:
            accounts.end_visits(session, row)
    assert (is_in(one), is_in(other)) == (False, True)


def test_what_one_may_see_is_as_the_account_says_now(app: Flask, store: Store) -> None:
    one = somebody(app, "icb")
    with store.write() as session:
        row = accounts.account(session, "icb")
        assert row
        accounts.change_role(row, "icb", Role.PCN, "U99002")
    assert "network U99002" in one.http.get("/").text


def test_a_form_of_elsewhere_does_nothing(app: Flask) -> None:
    one, other = somebody(app, "icb"), somebody(app)
    strange = other.form_token()
    for form in ({}, {"csrf_token": ""}, {"csrf_token": "x"}, {"csrf_token": strange}):
        assert one.http.post("/log-out", data=form).headers["Location"] == "/"
        assert is_in(one)
        sent = {"name": "icb", "password": PASSWORD, **form}
        if form.get("csrf_token") != strange:
            answer = other.http.post("/log-in", data=sent)
            assert (answer.status_code, "Try again" in answer.text, is_in(other)) == (400, True, False)


def test_cookies_are_for_nobody_but_the_browser_and_us(store: Store) -> None:
    plain = somebody(guarded_site(store)).http.get("/log-in").headers["Set-Cookie"]
    assert plain.startswith("hi_fhir=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(plain.split("; "))
    secure = guarded_site(store, is_secure=True).test_client().get("/log-in", base_url="https://127.0.0.1")
    told = secure.headers["Set-Cookie"]
    assert told.startswith("__Host-hi_fhir=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"} <= set(told.split("; "))
    assert "Domain" not in told
    assert "Expires" not in told


def test_pages_are_kept_by_no_browser_once_somebody_logs_in(app: Flask) -> None:
    one = somebody(app, "icb")
    for path in ("/", "/log-in", "/areas/Z99999"):
        answer = one.http.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


def test_neither_passwords_nor_tokens_are_kept(app: Flask, store: Store) -> None:
    one = somebody(app, "icb")
    serializer = app.session_interface.get_signing_serializer(app)
    kept = one.http.get_cookie("hi_fhir")
    assert serializer
    assert kept
    token = serializer.loads(kept.value)["visit"]
    with store.read() as session:
        rows = str([session.execute(select(one.__table__)).all() for one in (AccountRow, VisitRow)])
    assert hashlib.sha256(token.encode()).hexdigest() in rows
    assert token not in rows
    assert PASSWORD not in rows
    assert "$argon2id$" in rows


def test_a_password_is_hashed_with_as_much_work_as_the_library_advises() -> None:
    spec = find_spec("hi_fhir.access.passwords")
    assert spec
    assert spec.loader
    as_shipped = module_from_spec(spec)
    spec.loader.exec_module(as_shipped)
    assert as_shipped.hashed(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_hash_that_is_out_of_date_is_made_anew(app: Flask, store: Store) -> None:
    old = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    account(store, "icb", password=old)
    somebody(app, "icb")
    with store.read() as session:
        row = accounts.account(session, "icb")
        assert row
        assert row.password != old
        assert not passwords.is_out_of_date(row.password or "")
    somebody(app, "icb")


@pytest.mark.parametrize("kept", ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AA$AA"])
def test_a_hash_that_is_none_lets_nobody_in(kept: str) -> None:
    assert not passwords.is_password(PASSWORD, kept)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short", "12 to 256 characters"),
        ("", "12 to 256 characters"),
        ("x" * 257, "12 to 256 characters"),
        ("aaaaaaaaaaaaaaaa", "again"),
        ("ann.smithann.smith1", "little more than the name"),
        ("sandy\0otter kettle", "cannot be typed"),
        ("sandy otter\udcff kettle", "cannot be typed"),
    ],
)
def test_a_password_that_is_easily_guessed_is_not_taken(password: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        check_password(password, "ann.smith")


def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    assert passwords.is_password("Zürich otter kettle", hashed("Zu\u0308rich otter kettle"))


def test_the_visits_that_are_over_are_forgotten(app: Flask, store: Store, clock: HandClock) -> None:
    somebody(app, "icb")
    clock.at += LASTS + timedelta(seconds=1)
    somebody(app, "icb")
    with store.read() as session:
        assert len(session.execute(select(VisitRow.digest)).all()) == 1

"""Who looks at pages where several people do: nobody sees one before logging in, and each what the account may."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, Request, Response, current_app, g, redirect, request, session, url_for
from flask.sansio.app import App
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import HTTPException

from hi_fhir.access.log_ins import LogIns
from hi_fhir.core.clock import Clock
from hi_fhir.pages.provider import Provider
from hi_fhir.store.accounts import PagePerson
from hi_fhir.store.criteria import Reader

IDLE_S = 30 * 60  # without a page, after which one is logged out
_TOLD_S = 60  # for which the time of the last page is kept as it is
_VISIT, _SEEN = "visit", "seen"
_PERSON = "person"
OPEN = frozenset(f"pages.{name}" for name in ("static", "log_in", "log_in_by_name", "log_out", "provider", "back"))
"""Endpoints that everybody may have: what logging in needs."""
_LONGEST = 2_000  # of an address to go on to


@dataclass(frozen=True)
class Door:
    """key: what cookies are signed with. is_secure: whether browsers call by https. provider: that says who one is."""

    log_ins: LogIns
    clock: Clock
    key: bytes
    is_secure: bool
    provider: Provider | None = None

    def set_up(self, app: App) -> None:
        """The cookie holds a token, and when a page was last seen; it is signed, and ends with the browser."""
        app.secret_key = self.key
        app.config.update(
            SESSION_COOKIE_NAME="__Host-hi_fhir" if self.is_secure else "hi_fhir",
            SESSION_COOKIE_SECURE=self.is_secure,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            WTF_CSRF_TIME_LIMIT=None,  # as long as the cookie
        )
        if self.provider is not None:
            self.provider.set_up(app)

    def guard(self, blueprint: Blueprint) -> None:
        """Let nobody in who did not log in."""

        def ask() -> Response | None:
            if request.endpoint in OPEN or self.person() is not None:
                return None
            return redirect(url_for("pages.log_in", next=request.full_path.rstrip("?")), 303)  # type: ignore[return-value]

        def keep_by_nobody(response: Response) -> Response:
            if request.endpoint != "pages.static":
                response.headers["Cache-Control"] = "no-store"
            return response

        blueprint.before_request(ask)
        blueprint.after_request(keep_by_nobody)

    def person(self) -> PagePerson | None:
        """Whoever the request is from, as the account is now; None: nobody who is logged in."""
        if _PERSON not in g:
            setattr(g, _PERSON, self._found())
        found: PagePerson | None = g.get(_PERSON)
        return found

    def reader_of(self, _request: Request) -> Reader:
        found = self.person()
        if found is None:
            raise LookupError("a page that nobody stands before")
        return found.reader

    def let_in(self, token: str) -> None:
        """Whoever the answer goes to is there by a token, and by nothing of before."""
        session.clear()
        session[_VISIT], session[_SEEN] = token, self._now()
        own_form_token()

    def let_out(self) -> None:
        token = session.get(_VISIT)
        session.clear()
        if isinstance(token, str):
            self.log_ins.end(token)

    def _found(self) -> PagePerson | None:
        token, seen, now = session.get(_VISIT), session.get(_SEEN), self._now()
        if not isinstance(token, str) or not isinstance(seen, int) or now - seen >= IDLE_S:
            return None
        if now - seen >= _TOLD_S:
            session[_SEEN] = now
        return self.log_ins.person(token)

    def _now(self) -> int:
        return int(self.clock.now().timestamp())


def own_form_token() -> str:
    """What a form of ours carries, so that no other site's can be sent in somebody's name."""
    return str(generate_csrf())


def is_own_form() -> bool:
    """Whether what was posted is a form of ours that this browser was given."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValueError:  # the library's is one
        return False
    return True


def way_on(asked: str | None) -> str:
    """Where to go on to after logging in: a page of ours that was asked for, and else the first."""
    home = url_for("pages.start")
    if not asked or len(asked) > _LONGEST or not asked.startswith("/") or not asked.isprintable() or "\\" in asked:
        return home
    try:
        parts = urlsplit(asked)
        endpoint, _ = current_app.url_map.bind("").match(parts.path, method="GET")
    except (ValueError, HTTPException):
        return home
    is_page = not parts.scheme and not parts.netloc and str(endpoint).startswith("pages.")
    return asked if is_page and endpoint not in OPEN else home

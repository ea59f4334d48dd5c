"""Logging in and out, as routes: with a name and a password, or by a provider where there is one."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, redirect, request, session, url_for

from hi_fhir.access.log_ins import TRIED_WITHIN, LogInError, TooManyTriesError
from hi_fhir.access.peers import peer_of
from hi_fhir.pages.door import Door, is_own_form, way_on
from hi_fhir.pages.provider import Provider

_STALE = "This page was open for too long, or your browser keeps no cookies. Try again."
PROVIDER_BACK = "/log-in/provider/back"
_NEXT = "next"
_BY_NAME, _BY_PROVIDER = "name", "provider"


class LogInViews:
    """page: renders a template."""

    def __init__(self, door: Door, page: Callable[..., str]) -> None:
        self._door = door
        self._page = page

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/log-in", "log_in", self.log_in)
        blueprint.add_url_rule("/log-in", "log_in_by_name", self.log_in_by_name, methods=["POST"])
        blueprint.add_url_rule("/log-out", "log_out", self.log_out, methods=["POST"])
        if self._door.provider is not None:
            blueprint.add_url_rule("/log-in/provider", "provider", self.provider)
            blueprint.add_url_rule(PROVIDER_BACK, "back", self.back)

    def log_in(self) -> Any:
        on = way_on(request.args.get("next"))
        return self._form(on) if self._door.person() is None else redirect(on, 303)

    def log_in_by_name(self) -> Any:
        on, name = way_on(request.form.get("next")), request.form.get("name", "")
        if not is_own_form():
            return self._form(on, name, _STALE, 400)
        try:
            token = self._door.log_ins.by_password(
                name, request.form.get("password", ""), peer_of(request) or "unknown"
            )
        except TooManyTriesError as error:
            response = self._form(on, name, str(error), 429)
            response.headers["Retry-After"] = str(int(TRIED_WITHIN.total_seconds()))
            return response
        except LogInError as error:
            return self._form(on, name, str(error), 403)
        self._door.let_in(token)
        return redirect(on, 303)

    def log_out(self) -> Any:
        if not is_own_form():
            return redirect(url_for("pages.start"), 303)
        self._door.let_out()
        return redirect(url_for("pages.log_in"), 303)

    def provider(self) -> Any:
        """A link, since a form that ends at another site is not what the policy of pages lets be sent."""
        on = way_on(request.args.get("next"))
        if self._door.person() is not None:
            return redirect(on, 303)
        try:
            answer = self._provider.begin()
        except LogInError as error:
            return self._form(on, "", str(error), 503, _BY_PROVIDER)
        session[_NEXT] = on
        return answer

    def back(self) -> Any:
        on = way_on(session.pop(_NEXT, None))
        try:
            token = self._door.log_ins.by_provider(self._provider.finish())
        except LogInError as error:
            return self._form(on, "", str(error), 403, _BY_PROVIDER)
        self._door.let_in(token)
        return redirect(on, 303)

    @property
    def _provider(self) -> Provider:
        if self._door.provider is None:
            raise LookupError("a route without its provider")
        return self._door.provider

    def _form(self, on: str, name: str = "", wrong: str = "", status: int = 200, where: str = _BY_NAME) -> Response:
        """where: the part of the page that something is wrong with."""
        return Response(
            self._page("log_in.html", on=on, name=name, wrong=wrong, where=where, provider=self._door.provider), status
        )

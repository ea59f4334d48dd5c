"""How people who look at pages log in, who they are from then on, and how long that lasts."""

import re
import secrets
from datetime import timedelta

from hi_fhir.access.passwords import hashed, is_out_of_date, is_password
from hi_fhir.core.clock import Clock
from hi_fhir.core.errors import UserError
from hi_fhir.store import accounts
from hi_fhir.store.accounts import NewAccount, PagePerson
from hi_fhir.store.session import Store

LASTS = timedelta(hours=10)  # a log-in, whatever is done
TRIED_WITHIN = timedelta(minutes=15)
MOST_TRIES = 10  # that fail within that time, with one name
MOST_TRIES_OF_CALLER = 50  # and from one address, behind which many people may be
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)
_LONGEST_NAME = 64


class LogInError(Exception):
    """Nobody logged in. The message is for whoever tried, and tells nothing of who else there is."""


class TooManyTriesError(LogInError):
    pass


def account_name(text: str) -> str:
    """A name that one logs in by, as it is kept.

    Raises:
        UserError: it is none.
    """
    name = text.strip().lower()
    if _NAME.fullmatch(name) is None:
        raise UserError("a name to log in by has letters (a to z), digits and . _ @ + - only, 64 at most.")
    return name


class LogIns:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def by_password(self, name: str, password: str, caller: str) -> str:
        """A token for whoever has the account. caller: the address that it is tried from.

        Raises:
            TooManyTriesError: too many failed lately; nothing was tried now.
            LogInError: there is no such account, or that is not its password.
        """
        name, now = name.strip().lower()[: _LONGEST_NAME + 1], self._clock.now()
        of_name, of_caller = f"name {name}", f"caller {caller}"
        with self._store.read() as session:
            since = now - TRIED_WITHIN
            is_too_often = accounts.failures(session, of_name, since) >= MOST_TRIES
            if is_too_often or accounts.failures(session, of_caller, since) >= MOST_TRIES_OF_CALLER:
                raise TooManyTriesError("Too many log-ins failed. Try again in 15 minutes.")
            row = accounts.account(session, name)
            kept = row.password if row is not None and row.revoked_at is None else None
        if not is_password(password, kept):
            with self._store.write() as session:
                accounts.note_failure(session, (of_name, of_caller), now, since)
            raise LogInError("The name or the password is wrong.")
        with self._store.write() as session:
            row = accounts.account(session, name)
            if row is None or row.revoked_at is not None or row.password != kept:
                raise LogInError("The name or the password is wrong.")
            if is_out_of_date(row.password or ""):
                row.password = hashed(password)
            accounts.forget_failures(session, of_name)
            token = secrets.token_urlsafe(32)
            accounts.begin_visit(session, row, token, now + LASTS, now)
        return token

    def by_provider(self, told: NewAccount) -> str:
        """A token for whoever a provider says is there. What it says now is what the account may from now on.

        Raises:
            LogInError: the account was revoked here, whatever the provider says.
        """
        now, token = self._clock.now(), secrets.token_urlsafe(32)
        with self._store.write() as session:
            row = accounts.account(session, told.id)
            if row is None:
                row = accounts.add_account(session, told, now)
            if row.revoked_at is not None:
                raise LogInError("Your account was ended here.")
            accounts.change_role(row, told.name, told.role, told.organisation)
            accounts.begin_visit(session, row, token, now + LASTS, now)
        return token

    def person(self, token: str) -> PagePerson | None:
        """Who is there by a token, with what the account may now; None: nobody."""
        with self._store.read() as session:
            return accounts.visitor(session, token, self._clock.now())

    def end(self, token: str) -> None:
        with self._store.write() as session:
            accounts.end_visit(session, token)

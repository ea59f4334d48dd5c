"""Passwords: what one has to be like, and how it is kept. Source: RFC 9106 (Argon2id), NIST SP 800-63B, 5.1.1."""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hi_fhir.core.errors import UserError

FEWEST, MOST = 12, 256  # characters
_HASHER = PasswordHasher()  # the library's: Argon2id, the second choice of RFC 9106


def check_password(password: str, name: str) -> None:
    """Make sure that a password is fit for an account. name: of whose it is.

    Raises:
        UserError: it is too short or too long, or little more than the name.
    """
    plain = _normal(password)
    if not FEWEST <= len(plain) <= MOST:
        raise UserError(f"the password has {FEWEST} to {MOST} characters. Three words that do not belong together do.")
    if len(plain.casefold().replace(name.casefold(), "")) < FEWEST // 2 or len(set(plain)) < FEWEST // 2:
        raise UserError("the password is little more than the name, or a few characters again. Take another.")
    if not plain.isprintable():
        raise UserError("the password has characters that cannot be typed. Take another.")


def hashed(password: str) -> str:
    """A password as it is kept."""
    return _HASHER.hash(_normal(password))


def is_password(password: str, kept: str | None) -> bool:
    """Whether it is the one. kept: None takes as long, and is never."""
    try:
        _HASHER.verify(kept or _nobodys(), _normal(password)[: MOST + 1])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return kept is not None


def is_out_of_date(kept: str) -> bool:
    """Whether it was made with less than what is now done."""
    return _HASHER.check_needs_rehash(kept)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return _HASHER.hash("of nobody at all")

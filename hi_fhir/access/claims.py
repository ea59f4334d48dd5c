"""What a provider says of somebody, as an account here: who, for what, of which organisation."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from hi_fhir.access.log_ins import LogInError
from hi_fhir.core.open_id_settings import OpenIdSettings
from hi_fhir.core.roles import Role
from hi_fhir.store.accounts import NewAccount

_ODS = re.compile(r"[A-Z0-9]{1,12}", re.ASCII)
_LONGEST_NAME = 100
_LONGEST_SUBJECT = 255  # Source: OpenID Connect Core 1.0, section 2


def account_of(settings: OpenIdSettings, claims: Mapping[str, Any]) -> NewAccount:
    """claims: of an ID token that was checked.

    Raises:
        LogInError: they are of no role here, of several, or of no organisation.
    """
    subject = claims.get("sub")
    roles = {settings.roles[word] for word in _words(claims.get(settings.role_claim)) if word in settings.roles}
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or len(roles) != 1:
        raise _not_for_this(settings)
    role = Role(roles.pop())
    codes = {word.strip().upper() for word in _words(claims.get(settings.organisation_claim))}
    if role.has_organisation and (len(codes) != 1 or _ODS.fullmatch(min(codes)) is None):
        raise _not_for_this(settings)
    named = (claims.get(claim) for claim in ("name", "preferred_username", "email"))
    name = next((text for text in named if isinstance(text, str) and text.strip() and text.isprintable()), "somebody")
    return NewAccount(
        id=account_id(settings.issuer, subject),
        name=name.strip()[:_LONGEST_NAME],
        role=role,
        organisation=codes.pop() if role.has_organisation else None,
        issuer=settings.issuer,
    )


def account_id(issuer: str, subject: str) -> str:
    """The same for whoever a provider calls so, and no name that one could be given to log in by."""
    said = f"{issuer} {subject}".encode(errors="surrogatepass")
    return f"open-id:{hashlib.sha256(said).hexdigest()[:24]}"


def _words(claim: Any) -> list[str]:
    """Of a claim that is a text or a list of them."""
    return [one for one in (claim if isinstance(claim, list) else [claim]) if isinstance(one, str)]


def _not_for_this(settings: OpenIdSettings) -> LogInError:
    return LogInError(f"{settings.name} does not say that you may look at these numbers.")
